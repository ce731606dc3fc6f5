/** `serve` with `tls`, and the handler under node:https: both versions of HTTP, the end of connections, wrong options. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import { createServer as createHttpsServer, get as httpsGet, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createMcpHandler, serve } from '../../src/index.ts'
import { createSecureServer } from '../../src/node-http/secure-server.ts'
import { certificate } from '../helpers/certificate.ts'
import { Http2Client, replyOf } from '../helpers/http2-client.ts'
import { within } from '../helpers/within.ts'
import { eventually } from '../session-era/serving.ts'
import { call, definition, INITIALIZE, openSession, served, textOf } from './http2-serving.ts'

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
  const https = createHttpsServer(certificate(), handler)
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
  const { server, closeAll } = await createSecureServer(certificate(), timeouts, (_, response) => {
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
