/** Values in messages: null and arrays are not objects, and text is not mistaken for a number. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf, shown } from '../../src/bounds/shown.ts'

test('kindOf and shown tell null, arrays, objects and text apart, whatever comes', () => {
  const rows: [unknown, string, string][] = [
    [null, 'null', 'null'],
    [undefined, 'undefined', 'undefined'],
    [[5], 'an array', 'an array'],
    [{}, 'an object', 'an object'],
    [Object.create(null), 'an object', 'an object'],
    [new Date(0), 'a Date', 'a Date'],
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
