/** The handler under node:http2 and node:https, and serve with `tls`: real clients, many streams, the end of connections. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer, type ServerHttp2Session } from 'node:http2'
import { createServer as createHttpsServer, get as httpsGet, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createMcpHandler, DirectResponse, type HandlerOptions, McpServer, serve } from '../../src/index.ts'
import { createSecureServer as createOwnServer } from '../../src/node-http/secure-server.ts'
import { certificate } from '../helpers/certificate.ts'
import { Http2Client, replyOf } from '../helpers/http2-client.ts'
import { SseParser } from '../helpers/sse-parser.ts'
import { within } from '../helpers/within.ts'
import { eventually, HeldCalls } from '../session-era/serving.ts'

const INITIALIZE = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h2', version: '1' } },
}
const call = (id: number | string, name: string, args: object = {}, meta?: object) => ({
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(meta !== undefined && { _meta: meta }) },
})
const textOf = (message: { result?: { content?: { text?: string }[] } } | undefined) =>
  message?.result?.content?.[0]?.text

function definition() {
  const server = new McpServer({ name: 'h2', version: '1.0.0' }, { logging: true })
  const held = new HeldCalls()
  const seen: { host: unknown; pseudo: boolean }[] = []
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('echo', { inputSchema }, ({ text }, ctx) => {
    const { headers = {} } = ctx
    seen.push({ host: headers.host, pseudo: Object.keys(headers).some((name) => name.startsWith(':')) })
    return text ?? ''
  })
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  server.registerTool('talk', { inputSchema }, ({ text }, ctx) => {
    ctx.log.info('talking')
    return text ?? ''
  })
  return { server, held, seen }
}

/** The handler in a server of the application, as the documentation of node:http2 has it. */
async function mounted(t: TestContext, options: HandlerOptions = {}) {
  const { server, ...rest } = definition()
  const handler = createMcpHandler(server, options)
  const http = createSecureServer({ ...certificate(), allowHTTP1: true }, handler)
  http.on('checkContinue', handler.checkContinue)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `https://localhost:${(http.address() as AddressInfo).port}/mcp`
  const client = new Http2Client(url)
  t.after(async () => {
    await client.close()
    await handler.close({ drainMs: 0 })
    http.close()
  })
  return { ...rest, server, handler, url, client }
}

async function served(t: TestContext, options: Parameters<typeof serve>[1] = {}) {
  const { server, ...rest } = definition()
  const serving = await serve(server, { port: 0, tls: certificate(), ...options })
  const client = new Http2Client(serving.url)
  t.after(async () => {
    await client.close()
    await serving.close({ drainMs: 0 })
  })
  return { ...rest, server, serving, client, url: serving.url }
}

async function openSession(client: Http2Client): Promise<{ 'mcp-session-id': string }> {
  const { status, headers } = await client.post(INITIALIZE)
  assert.equal(status, 200)
  return { 'mcp-session-id': headers['mcp-session-id'] as string }
}

test('an Http2ServerRequest is served: Host is :authority, and no header of the reply is of a connection', async (t) => {
  const { client, seen, url } = await mounted(t)
  const session = await openSession(client)
  const reply = await client.post(call(1, 'echo', { text: 'é' }), session)
  assert.deepEqual([reply.status, textOf(reply.json)], [200, 'é'])
  assert.deepEqual(seen, [{ host: new URL(url).host, pseudo: false }])
  const streamed = await client.post(call(2, 'talk', { text: 'said' }), session)
  assert.equal(streamed.headers['content-type'], 'text/event-stream')
  assert.deepEqual([textOf(streamed.messages.at(-1)), streamed.code], ['said', 0])
  const refused = await client.send({ path: '/mcp', method: 'PUT' })
  assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, POST, DELETE, OPTIONS'])
  for (const { headers } of [reply, streamed, refused]) {
    for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'upgrade']) {
      assert.equal(headers[name], undefined, name)
    }
  }
  const ended = await client.send({ method: 'DELETE', headers: session })
  assert.equal(ended.status, 200)
})

test(':authority is held against allowedHosts, and a Host line that differs from it is refused', async (t) => {
  const { client, url } = await mounted(t)
  const authority = new URL(url).host
  const rows: readonly (readonly [headers: { [name: string]: string }, status: number])[] = [
    [{ ':authority': authority }, 200],
    [{ ':authority': authority, host: authority }, 200],
    [{ ':authority': 'evil.example' }, 403],
    [{ ':authority': 'evil.example', host: authority }, 400],
    [{ ':authority': authority, host: 'evil.example' }, 400],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: `https://${authority}` }, 200],
  ]
  for (const [headers, status] of rows) {
    const reply = await client.post(INITIALIZE, headers)
    assert.equal(reply.status, status, JSON.stringify(headers))
  }
})

test('1000 streams are open at once on one connection, each gets its own events, and calls go on beside them', async (t) => {
  const { client, held, serving } = await served(t, { maxInFlightPerSession: 2000, keepAliveMs: 0 })
  const session = await openSession(client)
  const replies = Array.from({ length: 1000 }, (_, n) =>
    client.post(call(n, 'hold', { n }, { progressToken: n }), session),
  )
  const calls = await Promise.all(replies.map(() => held.next()))
  for (const { ctx, args } of calls) await ctx.progress(Number(args['n']))
  assert.equal(serving.stats().streams, 1000)
  assert.equal(textOf((await client.post(call('beside', 'echo', { text: 'ok' }), session)).json), 'ok')
  for (const { finish, args } of calls) finish(`answer ${args['n']}`)
  for (const [n, reply] of (await Promise.all(replies)).entries()) {
    const [progress, answer] = reply.messages
    assert.deepEqual([progress?.params.progress, answer?.id, textOf(answer)], [n, n, `answer ${n}`])
  }
  assert.deepEqual([serving.stats().streams, serving.stats().callsInProgress], [0, 0])
})

test('1000 calls at once that are answered in the turn in which they come', async (t) => {
  const { client } = await served(t)
  const session = await openSession(client)
  const text = 'x'.repeat(4000)
  const replies = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => client.post(call(n, 'echo', { text }), session)),
  )
  assert.ok(replies.every(({ status, json }, n) => status === 200 && json.id === n && textOf(json) === text))
})

test('a stream that is reset is resumed on another connection, without a gap', async (t) => {
  const { client, held, url } = await served(t)
  const session = await openSession(client)
  const stream = client.begin({
    body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold', {}, { progressToken: 1 }) }),
    headers: session,
  })
  const { ctx, finish } = await held.next()
  await ctx.progress(1)
  const parser = new SseParser()
  const [chunk] = (await within(once(stream, 'data'), () => 'the first event')) as [Buffer]
  const first = parser.push(chunk).filter(({ id }) => id !== undefined)
  const lastEventId = first.at(-1)?.id as string
  await client.close()
  void ctx.progress(2)
  void ctx.progress(3)
  const other = new Http2Client(url)
  t.after(() => other.close())
  const resumed = replyOf(
    other.begin({ method: 'GET', headers: { ...session, 'last-event-id': lastEventId } }),
  )
  finish('all')
  const { messages } = await resumed
  const seen = [
    ...first.map(({ json }) => json?.params?.progress),
    ...messages.map(({ params }) => params?.progress),
  ]
  assert.deepEqual(
    seen.filter((each) => each !== undefined),
    [1, 2, 3],
  )
  assert.equal(textOf(messages.at(-1)), 'all')
})

test('a stream that the client resets cancels a call that cannot be resumed', async (t) => {
  const { client, held } = await served(t, { sessions: false })
  const stream = client.begin({ body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold') }) })
  const { aborted } = await held.next()
  stream.close(8)
  assert.equal(((await aborted()) as { code?: string }).code, 'ERR_CLIENT_GONE')
})

test('a body that is too large is refused, the upload is stopped, and the connection stays', async (t) => {
  const { client, serving } = await served(t, { maxBodyBytes: 100_000 })
  const upload = client.begin({})
  const reply = replyOf(upload)
  const piece = Buffer.alloc(16_384, 0x20)
  let sent = 0
  let go = () => {}
  upload
    .on('drain', () => go())
    .on('aborted', () => go())
    .on('close', () => go())
  while (!upload.closed && !upload.destroyed && sent < 64 * 1024 * 1024) {
    sent += piece.length
    const drained = new Promise<void>((resolve) => {
      go = resolve
    })
    if (!upload.write(piece)) await drained
  }
  const { status, json } = await reply
  await eventually(() => upload.closed, 'the reset of the upload')
  assert.deepEqual([status, upload.rstCode], [413, 0])
  assert.match(json.error.message, /the limit is 100000/)
  assert.ok(sent < 1024 * 1024, `${sent} bytes were sent`)
  const declared = client.begin({ headers: { 'content-length': '200000' } })
  assert.equal((await replyOf(declared)).status, 413)
  assert.equal((await client.post(INITIALIZE)).status, 200)
  assert.equal(serving.stats().bodyBytes, 0)
})

test('a body that does not end is given up after 70 seconds', async (t) => {
  const { client, serving } = await served(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const upload = client.begin({})
  upload.write(Buffer.alloc(10_000, 0x20))
  await eventually(() => serving.stats().bodyBytes > 0, 'the first part of the body')
  t.mock.timers.tick(70_000)
  assert.notEqual((await replyOf(upload)).code, 0)
  t.mock.timers.reset()
  await eventually(() => serving.stats().bodyBytes === 0, 'the end of the body')
})

test('a client that reads nothing of an event stream loses it above maxStreamBufferBytes, and keeps its connection', async (t) => {
  const { client, held, serving } = await served(t, { maxStreamBufferBytes: 100_000 })
  const session = await openSession(client)
  const stream = client.begin({
    body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold', {}, { progressToken: 1 }) }),
    headers: session,
  })
  const { ctx, finish } = await held.next()
  const closed = once(stream, 'close')
  const message = 'x'.repeat(20_000)
  for (let n = 0; n < 100; n++) void ctx.progress(n, undefined, message)
  await eventually(() => serving.stats().streams === 0, 'the end of the stream')
  stream.resume()
  await within(closed, () => 'the reset of the stream')
  assert.equal(stream.rstCode, 8)
  assert.equal(textOf((await client.post(call(2, 'echo', { text: 'still' }), session)).json), 'still')
  finish('')
})

test('a handler that awaits its messages waits for a reader that is slow', async (t) => {
  const { client, held } = await served(t)
  const session = await openSession(client)
  const stream = client.begin({
    body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold', {}, { progressToken: 1 }) }),
    headers: session,
  })
  const { ctx, finish } = await held.next()
  let sent = 0
  const sending = (async () => {
    for (; sent < 200; sent++) await ctx.progress(sent, undefined, 'x'.repeat(20_000))
  })()
  // It stops at what two windows and one buffer take: nothing more happens until the client reads.
  let before = -1
  while (before !== sent) {
    before = sent
    await client.session.ping(() => {})
    for (let turn = 0; turn < 200; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert.ok(sent < 100, `${sent} of 200 were sent to a client that reads nothing`)
  const reply = replyOf(stream)
  await sending
  finish('all')
  assert.equal((await reply).messages.length, 201)
})

test('a client that takes no replies is disconnected when they are more than the limit', async (t) => {
  const { client, serving } = await served(t, { maxStreamBufferBytes: 20_000 })
  const session = await openSession(client)
  const text = 'x'.repeat(20_000)
  const deaf = new Http2Client(serving.url, { initialWindowSize: 0 })
  t.after(() => deaf.close())
  const gone = once(deaf.session, 'close')
  for (let n = 0; n < 60; n++) {
    deaf.begin({ body: JSON.stringify({ jsonrpc: '2.0', ...call(n, 'echo', { text }) }), headers: session })
  }
  await within(gone, () => 'the end of the connection')
  assert.equal((await client.post(call('other', 'echo', { text }), session)).status, 200)
})

test('serve with tls speaks HTTP/1.1 with those who do not offer HTTP/2, silent streams included', async (t) => {
  const { url, serving, server } = await served(t)
  assert.match(url, /^https:/)
  const { cert: ca } = certificate()
  const post = (body: object, headers: { [name: string]: string } = {}) =>
    new Promise<{ status?: number; version: string; text: string; session: string }>((resolve, reject) => {
      const request = httpsRequest(url, {
        method: 'POST',
        ca,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
      })
      request.on('error', reject).on('response', async (response) => {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        const session = String(response.headers['mcp-session-id'])
        resolve({ status: response.statusCode ?? 0, version: response.httpVersion, text, session })
      })
      request.end(JSON.stringify({ jsonrpc: '2.0', ...body }))
    })
  const opened = await post(INITIALIZE)
  assert.deepEqual([opened.status, opened.version], [200, '1.1'])
  const headers = { 'mcp-session-id': opened.session, accept: 'text/event-stream' }
  const request = httpsGet(url, { ca, headers })
  const [stream] = (await once(request, 'response')) as [NodeJS.ReadableStream]
  const { text } = await post(call(1, 'echo', { text: 'over TLS' }), headers)
  assert.match(text, /over TLS/)
  server.registerTool('late', {}, () => 'late')
  let events = ''
  stream.setEncoding('utf8').on('data', (part) => {
    events += part
  })
  await eventually(() => events.includes('list_changed'), 'the change')
  const ended = once(stream, 'end')
  await serving.close({ drainMs: 1000 })
  await ended
})

test('the handler under node:https answers in one write, as under node:http', async (t) => {
  const { server } = definition()
  const handler = createMcpHandler(server)
  const https = createHttpsServer({ ...certificate(), ServerResponse: DirectResponse }, handler)
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  t.after(async () => {
    await handler.close({ drainMs: 0 })
    https.close()
    https.closeAllConnections()
  })
  const { port } = https.address() as AddressInfo
  const request = httpsRequest({
    port,
    host: 'localhost',
    method: 'POST',
    ca: certificate().cert,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
  })
  request.end(JSON.stringify({ jsonrpc: '2.0', ...INITIALIZE }))
  const [response] = await once(request, 'response')
  assert.deepEqual([response.statusCode, response.headers.connection], [200, 'keep-alive'])
  response.resume()
  await once(response, 'end')
})

test('close sends GOAWAY, lets calls finish, refuses new ones, and ends the connections', async (t) => {
  const { client, held, serving } = await served(t)
  const session = await openSession(client)
  const idle = new Http2Client(serving.url)
  t.after(() => idle.close())
  assert.equal((await idle.post(INITIALIZE)).status, 200)
  const standalone = replyOf(client.begin({ method: 'GET', headers: session }))
  await eventually(() => serving.stats().streams === 1, 'the stream')
  const reply = client.post(call(1, 'hold'), session)
  const { finish } = await held.next()
  const goaway = once(client.session, 'goaway')
  const [idleClosed, closed] = [once(idle.session, 'close'), once(client.session, 'close')]
  const closing = serving.close()
  const [code] = (await within(goaway, () => 'GOAWAY')) as [number]
  assert.equal(code, 0)
  await within(idleClosed, () => 'the end of the idle connection')
  assert.equal((await standalone).code, 0)
  finish('in time')
  assert.equal(textOf((await reply).json), 'in time')
  await closing
  await within(closed, () => 'the end of the connection')
})

test('a connection of HTTP/2 without streams is closed after 65 seconds, and one with a stream is not', async (t) => {
  const { serving, held } = await served(t)
  const timeouts: (() => void)[] = []
  serving.server.on('session', (session) => timeouts.push(() => session.emit('timeout')))
  const [fresh, busy] = [new Http2Client(serving.url), new Http2Client(serving.url)]
  t.after(() => Promise.all([fresh.close(), busy.close()]))
  await fresh.post(INITIALIZE)
  const reply = busy.post(call(1, 'hold'), await openSession(busy))
  const { finish } = await held.next()
  const closed = once(fresh.session, 'close')
  for (const timeout of timeouts) timeout()
  await within(closed, () => 'the end of the idle connection')
  finish('still there')
  assert.equal(textOf((await reply).json), 'still there')
})

test('serve refuses wrong tls options at once, and names them', async () => {
  const { key, cert } = certificate()
  const rows: readonly (readonly [tls: object, message: RegExp])[] = [
    [{ cert }, /tls\.key is missing/],
    [{ key }, /tls\.cert is missing/],
    [{ key: 'x', cert }, /tls\.key and tls\.cert cannot be used: /],
    [[] as object, /tls must be an object|is missing/],
    ['yes' as unknown as object, /tls must be an object with key and cert; got/],
  ]
  for (const [tls, message] of rows) {
    await assert.rejects(serve(definition().server, { port: 0, tls }), { name: 'TypeError', message })
  }
})

test('a session of HTTP/2 whose streams were open at an idle timeout is closed at a later one', async (t) => {
  let answer = () => {}
  const timeouts = { keepAliveTimeout: 50, headersTimeout: 60_000, requestTimeout: 60_000 }
  const { server, closeAll } = await createOwnServer(certificate(), timeouts, (_, response) => {
    answer = () => void response.end('late')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const opened = once(server, 'session')
  const client = new Http2Client(`https://localhost:${(server.address() as AddressInfo).port}/`)
  t.after(async () => {
    await client.close()
    closeAll()
    server.close()
  })
  const [session] = (await within(opened, () => 'a session')) as [ServerHttp2Session]
  const reply = client.send({ method: 'GET' })
  for (let times = 0; times < 2; times += 1) await within(once(session, 'timeout'), () => 'an idle timeout')
  assert.equal(session.closed, false)
  const closed = once(client.session, 'close')
  answer()
  assert.equal((await reply).text, 'late')
  await within(closed, () => 'the session to be closed')
})
