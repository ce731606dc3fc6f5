import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compile } from '../../../src/json-schema/compile.ts'

/** Whether each value is valid. */
function verdicts(schema: unknown, values: readonly unknown[]): boolean[] {
  const validate = compile(schema)
  return values.map((value) => validate(value).valid)
}

/** All orders of a list. */
function orders<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, i) => orders(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]))
}

const five = {
  type: 'object',
  properties: {
    a: { type: 'string' },
    b: { type: 'integer' },
    c: { type: 'boolean' },
    d: { enum: ['x', 1] },
  },
  required: ['b', 'd', 'e'],
}

describe('shape', () => {
  test('a shape answers alike for members in every order, with unknown members between them', () => {
    const valid: Array<[string, unknown]> = [
      ['a', 's'],
      ['b', 1],
      ['d', 'x'],
      ['e', null],
      ['other', {}],
    ]
    for (const order of orders(valid)) {
      const value = Object.fromEntries(order)
      assert.deepEqual(verdicts(five, [value]), [true], JSON.stringify(value))
      for (const name of ['b', 'd', 'e']) {
        const lacking = Object.fromEntries(order.filter(([key]) => key !== name))
        assert.deepEqual(verdicts(five, [lacking, { ...lacking, [name]: undefined }]), [false, false], name)
      }
      assert.deepEqual(
        verdicts(five, [
          { ...value, a: 1 },
          { ...value, b: 1.5 },
        ]),
        [false, false],
      )
    }
  })

  test('a shape takes undefined members of every kind as absent', () => {
    const kinds = {
      any: true,
      string: { type: 'string' },
      number: { type: 'number' },
      integer: { type: 'integer' },
      boolean: { type: 'boolean' },
      text: { type: 'string', minLength: 1 },
      choice: { enum: [1, 2] },
      object: { type: 'object', properties: { a: true } },
      call: { not: { type: 'string' } },
    }
    for (const [name, schema] of Object.entries(kinds)) {
      const properties = { before: true, [name]: schema, after: true }
      const value = { before: 1, [name]: undefined, after: 2 }
      assert.deepEqual(verdicts({ type: 'object', properties }, [value]), [true], name)
      assert.deepEqual(verdicts({ type: 'object', properties, required: [name] }, [value]), [false], name)
    }
  })

  test('a closed shape refuses what is only required, unknown or named like its end', () => {
    const closed = { type: 'object', properties: { a: true }, required: ['b'], additionalProperties: false }
    assert.deepEqual(verdicts(closed, [{ a: 1 }, { a: 1, b: 1 }, { b: 1 }]), [false, false, false])
    const values = [{ a: 1 }, { a: 1, '\0beyond': 1 }, { a: 1, b: 1 }, { a: 1, b: undefined }]
    assert.deepEqual(verdicts({ ...closed, required: [] }, values), [true, false, false, true])
    assert.deepEqual(
      verdicts({ ...closed, required: ['a'], additionalProperties: true }, values.slice(1, 2)),
      [true],
    )
  })

  test('a shape looks into each of several nested objects, and into theirs', () => {
    const leaf = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
    const names = ['a', 'b', 'c', 'd']
    const branch = { type: 'object', properties: Object.fromEntries(names.map((name) => [name, leaf])) }
    const root = { type: 'object', properties: { left: branch, middle: branch, right: branch } }
    const make = () => Object.fromEntries(names.map((name) => [name, { n: 1 as unknown }]))
    const fresh = () => ({ left: make(), middle: make(), right: make() })
    assert.deepEqual(verdicts(root, [fresh()]), [true])
    for (const side of ['left', 'middle', 'right'] as const) {
      for (const name of names) {
        for (const wrong of [{ n: 'x' }, {}, null, [], 'n']) {
          const value = { ...fresh(), [side]: { ...make(), [name]: wrong } }
          assert.deepEqual(verdicts(root, [value]), [false], `${side}.${name} ${JSON.stringify(wrong)}`)
        }
      }
    }
  })

  test('exclusive bounds leave out the bound itself and nothing beside it', () => {
    for (const bound of [0, -0, 1, -1, 0.1, 1e300, -1e-300, Number.MIN_VALUE, -Number.MIN_VALUE]) {
      const above = bound + Math.max(Number.MIN_VALUE, Math.abs(bound) * Number.EPSILON)
      const below = bound - Math.max(Number.MIN_VALUE, Math.abs(bound) * Number.EPSILON)
      const values = [below, bound, above]
      assert.deepEqual(verdicts({ type: 'number', exclusiveMinimum: bound }, values), [false, false, true])
      assert.deepEqual(verdicts({ type: 'number', exclusiveMaximum: bound }, values), [true, false, false])
    }
    const greatest = { exclusiveMinimum: Number.MAX_VALUE }
    assert.deepEqual(verdicts(greatest, [Number.MAX_VALUE, Infinity, 'other']), [false, false, true])
  })
})
