/** The reader of citations, on sources written here. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { citationsIn } from './citations.ts'

test('citationsIn finds ids in titles, whatever the quotes and the function', () => {
  const source = `
    test('one [a.first]', () => {})
    test("two, it's [a.second] and [a.third-one]", () => {})
    it(\`three \${name} [v2025-03-26.batch]\`, () => {})
    await t.test(
      'four \\' [b.fourth]',
      async () => {},
    )
    describe('five [b.fifth]', () => {})`
  const expected = ['a.first', 'a.second', 'a.third-one', 'v2025-03-26.batch', 'b.fourth', 'b.fifth']
  assert.deepEqual(citationsIn(source), expected)
})

test('citationsIn finds the requirement members of a table', () => {
  const source = `const rows = [
    { requirement: 'a.first', body: '' },
    { body: '', requirements: ["a.second", 'b.third'] },
  ]`
  assert.deepEqual(citationsIn(source), ['a.first', 'a.second', 'b.third'])
})

test('citationsIn passes over code, other strings, and tests that do not run', () => {
  const source = `
    const list = [request.url, '[a.first]']
    assert.ok(x, 'see [a.second]')
    test.skip('off [a.third]', () => {})
    test('off [a.fourth]', { skip: true }, () => {})
    test('off [a.fifth]', { todo: 'later' }, () => {})
    // test('off [a.sixth]', () => {})
    /* test('off [a.seventh]', () => {}) */
    /**
     * test('off [a.eighth]', () => {})
     */
    test('not ids [1, 2] [x] [A.b]', () => {})
    test('runs [a.ninth]', { timeout: 5 }, () => {})`
  assert.deepEqual(citationsIn(source), ['a.ninth'])
})
