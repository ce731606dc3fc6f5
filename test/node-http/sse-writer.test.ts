/** The SSE writer over real sockets: what goes on the wire, and every way in which a connection can end. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SseWriter } from '../../src/node-http/sse-writer.ts'
import { encodeMessage } from '../../src/sse/frame.ts'
import { type SseEvent, SseParser } from '../../src/sse/parser.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { attach, connect, listen, request, turn } from './writer-connection.ts'

/** Listeners on the response that this module could have left. */
function listeners(response: ServerResponse): number {
  return response.listenerCount('close') + response.listenerCount('error')
}

/** Counts calls that hand bytes to the operating system. */
function countWrites(t: TestContext, response: ServerResponse): () => number {
  const socket = response.socket as Socket
  const one = t.mock.method(socket, '_write')
  const many = t.mock.method(socket, '_writev' as keyof Socket & '_write')
  return () => one.mock.callCount() + many.mock.callCount()
}

test('SseWriter.open sends the head and a first comment at once, without a frame', async (t) => {
  const { client, writer } = await connect(t)
  writer.open()
  const text = await client.readUntil((received) => received.endsWith('3\r\n:\n\n\r\n'))
  const head = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
  assert.equal(head[0], 'HTTP/1.1 200 OK')
  for (const line of [
    'Content-Type: text/event-stream',
    'Cache-Control: no-cache, no-transform',
    'X-Accel-Buffering: no',
  ]) {
    assert.equal(head.filter((one) => one === line).length, 1, line)
  }
})

test('SseWriter.open sends head, first frame and what is written in the same turn in one system call', async (t) => {
  const { client, writer, response } = await connect(t)
  const writes = countWrites(t, response)
  writer.open(['Mcp-Session-Id', 's'], 'data: 1\n\n')
  writer.write('data: 2\n\n')
  await client.readUntil((received) => received.includes('data: 2'))
  assert.equal(writes(), 1)
})

test('SseWriter.open takes headers as a flat list, which replace its own of the same name', async (t) => {
  const { client, writer } = await connect(t)
  writer.open(['x-accel-buffering', 'yes', 'Retry-After', '3', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
  writer.end()
  const { headerLines } = await client.response()
  const of = (name: string) => headerLines.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value)
  assert.deepEqual(of('x-accel-buffering'), ['yes'])
  assert.deepEqual(of('retry-after'), ['3'])
  assert.deepEqual(of('set-cookie'), ['a=1', 'b=2'])
  assert.deepEqual(of('content-type'), ['text/event-stream'])
})

test('SseWriter.open keeps headers that a framework has set on the response', async (t) => {
  const { client, writer, response } = await connect(t)
  response.setHeader('Access-Control-Allow-Origin', 'https://a.example')
  writer.open(['Mcp-Session-Id', 's'])
  writer.end()
  const { headers } = await client.response()
  assert.equal(headers['access-control-allow-origin'], 'https://a.example')
  assert.equal(headers['mcp-session-id'], 's')
  assert.equal(headers['content-type'], 'text/event-stream')
})

test('SseWriter.write before open opens the stream', async (t) => {
  const { client, writer } = await connect(t)
  assert.equal(writer.write('data: a\n\n'), true)
  assert.equal(writer.end('data: b\n\n'), true)
  const { headers, body } = await client.response()
  assert.equal(headers['content-type'], 'text/event-stream')
  assert.equal(body, 'data: a\n\ndata: b\n\n')
})

test('SseWriter.end before open gives a proper, empty event stream', async (t) => {
  const { client, writer } = await connect(t)
  writer.end()
  const { status, headers, body, complete } = await client.response()
  assert.deepEqual([status, headers['content-type'], body, complete], [200, 'text/event-stream', '', true])
})

test('SseWriter delivers frames of any text in order', async (t) => {
  const { client, writer } = await connect(t)
  const texts = ['é', '日本', '😀', 'x'.repeat(100_000), 'a\u2028b']
  writer.open()
  for (const [i, text] of texts.entries()) {
    assert.equal(writer.write(encodeMessage(JSON.stringify(text), `s_${i + 1}`)), true)
    if (i % 2 === 0) await turn()
  }
  writer.end()
  const events: SseEvent[] = []
  new SseParser({ onEvent: (event) => events.push(event) }).push((await client.response()).bodyBytes)
  const expected = texts.map((text, i) => [text, `s_${i + 1}`])
  assert.deepEqual(
    events.map(({ data, id }) => [JSON.parse(data), id]),
    expected,
  )
})

test('SseWriter.end sends the last frame and the end of the body in one system call', async (t) => {
  const { client, writer, response, closes } = await connect(t)
  writer.open(undefined, 'data: a\n\n')
  await client.readUntil((received) => received.includes('data: a'))
  const writes = countWrites(t, response)
  assert.equal(writer.end('data: last\n\n'), true)
  assert.deepEqual([writer.closed, closes()], [true, 1])
  const { body, complete } = await client.response()
  assert.deepEqual([body, complete, writes()], ['data: a\n\ndata: last\n\n', true, 1])
})

test('SseWriter leaves the connection usable for the next request, and no listener, after end', async (t) => {
  const { server, client, writer, response } = await connect(t)
  const before = listeners(response)
  writer.open()
  writer.end()
  assert.equal(listeners(response), before - 2)
  await client.response()
  const second = await request(server, client)
  second.end('again')
  assert.equal((await client.response()).body, 'again')
})

test('SseWriter after end takes nothing, and onClose was called once', async (t) => {
  const { client, writer, closes } = await connect(t)
  writer.open()
  writer.end()
  assert.equal(writer.write('data: late\n\n'), false)
  assert.equal(writer.end('data: late\n\n'), false)
  writer.comment()
  writer.open()
  const { body } = await client.response()
  assert.deepEqual([body, closes(), writer.backPressured], [':\n\n', 1, false])
})

test('SseWriter calls onClose once when the client resets, and then takes nothing', async (t) => {
  const { client, writer, closes, closed, response } = await connect(t)
  const before = listeners(response)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.reset()
  await closed
  assert.equal(writer.closed, true)
  assert.equal(listeners(response), before - 2)
  for (let i = 0; i < 5; i++) assert.equal(writer.write('data: x\n\n'), false)
  writer.comment()
  writer.end('data: x\n\n')
  await turn()
  assert.equal(closes(), 1)
})

test('SseWriter survives writes that race with a reset', async (t) => {
  const { client, writer, closes, closed } = await connect(t)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.reset()
  while (writer.write('data: x\n\n')) await turn()
  await closed
  assert.equal(closes(), 1)
})

test('SseWriter on a response whose connection was gone before: open reports it', async (t) => {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  const response = await request(server, client)
  const gone = once(response, 'close')
  client.reset()
  await gone
  const { writer, closes } = attach(response, 1000)
  assert.equal(writer.closed, false)
  writer.open(undefined, 'data: a\n\n')
  assert.deepEqual([writer.closed, closes(), writer.write('data: b\n\n')], [true, 1, false])
})

test('SseWriter stops when the client half-closes, as node:http then ends the connection', async (t) => {
  const { client, writer, closes, closed } = await connect(t)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.halfClose()
  await closed
  assert.equal(writer.write('data: x\n\n'), false)
  assert.equal(closes(), 1)
  const { error } = await client.ended
  assert.equal(error, undefined)
})

test('SseWriter.write resets the keep-alive count, a refused write does not', async (t) => {
  const { writer } = await connect(t)
  writer.idleTicks = 5
  writer.open()
  assert.equal(writer.idleTicks, 0)
  writer.idleTicks = 5
  writer.write('data: a\n\n')
  assert.equal(writer.idleTicks, 0)
  writer.end()
  writer.idleTicks = 5
  writer.write('data: b\n\n')
  assert.equal(writer.idleTicks, 5)
})

test('SseWriter behind another response of its connection is sent in turn', async (t) => {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const first = await request(server, client)
  const { writer } = attach(await request(server, client), 1000)
  writer.open(undefined, 'data: a\n\n')
  assert.equal(writer.write('data: b\n\n'), true)
  first.end('first')
  assert.equal((await client.response()).body, 'first')
  writer.end()
  assert.equal((await client.response()).body, 'data: a\n\ndata: b\n\n')
})

test('SseWriter behind another response finds at the next comment that the connection broke', async (t) => {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  const first = await request(server, client)
  const gone = once(first, 'close')
  const { writer, closes } = attach(await request(server, client), 1000)
  writer.open()
  client.reset()
  await gone
  writer.comment()
  assert.deepEqual([writer.closed, closes()], [true, 1])
})

test('SseWriter to an HTTP/1.0 client sends no chunks and closes the connection at the end', async (t) => {
  const { client, writer } = await connect(t, 1000, 'GET / HTTP/1.0\r\n\r\n')
  writer.open(undefined, 'data: a\n\n')
  writer.end('data: b\n\n')
  const { body, headers } = await client.response()
  assert.equal(body, 'data: a\n\ndata: b\n\n')
  assert.equal(headers['transfer-encoding'], undefined)
})

test('SseWriter: an owner may call it again from within onClose', async (t) => {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const response = await request(server, client)
  const seen: unknown[] = []
  const writer: SseWriter = new SseWriter(response, {
    maxBufferBytes: 1000,
    onClose: () => seen.push(writer.closed, writer.write('data: x\n\n'), writer.end()),
  })
  writer.open()
  writer.end()
  assert.deepEqual(seen, [true, false, false])
})
