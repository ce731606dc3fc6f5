import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multipleOf } from '../../../src/json-schema/check/decimal.ts'
import { equal, findDuplicate } from '../../../src/json-schema/check/equal.ts'
import { Run } from '../../../src/json-schema/check/run.ts'
import { DEFAULT_LIMITS } from '../../../src/json-schema/limits.ts'

function fresh(): Run {
  const run = new Run(DEFAULT_LIMITS)
  run.left = DEFAULT_LIMITS.maxSteps
  return run
}

test('equal compares JSON values by their own members', () => {
  const same: ReadonlyArray<readonly [unknown, unknown]> = [
    [0, -0],
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
  ]
  const different: ReadonlyArray<readonly [unknown, unknown]> = [
    [1, true],
    [0, false],
    ['1', 1],
    [null, {}],
    [[], {}],
    [[1], [1, 2]],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1, b: 1 }, { a: 1 }],
    [{}, JSON.parse('{"__proto__":{}}')],
    [JSON.parse('{"constructor":1}'), {}],
  ]
  for (const [a, b] of same) assert.equal(equal(a, b, fresh()), true)
  for (const [a, b] of different) {
    assert.equal(equal(a, b, fresh()), false, JSON.stringify([a, b]))
    assert.equal(equal(b, a, fresh()), false, JSON.stringify([b, a]))
  }
})

test('findDuplicate finds the same pairs in short and in long arrays', () => {
  const values = [
    1,
    '1',
    true,
    'true',
    null,
    'null',
    [],
    {},
    [1],
    [[1]],
    { a: 1 },
    { a: '1' },
    { a: [] },
    1.5,
    -1,
    '',
  ]
  for (const padding of [0, 100]) {
    const fill = Array.from({ length: padding }, (_, i) => `filler ${i}`)
    assert.equal(findDuplicate([...values, ...fill], fresh()), undefined)
    for (const [at, value] of values.entries()) {
      const copy: unknown = JSON.parse(JSON.stringify(value))
      assert.deepEqual(findDuplicate([...values, ...fill, copy], fresh()), [at, values.length + padding])
    }
  }
  assert.deepEqual(
    findDuplicate(
      [...Array.from({ length: 20 }, (_, i) => ({ x: i })), { a: 1, b: 2 }, { b: 2, a: 1 }],
      fresh(),
    ),
    [20, 21],
  )
})

test('multipleOf is exact on decimals', () => {
  const yes = [
    [0.3, 0.1],
    [0.0075, 0.0001],
    [4.35, 0.01],
    [1e308, 0.5],
    [-1.1, 0.1],
    [0, 0.7],
    [1e-9, 1e-10],
    [123456789012345.6, 0.1],
    [9, 3],
  ]
  const no = [
    [0.00751, 0.0001],
    [0.35, 0.1],
    [4.355, 0.01],
    [1e308, 0.123456789],
    [1e-10, 1e-9],
    [10, 3],
    [1.5, 1],
    [0.1, 0.3],
  ]
  for (const [value, divisor] of yes)
    assert.equal(multipleOf(divisor as number)(value as number), true, `${value} / ${divisor}`)
  for (const [value, divisor] of no)
    assert.equal(multipleOf(divisor as number)(value as number), false, `${value} / ${divisor}`)
})
