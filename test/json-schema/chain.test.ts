/**
 * Chains: that shapes get them, and that verdicts are the same with one as without.
 *
 * A chain is seen by a getter that no loop calls: it asks for `constructor`, which is not enumerable here.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Validator } from '../../src/json-schema/compile.ts'
import { compile } from '../../src/json-schema/compile.ts'

const address = {
  type: 'object',
  properties: { street: { type: 'string' }, zip: { type: 'integer' } },
  required: ['street'],
}
const order = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    note: { type: 'string', maxLength: 3 },
    address,
    toString: { type: 'string' },
  },
  required: ['name', 'address', 'extra'],
}
const plain = { name: 'Ada', note: 'n', address: { street: 's', zip: 1 }, extra: null }
const ENOUGH = 500

/** A validator that has met many objects alike. */
function used(schema: unknown, ...values: readonly unknown[]): Validator {
  const validate = compile(schema)
  for (let i = 0; i < ENOUGH; i++) assert.equal(validate(values[i % values.length]).valid, true)
  return validate
}

/** Whether members are read by name. */
function hasChain(validate: Validator, value: object): boolean {
  let asked = false
  const get = () => {
    asked = true
    return Object
  }
  validate(Object.defineProperty({ ...value }, 'constructor', { get }))
  return asked
}

/** Runs while Object.prototype has one more member. */
function polluted(name: string, value: unknown, enumerable: boolean, run: () => void): void {
  Object.defineProperty(Object.prototype, name, { value, enumerable, configurable: true, writable: true })
  try {
    run()
  } finally {
    Reflect.deleteProperty(Object.prototype, name)
  }
}

class Hidden {
  get name() {
    return 'Ada'
  }
  get address() {
    return plain.address
  }
  get extra() {
    return 1
  }
}

const { name: _, ...nameless } = plain
const others: ReadonlyArray<[what: string, value: unknown]> = [
  ['as before', plain],
  ['other order', Object.fromEntries(Object.entries(plain).reverse())],
  ['unknown member', { before: 1, ...plain }],
  ['optional absent', { name: 'A', address: { street: 's' }, extra: 1 }],
  ['optional undefined', { ...plain, note: undefined }],
  ['required absent', nameless],
  ['required undefined', { ...plain, name: undefined }],
  ['required by name alone undefined', { ...plain, extra: undefined }],
  ['wrong type', { ...plain, name: 1 }],
  ['too long', { ...plain, note: 'long' }],
  ['inner absent', { ...plain, address: {} }],
  ['inner wrong', { ...plain, address: { street: 's', zip: 'x' } }],
  ['inner null', { ...plain, address: null }],
  ['inner array', { ...plain, address: ['s'] }],
  ['inner array, by name', { ...plain, address: Object.assign([], { street: 's' }) }],
  ['name of Object.prototype', { ...plain, toString: 'x' }],
  ['name of Object.prototype, wrong', { ...plain, toString: 1 }],
  ['constructor', { ...plain, constructor: 1 }],
  ['constructor, wrong name', { ...plain, constructor: 1, name: 1 }],
  ['own __proto__', JSON.parse('{"__proto__":{"name":"x"},"address":{"street":"s"},"extra":1}')],
  ['no prototype', Object.assign(Object.create(null), plain)],
  ['no prototype, wrong', Object.assign(Object.create(null), plain, { name: 1 })],
  ['members in a class', new Hidden()],
  ['inner members in a class', { ...plain, address: new Hidden() }],
  ['null', null],
  ['array', []],
  ['string', 'name'],
  ['function', () => plain],
]

describe('chain', () => {
  test('a chain is made for objects that look alike, and answers as the loop does', () => {
    const { name, ...rest } = plain
    const validate = used(order, plain, { ...rest, name }, { ...plain, more: 1 })
    assert.equal(hasChain(validate, plain), true)
    for (const [what, value] of others) assert.deepEqual(validate(value), compile(order)(value), what)
    assert.equal(validate(plain).valid, true)
  })

  test('a chain answers as the loop does while Object.prototype has other members', () => {
    const validate = used(order, plain)
    for (const name of ['name', 'note', 'street', 'other']) {
      for (const enumerable of [true, false]) {
        for (const inherited of ['x', 1, undefined]) {
          polluted(name, inherited, enumerable, () => {
            for (const [what, value] of others) {
              const context = `${what}, ${name}, ${enumerable}`
              assert.deepEqual(validate(value), compile(order)(value), context)
            }
            const heir = Object.create(plain)
            if (enumerable) assert.equal(validate(heir).valid, compile(order)(heir).valid, name)
            assert.equal(validate(nameless).valid, false)
            assert.equal(validate({ ...plain, address: { zip: 1 } }).valid, false)
          })
        }
      }
    }
    assert.equal(hasChain(validate, plain), true)
  })

  test('a chain leads through the items of arrays and through references', () => {
    const node = {
      type: 'object',
      properties: { id: { type: 'integer' }, children: { type: 'array', items: { $ref: '#' } } },
      required: ['id'],
    }
    const leaf = (id: unknown) => ({ id, children: [] as unknown[] })
    const tree = (id: unknown) => ({ id: 1, children: [leaf(2), { id: 3, children: [leaf(id), leaf(5)] }] })
    const validate = used(node, tree(4))
    assert.equal(hasChain(validate, leaf(1)), true)
    assert.equal(validate(tree(6)).valid, true)
    for (const id of ['6', 6.5, null, undefined]) {
      assert.deepEqual(validate(tree(id)), compile(node)(tree(id)), String(id))
      assert.equal(validate(tree(id)).valid, false, String(id))
    }
    let deep = leaf(1)
    for (let i = 0; i < 300; i++) deep = { id: 1, children: [deep] }
    const result = validate(deep)
    assert.equal(!result.valid && result.errors[0]?.keyword, 'maxValueDepth')
  })

  test('objects that vary, closed objects and objects with many known members get no chain', () => {
    const varied = Array.from({ length: 5 }, (_, i) => ({ ...plain, [`other${i}`]: 1 }))
    const wide = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, true]))
    const long = { ...plain, ['x'.repeat(300)]: 1 }
    assert.equal(hasChain(used(order, ...varied), plain), false)
    assert.equal(hasChain(used(order, long), plain), false)
    assert.equal(hasChain(used({ ...address, additionalProperties: false }, plain.address), plain), false)
    assert.equal(hasChain(used({ type: 'object', properties: wide }, { p0: 1 }), plain), false)
  })

  test('objects that vary only at first get a chain, but not after too many', () => {
    const varied = Array.from({ length: 5 }, (_, i) => ({ ...plain, [`other${i}`]: 1 }))
    const validate = used(order, ...varied)
    for (let i = 0; i < ENOUGH; i++) validate(plain)
    assert.equal(hasChain(validate, plain), true)
    const late = used(order, ...varied)
    for (let i = 0; i < 20 * ENOUGH; i++) late(varied[i % varied.length])
    for (let i = 0; i < ENOUGH; i++) late(plain)
    assert.equal(hasChain(late, plain), false)
  })

  // The last test of this file: it leaves no readers.
  test('when readers are used up, shapes keep their loop', () => {
    const validators = Array.from({ length: 100 }, () => used(address, plain.address))
    assert.equal(hasChain(validators.at(-1) as Validator, plain.address), false)
    for (const validate of validators) {
      assert.equal(validate({ street: 's', zip: 2 }).valid, true)
      assert.equal(validate({ street: 's', zip: '2' }).valid, false)
      assert.equal(validate({ zip: 2 }).valid, false)
    }
  })
})
