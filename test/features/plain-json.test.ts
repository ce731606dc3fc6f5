/** Plain JSON: exactly the values that their JSON text gives back. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlainJson } from '../../src/features/plain-json.ts'

const nested = (depth: number) => {
  let value: unknown = 'x'
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

const plain: readonly unknown[] = [
  ...['', 'x', 0, -1.5, 1e300, true, false, null],
  ...[[], {}, [null, ['a', { b: 1 }]], { a: { b: [{}] }, toJSON: 'data' }],
  Object.assign(Object.create(null), { a: 1 }),
  JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
  nested(200),
]

class Point {
  x = 1
}
const circular: { self?: unknown } = {}
circular.self = circular

const others: readonly (readonly [what: string, value: unknown])[] = [
  ['undefined', undefined],
  ['NaN', Number.NaN],
  ['an infinity', Number.NEGATIVE_INFINITY],
  ['a BigInt', 1n],
  ['a symbol', Symbol('x')],
  ['a function', () => 1],
  ['a Date', new Date(0)],
  ['a Map', new Map([['a', 1]])],
  ['bytes', Buffer.from('x')],
  ['an instance of a class', new Point()],
  ['a boxed string', Object('x')],
  ['an object with toJSON', { toJSON: () => 1 }],
  ['an array with toJSON', Object.assign([1], { toJSON: () => 1 })],
  ['an inherited member', Object.create({ a: 1 })],
  ['a hole', Array(1)],
  ['a circle', circular],
  ['something very deep', nested(100_000)],
]

test('isPlainJson says yes to values that JSON gives back as they are', () => {
  for (const value of plain) {
    assert.equal(isPlainJson(value), true, JSON.stringify(value))
    assert.equal(JSON.stringify(JSON.parse(JSON.stringify(value))), JSON.stringify(value))
  }
})

for (const [what, value] of others) {
  test(`isPlainJson says no to ${what}, alone and inside of others`, () => {
    for (const holder of [value, [value], { a: value }, [1, { b: ['x', value] }]]) {
      assert.equal(isPlainJson(holder), false)
    }
  })
}
