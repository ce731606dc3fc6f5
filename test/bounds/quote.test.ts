/** Values in messages: null and arrays are not objects, and text is not mistaken for a number. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { excerpt, kindOf, quote, shown } from '../../src/bounds/quote.ts'

test('kindOf and shown tell null, arrays, objects and text apart, whatever comes', () => {
  const rows: [unknown, string, string][] = [
    [null, 'null', 'null'],
    [undefined, 'undefined', 'undefined'],
    [[5], 'an array', 'an array'],
    [{}, 'an object', 'an object'],
    [Object.create(null), 'an object', 'an object'],
    [new Date(0), 'a Date', 'a Date'],
    [new Error('x'), 'an Error', 'an Error'],
    [new Uint8Array(1), 'a Uint8Array', 'a Uint8Array'],
    ['5', 'a string', '"5"'],
    [5, 'the number 5', '5'],
    [Number.NaN, 'the number NaN', 'NaN'],
    [false, 'a boolean', 'false'],
    [5n, 'a bigint', '5'],
    [() => 5, 'a function', 'a function'],
    [Symbol('s'), 'a symbol', 'a symbol'],
    ['x'.repeat(99), 'a string', `"${'x'.repeat(60)}..."`],
  ]
  for (const [value, kind, text] of rows) assert.deepEqual([kindOf(value), shown(value)], [kind, text])
})

test('excerpt and quote shorten a text, never within a surrogate pair', () => {
  const pair = '\u{1f600}'
  assert.equal(excerpt('abc', 3), 'abc')
  assert.equal(excerpt('abcd', 3), 'abc...')
  assert.equal(excerpt(`ab${pair}`, 3), 'ab...')
  assert.equal(excerpt(`a${pair}b`, 3), `a${pair}...`)
  assert.equal(quote('a\n"', 10), String.raw`"a\n\""`)
  assert.equal(quote('x'.repeat(101)), `"${'x'.repeat(100)}..."`)
})
