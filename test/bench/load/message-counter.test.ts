import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageCounter } from '../../../bench/load/message-counter.ts'

const LONG = `{"text":"${'data: {'.repeat(100)}"}`
const STREAM =
  `: comment\n\nid: a_0\ndata:\n\nevent: message\nid: a_1\ndata: {"n":1}\n\n` +
  `retry: 1000\n\ndata:{"n":2}\nid: a_2\n\nevent: message\nid: a_3\ndata: ${LONG}\n\nid: a_4\ndata: {}\n\n`

function count(pieces: readonly Buffer[], markAt = 0): MessageCounter {
  const counter = new MessageCounter()
  counter.markAt = markAt
  for (const piece of pieces) counter.push(piece)
  return counter
}

test('MessageCounter counts messages and not comments, priming events or text inside data, cut anywhere', () => {
  const bytes = Buffer.from(STREAM)
  for (let at = 0; at <= bytes.length; at++) {
    const counter = count([bytes.subarray(0, at), bytes.subarray(at)])
    assert.equal(counter.count, 4, `cut at ${at}`)
    assert.equal(counter.lastId, 'a_4', `cut at ${at}`)
  }
})

test('MessageCounter counts one byte at a time', () => {
  assert.equal(count([...Buffer.from(STREAM)].map((byte) => Buffer.from([byte]))).count, 4)
})

test('MessageCounter remembers the id of one message', () => {
  assert.equal(count([Buffer.from(STREAM)], 3).markedId, 'a_3')
  assert.equal(count([Buffer.from(STREAM)], 9).markedId, undefined)
})
