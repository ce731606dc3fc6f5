/** Structured content is held against the output schema as what JSON makes of it, and sent so. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toolResult } from '../../src/features/tool-result.ts'
import type { SchemaLike } from '../../src/index.ts'
import { adaptSchema } from '../../src/json-schema/adapter/standard-schema.ts'
import { asking, eras } from '../both-eras/asking.ts'
import { expectProblem, never } from '../both-eras/problem.ts'
import type { WireJson } from '../helpers/wire.ts'

const epoch = '1970-01-01T00:00:00.000Z'

class Money {
  readonly cents = 150
  toJSON() {
    return { amount: this.cents / 100, currency: 'EUR' }
  }
}

const object = (properties: object, rest: object = {}) => ({ type: 'object', properties, ...rest }) as const

/** What fits is sent as `json`; what does not is concealed. */
const rows: readonly (readonly [what: string, schema: object, given: WireJson, json: WireJson])[] = [
  [
    'a Date is its text',
    object({ at: { type: 'string', minLength: 24 } }),
    { at: new Date(0) },
    { at: epoch },
  ],
  ['a Date is no object', object({ at: { type: 'object' } }), { at: new Date(0) }, undefined],
  [
    'a Date in a list',
    object({ all: { type: 'array', items: { type: 'string' } } }),
    { all: [new Date(0)] },
    { all: [epoch] },
  ],
  ['an invalid Date is null', object({ at: { type: 'null' } }), { at: new Date(Number.NaN) }, { at: null }],
  [
    'toJSON decides',
    object({ price: object({ amount: {} }, { required: ['amount'] }) }),
    { price: new Money() },
    { price: { amount: 1.5, currency: 'EUR' } },
  ],
  [
    'what toJSON leaves out is not there',
    object({ price: object({}, { required: ['cents'] }) }),
    { price: new Money() },
    undefined,
  ],
  [
    'toJSON of the whole',
    object({}, { required: ['amount'] }),
    new Money(),
    { amount: 1.5, currency: 'EUR' },
  ],
  ['NaN is null', object({ n: { type: 'null' } }), { n: Number.NaN }, { n: null }],
  ['NaN is no number', object({ n: { type: 'number' } }), { n: Number.NaN }, undefined],
  ['an infinity is no number', object({ n: { type: 'number' } }), { n: Number.POSITIVE_INFINITY }, undefined],
  [
    'an undefined member is not there',
    object({ a: {} }, { additionalProperties: false }),
    { a: 1, b: undefined },
    { a: 1 },
  ],
  ['an undefined member does not count', object({}, { minProperties: 2 }), { a: 1, b: undefined }, undefined],
  [
    'undefined in a list is null',
    object({ all: { items: { type: ['string', 'null'] } } }),
    { all: ['a', undefined] },
    { all: ['a', null] },
  ],
  [
    'undefined in a list is no string',
    object({ all: { items: { type: 'string' } } }),
    { all: ['a', undefined] },
    undefined,
  ],
  ['a function is not there', object({ f: { type: 'object' } }), { f: () => 1 }, {}],
  [
    'a Map is an object without members',
    object({ m: object({}, { maxProperties: 0 }) }),
    { m: new Map([['a', 1]]) },
    { m: {} },
  ],
  [
    'a Map has no members',
    object({ m: object({}, { required: ['a'] }) }),
    { m: new Map([['a', 1]]) },
    undefined,
  ],
  ['a boxed value is its value', object({ s: { type: 'string' } }), { s: Object('x') }, { s: 'x' }],
  [
    'an instance is its own members',
    object({ e: object({ code: { type: 'string' } }, { required: ['code'] }) }),
    { e: Object.assign(new Error('hidden'), { code: 'E' }) },
    { e: { code: 'E' } },
  ],
  [
    'plain values are themselves',
    object({ a: { type: 'array' } }),
    { a: [1, { b: null }] },
    { a: [1, { b: null }] },
  ],
]

const circle: { self?: unknown } = {}
circle.self = circle

const unwritable: readonly (readonly [value: WireJson, cause: string])[] = [
  [{ n: 1n }, 'BigInt'],
  [circle, 'circular'],
  [{ at: { toJSON: () => assert.fail('no time') } }, 'no time'],
]

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    test('structured content is judged and sent as what JSON makes of it', async (t) => {
      const { server, errors, call } = await asking(t, era)
      for (const [what, schema, given] of rows) {
        const outputSchema = schema as { type: 'object' }
        server.registerTool(what, { outputSchema, description: what }, () => ({ structuredContent: given }))
      }
      for (const [what, , , json] of rows) {
        const count = errors.length
        const { result } = await call(what, {}, never)
        if (json === undefined) {
          assert.equal(result.isError, true, what)
          assert.deepEqual([errors.length, errors.at(-1)?.error.code], [count + 1, 'ERR_OUTPUT_SCHEMA'], what)
          continue
        }
        assert.deepEqual(result.structuredContent, json, what)
        assert.deepEqual(result.content, [{ type: 'text', text: JSON.stringify(json) }], what)
        assert.equal(errors.length, count, what)
      }
    })

    test('structured content that JSON cannot hold is an internal error, with a schema or without', async (t) => {
      const asked = await asking(t, era)
      for (const [index, [value, cause]] of unwritable.entries()) {
        for (const config of [{}, { outputSchema: { type: 'object' } as const }]) {
          const name = `${'outputSchema' in config ? 'with' : 'without'}${index}`
          asked.server.registerTool(name, config, () => ({ structuredContent: value }))
          const problem = new RegExp(
            `^tool "${name}": structuredContent cannot be written as JSON: .*${cause}`,
            's',
          )
          await expectProblem(asked, ['tools/call', { name }], problem, name)
          assert.match(asked.errors.at(-1)?.error.cause.message, new RegExp(cause))
        }
      }
    })

    test('a schema of a library gets the values themselves, and what JSON makes of them when it wants that', async (t) => {
      const { server, errors, call } = await asking(t, era)
      const seen: unknown[] = []
      const wantsDate = standard(
        (value) => (value instanceof Date ? { value: `day ${value.getTime()}` } : undefined),
        seen,
      )
      const wantsText = standard((value) => (typeof value === 'string' ? { value } : undefined), seen)
      for (const later of [false, true]) {
        const config = (wants: Check) => ({ outputSchema: atSchema(wants, later) })
        const at = new Date(0)
        server.registerTool(`date ${later}`, config(wantsDate), () => ({ structuredContent: { at } }))
        server.registerTool(`text ${later}`, config(wantsText), () => ({ structuredContent: { at } }))
        server.registerTool(`neither ${later}`, config(wantsDate), () => ({ structuredContent: { at: 'x' } }))
      }
      for (const later of [false, true]) {
        assert.deepEqual((await call(`date ${later}`, {}, never)).result.structuredContent, { at: 'day 0' })
        const { result } = await call(`text ${later}`, {}, never)
        assert.deepEqual(result.structuredContent, { at: epoch })
        assert.deepEqual(result.content, [{ type: 'text', text: JSON.stringify({ at: epoch }) }])
        assert.equal(errors.length, later ? 1 : 0)
        seen.length = 0
        assert.equal((await call(`neither ${later}`, {}, never)).result.isError, true)
        assert.deepEqual(seen, ['x'], 'a plain value is validated once')
      }
    })
  })
}

test('a plain value is not copied', () => {
  const structuredContent = { a: [{ b: 1 }] }
  for (const output of [undefined, adaptSchema({ type: 'object' }, { name: 'o', io: 'output' })]) {
    const result = toolResult({ structuredContent }, { key: 't', use: 'tool "t"', output })
    assert.ok('structuredContent' in result && result.structuredContent === structuredContent)
  }
})

type Check = (value: unknown) => { readonly value: unknown } | undefined

function standard(check: Check, seen: unknown[]): Check {
  return (value) => {
    seen.push(value)
    return check(value)
  }
}

/** A schema of `{ at }`, as a library would make it; `later`: it answers with a promise. */
function atSchema(check: Check, later: boolean): SchemaLike {
  const json = () => ({ type: 'object', properties: { at: { type: 'string' } }, required: ['at'] })
  const validate = (value: unknown) => {
    const found = check((value as { at: unknown }).at)
    const result = found === undefined ? { issues: [{ message: 'wrong' }] } : { value: { at: found.value } }
    return later ? Promise.resolve(result) : result
  }
  return { '~standard': { version: 1, vendor: 'test', validate, jsonSchema: { input: json, output: json } } }
}

test('a tool with an outputSchema that gives no structured content is told what it gave, and what it must give', async () => {
  const output = adaptSchema(object({ a: { type: 'number' } }) as SchemaLike, { name: 'x', io: 'output' })
  const tool = { key: 'm', use: 'tool "m"', output }
  const rows: readonly (readonly [unknown, string])[] = [
    ['text', 'a string'],
    [undefined, 'nothing'],
    [[], 'nothing'],
    [{ type: 'text', text: 'x' }, 'content alone'],
    [{ content: [{ type: 'text', text: 'x' }] }, 'content alone'],
  ]
  for (const [returned, got] of rows) {
    await assert.rejects(async () => toolResult(returned, tool), {
      code: 'ERR_OUTPUT_SCHEMA',
      message: `tool "m" has an outputSchema and must return { structuredContent }; got ${got}`,
    })
  }
  await assert.rejects(async () => toolResult({ a: 1 }, tool), {
    message: /^tool "m" must return .*; got an object: did you mean \{ structuredContent: \.\.\. \}\?$/,
  })
  await assert.rejects(async () => toolResult({ structuredContent: { a: 'x' } }, tool), {
    message: /^structuredContent does not fit outputSchema: \/a: expected number/,
  })
})
