/**
 * What a request holds is given back when its connection goes, wherever the request waits: for its turn behind another
 * one, for its token, for its body, for its handler. And what one connection may let wait is bounded.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type HandlerOptions, McpServer, serve } from '../../src/index.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { post, TestSession } from '../helpers/wire.ts'
import { watchProcess } from './watch-process.ts'

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
const ERAS = ['session', 'session, JSON only', 'sessionless', 'stateless'] as const
type Era = (typeof ERAS)[number]

/** A server whose tool `hold` ends only with its signal. */
async function start(t: TestContext, options: HandlerOptions = {}) {
  const server = new McpServer({ name: 'held', version: '1' }, { onError: () => {} })
  const counts = { begun: 0, aborted: 0 }
  server.registerTool('hold', {}, (_args, ctx) => {
    counts.begun += 1
    return new Promise<string>((resolve) => {
      ctx.signal.addEventListener('abort', () => {
        counts.aborted += 1
        resolve('aborted')
      })
    })
  })
  let release = () => {}
  server.registerTool('later', {}, () => new Promise<string>((resolve) => (release = () => resolve('later'))))
  server.registerTool('big', {}, () => 'x'.repeat(600_000))
  server.registerTool('id', { inputSchema: { type: 'object' } }, (_args, { requestId }) => `id ${requestId}`)
  const serving = await serve(server, { port: 0, ...options })
  t.after(() => serving.close({ drainMs: 0 }))
  watchProcess(t)
  return { serving, counts, release: () => release() }
}

/** A call as bytes, with the headers of its era. */
function bytesOf(tool: string, era: Era, extra: { readonly [name: string]: string } = {}, id = 1): string {
  const stateless = era === 'stateless'
  const params = { name: tool, arguments: {}, ...(stateless && { _meta: META }) }
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
  const headers: { [name: string]: string } = {
    Host: 'localhost',
    'Content-Type': 'application/json',
    Accept: era === 'session, JSON only' ? 'application/json' : 'application/json, text/event-stream',
    ...(stateless && { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': tool }),
    'Content-Length': `${Buffer.byteLength(body)}`,
    ...extra,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /mcp HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** Waits for what a server in this process learns from its event loop. */
async function eventually(what: () => string, done: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000
  while (!done()) {
    if (Date.now() > limit) throw new Error(`waited 20000 ms for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

for (const era of ERAS) {
  test(`calls that wait behind another one are aborted when their connection goes: ${era}`, async (t) => {
    const calls = 5
    const { serving, counts } = await start(t, {
      sessions: era === 'sessionless' ? false : { max: 1 },
      disconnectGraceMs: 50,
    })
    const session =
      era.startsWith('session,') || era === 'session' ? await TestSession.open(serving.url) : undefined
    const extra: { readonly [name: string]: string } =
      session?.sessionId === undefined ? {} : { 'Mcp-Session-Id': session.sessionId }
    const socket = await RawSocket.open(serving.port)
    await socket.write(bytesOf('hold', era, extra).repeat(calls))
    await eventually(
      () => `calls to begin: ${counts.begun}`,
      () => counts.begun === calls,
    )
    assert.equal(serving.stats().callsInProgress, calls)
    socket.reset()
    await eventually(
      () => `calls to be aborted: ${counts.aborted}`,
      () => counts.aborted === calls,
    )
    assert.equal(serving.stats().callsInProgress, 0)
    // The session is not pinned: it makes room for the next one.
    if (session !== undefined) await TestSession.open(serving.url)
  })
}

test('connections that pipeline calls and go leave nothing in progress, and others are served meanwhile', async (t) => {
  const { serving, counts } = await start(t)
  const sockets = await Promise.all(Array.from({ length: 60 }, () => RawSocket.open(serving.port)))
  await Promise.all(sockets.map((socket) => socket.write(bytesOf('hold', 'stateless').repeat(167))))
  // 128 may wait behind the first one, and the next one is refused.
  await eventually(
    () => `calls to begin: ${counts.begun}`,
    () => counts.begun === 60 * 129,
  )
  const session = await TestSession.open(serving.url)
  assert.equal((await session.request('ping')).status, 200)
  for (const socket of sockets) socket.reset()
  await eventually(
    () => `calls to be aborted: ${counts.aborted}`,
    () => counts.aborted === 60 * 129,
  )
  assert.equal(serving.stats().callsInProgress, 0)
  assert.equal((await session.request('ping')).status, 200)
})

test('requests above maxPipelined are refused with 429 in their turn, and the connection ends', async (t) => {
  const { serving, release } = await start(t, { maxPipelined: 3 })
  const socket = await RawSocket.open(serving.port)
  const ids = [2, 3, 4, 5, 6].map((id) => bytesOf('id', 'stateless', {}, id))
  await socket.write(bytesOf('later', 'stateless') + ids.join(''))
  release()
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await socket.response()).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 429])
  await socket.ended
  assert.match(socket.received, /maxPipelined is 3/)
})

test('a connection with twice as many waiting requests as it may have is closed at once', async (t) => {
  const { serving, counts } = await start(t, { maxPipelined: 3 })
  const socket = await RawSocket.open(serving.port)
  await socket.write(bytesOf('hold', 'stateless').repeat(8))
  await socket.ended
  await eventually(
    () => `calls to be aborted: ${counts.aborted}`,
    () => counts.aborted === 4,
  )
  assert.equal(serving.stats().callsInProgress, 0)
})

test('replies that are ready before their turn come in the order of their requests', async (t) => {
  const { serving, release } = await start(t)
  const socket = await RawSocket.open(serving.port)
  const calls = [2, 3, 4].map((id) => bytesOf('id', 'stateless', {}, id))
  await socket.write(bytesOf('later', 'stateless') + calls.join(''))
  assert.equal(socket.received, '')
  release()
  const texts: string[] = []
  for (let i = 0; i < 4; i++) texts.push(JSON.parse((await socket.response()).body).result.content[0].text)
  assert.deepEqual(texts, ['later', 'id 2', 'id 3', 'id 4'])
})

test('a big reply that waits for its turn does not keep the server from noticing that the connection went', async (t) => {
  const { serving, counts } = await start(t)
  const socket = await RawSocket.open(serving.port)
  await socket.write(bytesOf('hold', 'stateless') + bytesOf('big', 'stateless').repeat(2))
  // Node stops reading the connection above some kilobytes of replies that wait.
  await socket.write(bytesOf('id', 'stateless'))
  await eventually(
    () => `the call to begin: ${counts.begun}`,
    () => counts.begun === 1,
  )
  socket.reset()
  await eventually(
    () => `the call to be aborted: ${counts.aborted}`,
    () => counts.aborted === 1,
  )
})

test('a client that pipelines requests and reads no reply loses its connection above maxStreamBufferBytes', async (t) => {
  const { serving } = await start(t, { maxPipelined: 1000 })
  let held = 0
  serving.server.on('connection', (connection) => {
    const { write } = connection
    connection.write = ((...args: Parameters<typeof write>) => {
      const taken = write.apply(connection, args)
      held = Math.max(held, connection.writableLength)
      return taken
    }) as typeof write
  })
  const socket = await RawSocket.open(serving.port)
  socket.pause()
  // 100 replies of 600 kB: the operating system takes some megabytes, and the rest waits in the process.
  await socket.write(bytesOf('big', 'stateless').repeat(100))
  await eventually(
    () => 'the connection to be closed',
    () => serving.stats().callsInProgress === 0 && serving.server.listening && held > 0,
  )
  const open = () =>
    new Promise<number>((resolve) => serving.server.getConnections((_, count) => resolve(count)))
  let count = await open()
  for (let i = 0; i < 1000 && count > 0; i++) count = await open()
  assert.equal(count, 0)
  assert.ok(held < 3 * 1024 * 1024, `${held} bytes waited`)
})

const forever = { verify: () => new Promise<never>(() => {}) }
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }
const BEARER = { Authorization: 'Bearer a' }

test('a request whose token is being verified counts as in flight until its connection goes', async (t) => {
  const { serving } = await start(t, { auth: forever })
  const socket = await RawSocket.open(serving.port)
  await socket.write(bytesOf('hold', 'stateless', BEARER).repeat(3))
  await eventually(
    () => 'three verifications',
    () => serving.stats().callsInProgress === 3,
  )
  socket.reset()
  await eventually(
    () => 'none to be left',
    () => serving.stats().callsInProgress === 0,
  )
})

test('a request whose connection went while its token was verified does nothing any more', async (t) => {
  const verified = new Map<string, (principal: { id: string }) => void>()
  const verify = (token: string) =>
    new Promise<{ id: string }>((resolve) => {
      if (token === 'late') verified.set(token, resolve)
      else resolve({ id: 'a' })
    })
  const { serving } = await start(t, { auth: { verify }, httpSse: true })
  const authorization = 'Bearer soon'
  const session = await TestSession.open(serving.url, { headers: { authorization } })
  const listening = await RawSocket.open(serving.port)
  const get = (path: string, token: string) =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session.sessionId}\r\nAuthorization: Bearer ${token}\r\n\r\n`
  await listening.write(get('/mcp', 'soon'))
  await listening.readUntil((text) => text.includes('data:'))
  for (const path of ['/mcp', '/sse']) {
    const leaving = await RawSocket.open(serving.port)
    await leaving.write(get(path, 'late'))
    await eventually(
      () => 'the verification',
      () => serving.stats().callsInProgress === 1,
    )
    leaving.reset()
    await eventually(
      () => 'the end of its connection',
      () => serving.stats().callsInProgress === 0,
    )
    verified.get('late')?.({ id: 'a' })
    await new Promise<void>((resolve) => setImmediate(resolve))
    assert.equal(serving.stats().streams, 1)
  }
  // The stream that was open is not replaced by one that nobody reads.
  let isEnded = false
  void listening.ended.then(() => (isEnded = true))
  assert.equal((await session.request('ping')).status, 200)
  assert.equal(isEnded, false)
  assert.ok(!listening.received.endsWith('0\r\n\r\n'))
  listening.destroy()
})

test('tokens are not verified above maxInFlight: 503', async (t) => {
  const { serving } = await start(t, { auth: forever, maxInFlight: 2 })
  const socket = await RawSocket.open(serving.port)
  await socket.write(bytesOf('hold', 'stateless', BEARER).repeat(2))
  await eventually(
    () => 'two verifications',
    () => serving.stats().callsInProgress === 2,
  )
  const refused = await post(serving.url, PING, { authorization: 'Bearer b' })
  assert.equal(refused.status, 503)
  assert.match(refused.json?.error.message ?? '', /maxInFlight is 2/)
  assert.equal(refused.headers['retry-after'], '1')
  socket.reset()
})

test('a verifier that does not answer within auth.timeoutMs gives 503 with Retry-After, and gives its place back', async (t) => {
  const { serving } = await start(t, { auth: { ...forever, timeoutMs: 20 } })
  const refused = await post(serving.url, PING, { authorization: 'Bearer a' })
  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '5')
  assert.match(refused.json?.error.message ?? '', /within 20 ms/)
  assert.equal(serving.stats().callsInProgress, 0)
})

test('one principal that has maxInFlightPerPrincipal calls in progress gets 429, others are served', async (t) => {
  const { serving, counts } = await start(t, {
    maxInFlightPerPrincipal: 2,
    auth: { verify: (token) => ({ id: token }) },
  })
  const socket = await RawSocket.open(serving.port)
  await socket.write(bytesOf('hold', 'stateless', { Authorization: 'Bearer greedy' }).repeat(2))
  await eventually(
    () => 'two calls',
    () => counts.begun === 2,
  )
  for (const [token, status] of [
    ['greedy', 429],
    ['other', 200],
  ] as const) {
    const next = await RawSocket.open(serving.port)
    await next.write(bytesOf('id', 'stateless', { Authorization: `Bearer ${token}` }))
    const response = await next.response()
    assert.equal(response.status, status)
    if (status === 429) {
      assert.match(response.body, /maxInFlightPerPrincipal is 2/)
      assert.equal(response.headers['retry-after'], '1')
    }
    next.destroy()
  }
  socket.reset()
  await eventually(
    () => 'none to be left',
    () => serving.stats().callsInProgress === 0,
  )
})

test('a subscription that waits for the task store counts as in flight until its connection goes', async (t) => {
  const server = new McpServer({ name: 'store', version: '1' })
  server.registerTool('task', { task: true }, () => 'x')
  const never = () => new Promise<never>(() => {})
  const store = { create: never, read: never, update: never, delete: never }
  const serving = await serve(server, { port: 0, tasks: { store }, maxInFlight: 2 })
  t.after(() => serving.close({ drainMs: 0 }))
  const clientCapabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'subscriptions/listen',
    params: {
      notifications: { taskIds: ['a'] },
      _meta: { ...META, 'io.modelcontextprotocol/clientCapabilities': clientCapabilities },
    },
  })
  const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\nContent-Length: ${body.length}\r\n\r\n`
  const socket = await RawSocket.open(serving.port)
  await socket.write((head + body).repeat(2))
  await eventually(
    () => 'two subscriptions to wait',
    () => serving.stats().callsInProgress === 2,
  )
  const other = await RawSocket.open(serving.port)
  await other.write(head + body)
  assert.equal((await other.response()).status, 503)
  socket.reset()
  await eventually(
    () => 'none to be left',
    () => serving.stats().callsInProgress === 0,
  )
})
