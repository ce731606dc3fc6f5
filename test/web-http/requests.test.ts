/** The fetch handler given a `Request` in process: what of a request is looked at, and how bodies are read. */

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import {
  createFetchHandler,
  type FetchHandlerOptions,
  type FetchRefusal,
  McpServer,
} from '../../src/fetch.ts'
import { createMcpHandler } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { createPortableServer } from '../interop/portable-server.ts'
import { answerOf, callRequest, HEADERS, initializeRequest, postOf } from './request.ts'

function handlerOf(t: TestContext, options: FetchHandlerOptions = {}, server = createPortableServer()) {
  const handler = createFetchHandler(server, options)
  t.after(() => handler.close({ drainMs: 0 }))
  return handler
}

test('both eras answer a Request, without a Host header by the authority of its URL', async (t) => {
  const handler = handlerOf(t)
  const opened = await handler(initializeRequest())
  assert.equal(opened.status, 200)
  assert.equal(opened.headers.get('content-type'), 'application/json')
  assert.equal(((await opened.json()) as WireJson)['result'].serverInfo.name, 'portable')
  const sessionId = opened.headers.get('mcp-session-id') as string
  const headers = { ...HEADERS, 'mcp-session-id': sessionId, 'mcp-protocol-version': '2025-11-25' }
  const ended = await handler(new Request('http://localhost:3000/mcp', { method: 'DELETE', headers }))
  assert.deepEqual([ended.status, handler.stats().sessions], [200, 0])
  const { status, json } = await answerOf(handler, callRequest('echo', { text: 'é' }))
  assert.deepEqual([status, json.result.content], [200, [{ type: 'text', text: 'é' }]])
})

test('Host, or the authority of the URL where there is none, Origin and path are checked before anything is read', async (t) => {
  const handler = handlerOf(t, { path: '/mcp' })
  const body = new ReadableStream(
    {
      pull: () => {
        throw new Error('the body was read')
      },
    },
    { highWaterMark: 0 },
  )
  const refused = async (options: Parameters<typeof postOf>[1]) =>
    (await handler(postOf(body, options))).status
  assert.equal(await refused({ url: 'http://evil.example/mcp' }), 403)
  assert.equal((await handler(callRequest('echo', {}, { headers: { host: 'evil.example' } }))).status, 403)
  const origin = { origin: 'https://evil.example' }
  assert.equal((await handler(callRequest('echo', {}, { headers: origin }))).status, 403)
  assert.equal((await handler(callRequest('echo', {}, { url: 'http://localhost/other' }))).status, 404)
  assert.equal((await handler(callRequest('echo', {}, { url: 'http://localhost/mcp?x=1' }))).status, 200)
  const local = { origin: 'http://localhost:3000' }
  const { headers } = await handler(callRequest('echo', {}, { headers: local }))
  assert.equal(headers.get('access-control-allow-origin'), 'http://localhost:3000')
})

test('a preflight is answered, and a method that has no meaning gets 405 with Allow', async (t) => {
  const handler = handlerOf(t)
  const headers = { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' }
  const url = 'http://localhost:3000/mcp'
  const preflight = await handler(new Request(url, { method: 'OPTIONS', headers }))
  assert.deepEqual([preflight.status, preflight.body], [204, null])
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Mcp-Session-Id/i)
  const put = await handler(new Request(url, { method: 'PUT' }))
  assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, POST, DELETE, OPTIONS'])
})

test('a body above maxBodyBytes gets 413 whether it says its length, does not, or says a smaller one', async (t) => {
  const handler = handlerOf(t, { maxBodyBytes: 1000 })
  const long = `{"jsonrpc":"2.0","x":"${'x'.repeat(2000)}"}`
  let pulled = 0
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled += 1
      controller.enqueue(Buffer.alloc(100, 0x20))
    },
  })
  const answers = [
    await answerOf(handler, postOf(long, { headers: { 'content-length': '2022' } })),
    await answerOf(handler, postOf(endless)),
    await answerOf(handler, postOf(long, { headers: { 'content-length': '10' } })),
  ]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [413, 413, 413],
  )
  assert.match(answers[0]?.json.error.message, /declares 2022 bytes, the limit is 1000/)
  assert.ok(pulled <= 12, `${pulled} pieces were read`)
  assert.equal(handler.stats().bodyBytes, 0)
})

test('a body may come in pieces of one byte, and counts against maxTotalBodyBytes until its call is over', async (t) => {
  const server = createPortableServer()
  let finish = () => {}
  let started = () => {}
  const waiting = new Promise<void>((resolve) => (started = resolve))
  server.registerTool('hold', {}, async () => {
    started()
    await new Promise<void>((resolve) => (finish = resolve))
    return 'held'
  })
  const handler = handlerOf(t, { maxTotalBodyBytes: 20_000 }, server)
  const padding = 'x'.repeat(16_000)
  const whole = await callRequest('hold', { padding }).text()
  const pieces = new ReadableStream({
    start: (controller) => {
      for (const byte of Buffer.from(whole)) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'hold' }
  const first = answerOf(handler, postOf(pieces, { headers }))
  await waiting
  assert.ok(handler.stats().bodyBytes > 10_000)
  assert.equal((await handler(callRequest('echo', { padding }))).status, 503)
  finish()
  assert.equal((await first).json.result.content[0].text, 'held')
  assert.equal(handler.stats().bodyBytes, 0)
})

test('a client that leaves in the middle of its body ends the promise, and nothing is kept', async (t) => {
  const handler = handlerOf(t)
  const body = new ReadableStream({
    pull: (controller) => {
      if (controller.desiredSize === 1) controller.enqueue(Buffer.alloc(50_000, 0x20))
      controller.error(new Error('reset'))
    },
  })
  const response = await handler(postOf(body))
  assert.equal(response.status, 499)
  assert.equal(handler.stats().bodyBytes, 0)
})

test('a body that was read before is the mistake of who mounts the handler, who can pass parsedBody', async (t) => {
  const errors: unknown[] = []
  const server = new McpServer({ name: 'x', version: '1.0.0' }, { onError: (error) => errors.push(error) })
  server.registerTool('echo', {}, () => 'here')
  const handler = handlerOf(t, {}, server)
  const request = callRequest('echo')
  const parsedBody = await request.json()
  assert.equal((await handler(request)).status, 500)
  assert.match(String(errors[0]), /read before: pass \{ parsedBody \} as the second argument/)
  const response = await handler(request, { parsedBody })
  assert.equal(((await response.json()) as WireJson)['result'].content[0].text, 'here')
})

test('auth.verify and onRejected are given the Request', async (t) => {
  const refusals: FetchRefusal[] = []
  const seen: Request[] = []
  const handler = handlerOf(t, {
    auth: {
      verify: (token, request) => {
        seen.push(request)
        return token === 'good' ? { id: 'ann' } : null
      },
    },
    onRejected: (refusal) => refusals.push(refusal),
  })
  const good = callRequest('echo', {}, { headers: { authorization: 'Bearer good' } })
  assert.equal((await handler(good)).status, 200)
  const bad = callRequest('echo', {}, { headers: { authorization: 'Bearer bad' } })
  const response = await handler(bad)
  assert.equal(response.status, 401)
  assert.match(response.headers.get('www-authenticate') ?? '', /invalid_token/)
  assert.deepEqual([seen, refusals[0]?.request, refusals[0]?.status], [[good, bad], bad, 401])
  assert.equal(handler.stats().rejected, 1)
})

test('observers of barewire:http see each Request, its Response, and why it was refused', async (t) => {
  const handler = handlerOf(t)
  const seen: { name: string; message: Readonly<Record<string, unknown>> }[] = []
  for (const name of ['start', 'end', 'error']) {
    const listener = (message: unknown) =>
      seen.push({ name, message: message as (typeof seen)[0]['message'] })
    subscribe(`barewire:http:${name}`, listener)
    t.after(() => unsubscribe(`barewire:http:${name}`, listener))
  }
  const request = postOf('{', {})
  const response = await handler(request)
  assert.deepEqual(
    seen.map(({ name }) => name),
    ['start', 'end', 'error'],
  )
  assert.deepEqual(
    seen.map(({ message }) => message['request']),
    [request, request, request],
  )
  assert.equal(seen[1]?.message['response'], response)
  assert.match(String(seen[2]?.message['error']), /RpcError/)
})

test('a handler that is mounted on the wrong carrier says which one to use', async (t) => {
  const handler = handlerOf(t)
  const node = { rawHeaders: [], headers: {}, url: '/mcp', method: 'POST' } as unknown as Request
  await assert.rejects(handler(node, {} as ServerResponse), /for node:http use createMcpHandler of barewire/)
  await assert.rejects(handler(undefined as unknown as Request), /takes a Request; got undefined/)
  const mounted = createMcpHandler(createPortableServer()) as unknown as (request: Request) => void
  assert.throws(() => mounted(callRequest('echo')), /for a Request use createFetchHandler of barewire\/fetch/)
  const none = createMcpHandler(createPortableServer()) as unknown as (request: IncomingMessage) => void
  assert.throws(
    () => none({} as IncomingMessage),
    /function of \(request, response\) of node:http; got an object/,
  )
})

test('options are checked, and what belongs to connections is none', () => {
  const server = createPortableServer()
  const wrong = (options: object) => () => createFetchHandler(server, options)
  assert.throws(wrong({ maxPipelined: 1 }), /There is no option "maxPipelined"/)
  assert.throws(wrong({ port: 1 }), /it is an option of serve\(\)/)
  assert.throws(wrong({ maxBodyBytes: -1 }), /maxBodyBytes/)
})
