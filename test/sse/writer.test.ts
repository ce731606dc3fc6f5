/** The SSE writer over real sockets: what goes on the wire, and every way in which a connection can end. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { encodeEvent, encodeMessage } from '../../src/sse/frame.ts'
import { type SseEvent, SseParser } from '../../src/sse/parser.ts'
import { SseWriter } from '../../src/sse/writer.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { within } from '../helpers/within.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

interface Connection {
  readonly server: Server
  readonly client: RawSocket
  readonly response: ServerResponse
  readonly writer: SseWriter
  /** Calls of onClose so far. */
  readonly closes: () => number
  /** Resolves with the first call of onClose. */
  readonly closed: Promise<void>
}

async function listen(t: TestContext): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function request(server: Server, client: RawSocket, bytes = GET): Promise<ServerResponse> {
  const requested = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>
  await client.write(bytes)
  return (await requested)[1]
}

function attach(response: ServerResponse, maxBufferBytes: number) {
  let closes = 0
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  const onClose = () => {
    closes++
    resolve()
  }
  const writer = new SseWriter(response, { maxBufferBytes, onClose })
  return { writer, closes: () => closes, closed: within(promise, () => 'onClose') }
}

async function connect(t: TestContext, maxBufferBytes = 1 << 20, bytes = GET): Promise<Connection> {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const response = await request(server, client, bytes)
  return { server, client, response, ...attach(response, maxBufferBytes) }
}

/** Listeners on the response that this module could have left. */
function listeners(response: ServerResponse): number {
  return response.listenerCount('close') + response.listenerCount('error')
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
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
  writer.open({ 'Mcp-Session-Id': 's' }, 'data: 1\n\n')
  writer.write('data: 2\n\n')
  await client.readUntil((received) => received.includes('data: 2'))
  assert.equal(writes(), 1)
})

test('SseWriter.open takes headers as an object or a flat list, which replace its own of the same name', async (t) => {
  const forms = [
    { 'x-accel-buffering': 'yes', 'Retry-After': 3, 'Set-Cookie': ['a=1', 'b=2'], Absent: undefined },
    ['x-accel-buffering', 'yes', 'Retry-After', '3', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
  ]
  for (const headers of forms) {
    const { client, writer } = await connect(t)
    writer.open(headers)
    writer.end()
    const { headerLines } = await client.response()
    const of = (name: string) =>
      headerLines.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value)
    assert.deepEqual(of('x-accel-buffering'), ['yes'])
    assert.deepEqual(of('retry-after'), ['3'])
    assert.deepEqual(of('set-cookie'), ['a=1', 'b=2'])
    assert.deepEqual(of('content-type'), ['text/event-stream'])
    assert.deepEqual(of('absent'), [])
  }
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

test('SseWriter drops a client that does not read once more than maxBufferBytes wait, never more', async (t) => {
  const limit = 200_000
  const { client, writer, response, closes } = await connect(t, limit)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.pause()
  // Three bytes of UTF-8 for each code unit: a limit that counted code units would let three times as much wait.
  const frame = encodeEvent({ data: '日'.repeat(3000) })
  let most = 0
  let pressed = false
  let written = 0
  while (writer.write(frame)) {
    written++
    most = Math.max(most, writer.waitingBytes)
    pressed ||= writer.backPressured
    if (written % 5 === 0) await turn()
  }
  // Chunk sizes and their line ends, for each frame that waits, come on top of the frames.
  assert.ok(most <= limit + 8 * (limit / frame.length), `${most} bytes waited`)
  assert.ok(most > limit / 2, `only ${most} bytes waited`)
  assert.equal(pressed, true)
  assert.deepEqual([writer.closed, closes(), response.destroyed], [true, 1, true])
})

test('SseWriter counts what waits in UTF-8 bytes', async (t) => {
  const { client, writer, response } = await connect(t, 13_000)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  // Corked twice, so that nothing leaves: what is accepted is what waits.
  response.socket?.cork()
  response.socket?.cork()
  const frame = encodeEvent({ data: '日'.repeat(3000) })
  let accepted = 0
  while (writer.write(frame)) accepted++
  // 9008 bytes, though 3008 code units: two do not fit.
  assert.equal(accepted, 1)
})

test('SseWriter skips comments while the client does not read, and writes them again when it does', async (t) => {
  const { client, writer, response } = await connect(t, Infinity)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.pause()
  while (!writer.backPressured || response.writableLength < 100_000) {
    writer.write(`data: ${'x'.repeat(50_000)}\n\n`)
    await turn()
  }
  const waiting = writer.waitingBytes
  writer.idleTicks = 9
  for (let i = 0; i < 100; i++) writer.comment()
  assert.deepEqual([writer.waitingBytes, writer.idleTicks], [waiting, 9])
  const drained = once(response, 'drain')
  client.resume()
  await drained
  writer.comment()
  assert.equal(writer.idleTicks, 0)
  writer.end()
  assert.match((await client.response()).body, /\n:\n\n$/)
})

test('SseWriter does not take a burst in one turn for a slow client', async (t) => {
  const limit = 20_000
  const { client, writer } = await connect(t, limit)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  const frame = `data: ${'x'.repeat(990)}\n\n`
  // Four times the limit, which the kernel's buffers take easily.
  for (let i = 0; i < 80; i++) assert.equal(writer.write(frame), true)
  writer.end()
  assert.equal((await client.response()).body.split('\n\n').length - 1, 81)
})

test('SseWriter delivers a frame larger than maxBufferBytes when little waits', async (t) => {
  const { client, writer } = await connect(t, 1000)
  const large = encodeEvent({ data: 'x'.repeat(3_000_000) })
  writer.open(undefined, 'data: a\n\n')
  assert.equal(writer.write(large), true)
  // Waits until that one is gone, since it fills the limit by itself.
  await client.readUntil((received) => received.includes(large.slice(-100)))
  assert.equal(writer.end(large), true)
  assert.equal((await client.response()).body.length, 9 + 2 * large.length)
})

test('SseWriter.end drops a client that has left no room for the last frame', async (t) => {
  const { client, writer, response, closes } = await connect(t, 1_000)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.pause()
  // Far more than the kernel's buffers hold.
  assert.equal(writer.write(`data: ${'x'.repeat(50_000_000)}\n\n`), true)
  assert.ok(writer.waitingBytes > 1_000)
  assert.equal(writer.end('data: last\n\n'), false)
  assert.deepEqual([writer.closed, closes(), response.destroyed], [true, 1, true])
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
