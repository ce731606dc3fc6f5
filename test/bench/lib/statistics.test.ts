import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratios, rotate, summarise } from '../../../bench/lib/statistics.ts'

test('summarise takes the middle value, or the mean of the two middle ones, and the spread', () => {
  assert.deepEqual(summarise([5, 1, 3]), { median: 3, min: 1, max: 5 })
  assert.deepEqual(summarise([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 })
  assert.throws(() => summarise([]), RangeError)
})

test('summarise compares numbers as numbers', () => {
  assert.equal(summarise([100, 9, 20]).median, 20)
})

test('ratios divide within each round, so that a slow round of the whole machine cancels out', () => {
  // In the second round the machine was ten times slower for both.
  assert.deepEqual(ratios([90, 8, 85], [100, 10, 100]), { median: 0.85, min: 0.8, max: 0.9 })
})

test('ratios leave out rounds that one side lacks', () => {
  assert.deepEqual(ratios([1, undefined, 3], [2, 2, undefined]), { median: 0.5, min: 0.5, max: 0.5 })
  assert.equal(ratios([undefined], [1]), undefined)
})

test('rotate begins each round with another item, and turns the direction after each full turn', () => {
  const items = ['a', 'b', 'c']
  assert.deepEqual(rotate(items, 0), ['a', 'b', 'c'])
  assert.deepEqual(rotate(items, 1), ['b', 'c', 'a'])
  assert.deepEqual(rotate(items, 2), ['c', 'a', 'b'])
  assert.deepEqual(rotate(items, 3), ['c', 'b', 'a'])
  assert.deepEqual(rotate([], 4), [])
})
