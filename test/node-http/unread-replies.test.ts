/** Replies that a client asks for and does not read: what they take is bounded in bytes and time, however they are sent. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { McpServer, type ServeOptions, serve } from '../../src/index.ts'
import { certificate } from '../helpers/certificate.ts'
import { Http2Client } from '../helpers/http2-client.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { within } from '../helpers/within.ts'
import { eventually } from '../session-era/serving.ts'

const JSON_ONLY = 'application/json'
const STREAM_ONLY = 'text/event-stream'
/** More than the buffers of the operating system take. */
const BIG = 24 * 1024 * 1024
const STALLED_MS = 60_000

async function start(t: TestContext, options: ServeOptions = {}) {
  const server = new McpServer({ name: 'unread', version: '1' })
  const integer = { type: 'integer' } as const
  const inputSchema = { type: 'object', properties: { length: integer, turns: integer } } as const
  server.registerTool('text', { inputSchema }, ({ length = 0, turns = 0 }) => {
    const text = 'x'.repeat(length)
    return turns === 0 ? text : after(turns).then(() => text)
  })
  const serving = await serve(server, { port: 0, ...options })
  t.after(() => serving.close({ drainMs: 0 }))
  return serving
}

async function after(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** @param turns - of the event loop, after which it is answered */
function bodyOf(length: number, turns = 0): string {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { name: 'text', arguments: { length, turns }, _meta }
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
}

const headersOf = (accept: string) => ({
  'content-type': 'application/json',
  accept,
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'text',
})

function callOf(length: number, accept: string, turns?: number): string {
  const body = bodyOf(length, turns)
  const fields = { host: 'localhost', ...headersOf(accept), 'content-length': `${body.length}` }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /mcp HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

for (const [accept, what] of [
  [JSON_ONLY, 'a JSON reply'],
  [STREAM_ONLY, 'an event stream that has ended'],
] as const) {
  for (const [before, where] of [
    ['', ''],
    [callOf(1, accept, 50), ', behind another reply of its connection'],
  ] as const) {
    test(`${what} of which nothing is read for a minute is given up${where}`, async (t) => {
      const { server, port } = await start(t)
      const connected = once(server, 'connection')
      const client = await RawSocket.open(port)
      t.after(() => client.destroy())
      const [socket] = (await connected) as [Socket]
      client.pause()
      await client.write(before + callOf(BIG, accept))
      await eventually(() => socket.writableLength > BIG / 4, 'the reply')
      await eventually(() => socket.timeout === STALLED_MS, 'a time limit')
      socket.emit('timeout')
      assert.ok(socket.destroyed)
    })
  }

  test(`${what} that is read leaves the connection with its usual time limit`, async (t) => {
    const { server, port } = await start(t)
    const connected = once(server, 'connection')
    const client = await RawSocket.open(port)
    t.after(() => client.destroy())
    const [socket] = (await connected) as [Socket]
    for (let n = 0; n < 2; n++) {
      await client.write(callOf(8_000_000, accept) + callOf(4_000_000, accept))
      for (const length of [8_000_000, 4_000_000]) {
        const { status, body } = await client.response()
        assert.equal(status, 200)
        assert.ok(body.length > length)
      }
      await eventually(() => socket.timeout !== STALLED_MS, 'the end of the time limit')
    }
    assert.equal(socket.destroyed, false)
  })
}

test('event streams that wait behind others of their connection count as replies that are not read', async (t) => {
  const { server, port, stats } = await start(t, { maxStreamBufferBytes: 200_000 })
  const responses: ServerResponse[] = []
  const connected = once(server, 'connection')
  server.prependListener('request', (_request, response) => responses.push(response))
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const [socket] = (await connected) as [Socket]
  const closed = once(socket, 'close')
  client.pause()
  await client.write(callOf(BIG, STREAM_ONLY, 50) + callOf(500_000, STREAM_ONLY).repeat(40))
  let most = 0
  await within(
    Promise.race([
      closed,
      (async () => {
        for (let turn = 0; turn < 2000 && !socket.destroyed; turn++) {
          const waiting = responses.filter((response) => response.socket === null && !response.destroyed)
          most = Math.max(
            most,
            waiting.reduce((sum, response) => sum + response.writableLength, 0),
          )
          await new Promise<void>((resolve) => setImmediate(resolve))
        }
      })(),
    ]),
    () => 'the replies',
  )
  assert.ok(socket.destroyed, `the connection is open, and ${most} bytes wait on it`)
  assert.equal(stats().callsInProgress, 0)
})

/** As a socket has it; the types leave it out. */
function timeoutOf(stream: ServerHttp2Stream | undefined): number | undefined {
  return (stream as { readonly timeout?: number } | undefined)?.timeout
}

/** A client of HTTP/2 that takes no byte of any reply, and the server's side of its streams. */
async function deaf(t: TestContext, options: ServeOptions = {}) {
  const serving = await start(t, { tls: certificate(), ...options })
  const streams: ServerHttp2Stream[] = []
  const connected = new Promise<ServerHttp2Session>((resolve) => {
    ;(serving.server as unknown as Http2Server).on('session', (session) => {
      session.on('stream', (stream) => streams.push(stream))
      resolve(session)
    })
  })
  const client = new Http2Client(serving.url, { initialWindowSize: 0 })
  t.after(() => client.close())
  const session = await within(connected, () => 'the session')
  const ask = (length: number, accept: string) =>
    client.begin({ body: bodyOf(length), headers: headersOf(accept) })
  return { serving, session, streams, client, ask }
}

for (const accept of [JSON_ONLY, STREAM_ONLY]) {
  test(`over HTTP/2 a reply of which nothing is read for a minute is given up: ${accept}`, async (t) => {
    const { streams, ask } = await deaf(t)
    const stream = ask(200_000, accept)
    const closed = once(stream, 'close')
    await eventually(() => streams[0]?.writableEnded === true, 'the reply')
    await eventually(() => timeoutOf(streams[0]) === STALLED_MS, 'a time limit')
    streams[0]?.emit('timeout')
    await within(closed, () => 'the reset of the stream')
    assert.equal(stream.rstCode, 8)
  })

  test(`over HTTP/2 many small replies that are not read are given up, too: ${accept}`, async (t) => {
    const { streams, ask } = await deaf(t)
    for (let n = 0; n < 500; n++) ask(1000, accept)
    await eventually(() => streams.length === 500 && streams.every((each) => each.writableEnded), 'replies')
    const unlimited = streams.filter((stream) => timeoutOf(stream) !== STALLED_MS)
    assert.ok(unlimited.length < 100, `${unlimited.length} of 500 may stay for ever`)
  })

  test(`over HTTP/2 a connection is closed on which too many bytes wait: ${accept}`, async (t) => {
    const { serving, session, ask } = await deaf(t, { maxStreamBufferBytes: 20_000 })
    const gone = once(session, 'close')
    for (let n = 0; n < 60; n++) ask(20_000, accept)
    await within(gone, () => 'the end of the connection')
    const other = new Http2Client(serving.url)
    t.after(() => other.close())
    const { status, text } = await other.send({ body: bodyOf(20_000), headers: headersOf(accept) })
    assert.equal(status, 200)
    assert.ok(text.length > 20_000)
  })
}
