/** SSE frames: their exact text, and that a reader gets back what went in. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeComment, encodeEvent, encodeMessage, encodePriming, encodeRetry } from '../../src/sse/frame.ts'
import { type SseEvent, SseParser } from '../../src/sse/parser.ts'

function read(wire: string | Uint8Array): SseEvent[] {
  const events: SseEvent[] = []
  new SseParser({ onEvent: (event) => events.push(event) }).push(wire)
  return events
}

test('encodeMessage writes event, id and data lines in this order', () => {
  assert.equal(encodeMessage('{"a":1}', 's_1'), 'event: message\nid: s_1\ndata: {"a":1}\n\n')
  assert.equal(encodeMessage('{"a":1}'), 'event: message\ndata: {"a":1}\n\n')
})

test('encodeMessage escapes U+0085, U+2028 and U+2029 and leaves the JSON value as it was', () => {
  const value = { text: 'a\u0085b\u2028c\u2029d\u2028', other: 'é日😀' }
  const frame = encodeMessage(JSON.stringify(value))
  assert.doesNotMatch(frame, /[\u0085\u2028\u2029]/)
  assert.ok(frame.includes('a\\u0085b\\u2028c\\u2029d\\u2028'))
  assert.deepEqual(JSON.parse(read(frame)[0]?.data ?? ''), value)
})

test('encodeMessage of indented JSON gives several data lines and the same value', () => {
  const value = { a: [1, 2, { b: 'x\r\ny\u2028' }] }
  for (const lineEnd of ['\n', '\r', '\r\n']) {
    const frame = encodeMessage(JSON.stringify(value, null, 2).replaceAll('\n', lineEnd), 's_2')
    assert.doesNotMatch(frame, /\r|\u2028/)
    const events = read(frame)
    assert.equal(events.length, 1)
    assert.deepEqual([events[0]?.event, events[0]?.id], ['message', 's_2'])
    assert.deepEqual(JSON.parse(events[0]?.data ?? ''), value)
  }
})

test('encodeMessage round-trips every UTF-16 code unit and every code point through UTF-8 bytes', () => {
  const events: SseEvent[] = []
  const parser = new SseParser({ onEvent: (event) => events.push(event) })
  const texts: string[] = []
  const chunk = 0x1000
  for (let from = 0; from < 0x110000; from += chunk) {
    let text = ''
    // A letter after each one keeps lone surrogates alone.
    for (let code = from; code < from + chunk; code++) text += `${String.fromCodePoint(code)}.`
    texts.push(text)
    parser.push(Buffer.from(encodeMessage(JSON.stringify(text))))
  }
  assert.equal(events.length, texts.length)
  texts.forEach((text, i) => {
    // Comparing first keeps a failure from printing megabytes.
    assert.ok(JSON.parse(events[i]?.data ?? '') === text, `code points from U+${(i * chunk).toString(16)}`)
  })
})

test('encodeEvent writes one data line for each line of the data, whatever ends the lines', () => {
  assert.equal(encodeEvent({ data: 'a\nb\rc\r\nd' }), 'data: a\ndata: b\ndata: c\ndata: d\n\n')
  assert.equal(encodeEvent({ data: '\n' }), 'data: \ndata: \n\n')
  assert.equal(encodeEvent({ data: '' }), 'data: \n\n')
  assert.equal(encodeEvent({ data: '\n\r' }), 'data: \ndata: \ndata: \n\n')
})

test('encodeEvent data keeps leading spaces, colons and field-like text', () => {
  for (const data of ['  x', ' ', ':x', 'id: 5', 'data: 1\nretry: 5', '\ufeffx', '\u0000']) {
    assert.deepEqual(read(encodeEvent({ data })), [{ event: 'message', data, id: '' }])
  }
})

test('encodeEvent writes every field', () => {
  const frame = encodeEvent({ data: 'd', id: '7', event: 'note', retry: 10 })
  assert.equal(frame, 'event: note\nid: 7\nretry: 10\ndata: d\n\n')
})

test('encodeEvent and encodeMessage refuse control characters and line breaks in id and event name', () => {
  const codes = [0x2028, 0x2029]
  for (let code = 0; code < 0x20; code++) codes.push(code)
  for (let code = 0x7f; code < 0xa0; code++) codes.push(code)
  for (const code of codes) {
    const bad = `a${String.fromCharCode(code)}b`
    assert.throws(() => encodeEvent({ data: '', id: bad }), TypeError)
    assert.throws(() => encodeEvent({ data: '', event: bad }), TypeError)
    assert.throws(() => encodeMessage('{}', bad), TypeError)
    assert.throws(() => encodeMessage('[\n]', bad), TypeError)
    assert.throws(() => encodePriming(bad), TypeError)
  }
  assert.throws(() => encodeEvent({ id: 'a\nb' }), {
    message: 'SSE id: received U+000A at position 1, expected no control characters',
  })
  assert.equal(encodeEvent({ id: 'a b~\u00e9' }), 'id: a b~\u00e9\n\n')
})

test('encodeComment gives comment lines only', () => {
  assert.equal(encodeComment(), ':\n\n')
  assert.equal(encodeComment(''), ':\n\n')
  assert.equal(encodeComment('ping'), ': ping\n\n')
  assert.equal(encodeComment('a\r\nb\rdata: c\nd'), ': a\n: b\n: data: c\n: d\n\n')
})

test('encodeRetry takes non-negative integers and nothing else', () => {
  assert.equal(encodeRetry(1500), 'retry: 1500\n\n')
  assert.equal(encodeRetry(0), 'retry: 0\n\n')
  for (const bad of [-1, 1.5, Number.NaN, Infinity, 2 ** 60]) {
    assert.throws(() => encodeRetry(bad), TypeError)
    assert.throws(() => encodeEvent({ retry: bad }), TypeError)
  }
})

test('encodePriming gives an id, an empty data field and, when asked, a delay', () => {
  assert.equal(encodePriming('s_0'), 'id: s_0\ndata: \n\n')
  assert.equal(encodePriming('s_0', 500), 'id: s_0\nretry: 500\ndata: \n\n')
})
