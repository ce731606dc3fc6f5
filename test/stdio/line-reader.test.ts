/** LineReader: bytes into lines, however they are cut. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineReader } from '../../src/stdio/line-reader.ts'

function linesOf(pieces: readonly Buffer[], maxBytes = Number.POSITIVE_INFINITY) {
  const lines: string[] = []
  let tooLong = 0
  const reader = new LineReader(
    maxBytes,
    (line) => lines.push(line.toString()),
    () => {
      tooLong += 1
    },
  )
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return { lines, tooLong }
}

test('LineReader gives the same lines at every two places where the bytes are cut, also within a character', () => {
  const bytes = Buffer.from('{"a":"é€𝄞"}\r\n\n\r\n{"b":1}\n{"c":2}')
  const expected = ['{"a":"é€𝄞"}\r', '{"b":1}', '{"c":2}']
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
      assert.deepEqual(linesOf(pieces).lines, expected, `${first}, ${second}`)
    }
  }
  assert.deepEqual(linesOf([...bytes].map((byte) => Buffer.of(byte))).lines, expected)
})

test('LineReader skips a line that is longer than the limit, says so once, and goes on with the next', () => {
  const long = 'x'.repeat(11)
  for (const text of [`${long}\nafter\n`, `before\n${long}${long}\nafter`]) {
    const bytes = Buffer.from(text)
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const { lines, tooLong } = linesOf([bytes.subarray(0, cut), bytes.subarray(cut)], 10)
      assert.deepEqual([lines.at(-1), tooLong, lines.includes(long)], ['after', 1, false])
    }
  }
  assert.deepEqual(linesOf([Buffer.from('0123456789\n')], 10), { lines: ['0123456789'], tooLong: 0 })
})

test('LineReader keeps nothing of what it skips', () => {
  let tooLong = 0
  const reader = new LineReader(
    1000,
    () => assert.fail('a line'),
    () => {
      tooLong += 1
    },
  )
  const piece = Buffer.alloc(65_536, 0x78)
  for (let i = 0; i < 1000; i += 1) reader.push(piece)
  assert.equal(tooLong, 1)
})
