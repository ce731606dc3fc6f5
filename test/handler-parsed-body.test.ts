/** Mounting: a body that a framework has read already, in every form that frameworks give it. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import express from 'express'
import { createMcpHandler, McpServer } from '../src/index.ts'
import { initializeText } from './conversations/running-server.ts'
import { type HttpReply, post, type RequestHeaders, TestSession } from './helpers/wire.ts'

const hello = JSON.parse(initializeText)

/** Reads the body as a framework does, puts it somewhere, and calls the handler. */
type Mount = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

async function mounted(t: TestContext, mount: (handler: ReturnType<typeof createMcpHandler>) => Mount) {
  const errors: unknown[] = []
  const server = new McpServer({ name: 'mounted', version: '1' }, { onError: (error) => errors.push(error) })
  const handler = createMcpHandler(server, { path: '/mcp' })
  const serveBody = mount(handler)
  const httpServer = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    serveBody(request, response, Buffer.concat(chunks))
  }).listen(0, '127.0.0.1')
  await once(httpServer, 'listening')
  t.after(async () => {
    await handler.close({ drainMs: 0 })
    httpServer.close()
    httpServer.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}/mcp`, errors, server }
}

function assertWelcomed(reply: HttpReply): void {
  assert.equal(reply.status, 200, reply.text)
  assert.equal(reply.json.result.serverInfo.name, 'mounted')
}

const forms: readonly (readonly [name: string, form: (body: Buffer) => unknown])[] = [
  ['an object', (body) => JSON.parse(body.toString())],
  ['a string', (body) => body.toString()],
  ['a Buffer', (body) => body],
  ['a Uint8Array', (body) => new Uint8Array(body)],
]

for (const [name, form] of forms) {
  test(`a body that was parsed to ${name} is taken as the third argument and as request.body`, async (t) => {
    const third = await mounted(t, (handler) => (request, response, body) => {
      handler(request, response, form(body))
    })
    assertWelcomed(await post(third.url, hello))
    const property = await mounted(t, (handler) => (request, response, body) => {
      Object.assign(request, { body: form(body) })
      handler(request, response)
    })
    assertWelcomed(await post(property.url, hello))
    assert.deepEqual([third.errors, property.errors], [[], []])
  })
}

test('a third argument that is a function, as Express gives it, is not taken for a body', async (t) => {
  let nextCalls = 0
  const { url } = await mounted(t, (handler) => (request, response, body) => {
    Object.assign(request, { body: JSON.parse(body.toString()) })
    handler(request, response, () => {
      nextCalls += 1
    })
  })
  assertWelcomed(await post(url, hello))
  assert.equal(nextCalls, 0)
})

test('a parsed body is checked like any other: bytes that are no JSON, null, a number, an empty string', async (t) => {
  const rows: readonly (readonly [form: () => unknown, code: number])[] = [
    [() => Buffer.from([0x7b, 0xff]), -32700],
    [() => '{', -32700],
    [() => '', -32700],
    [() => null, -32600],
    [() => 5, -32600],
    [() => ({}), -32600],
    // An array goes on to its session, which is missing.
    [() => [], -32000],
  ]
  for (const [form, code] of rows) {
    const { url, errors } = await mounted(t, (handler) => (request, response) => {
      handler(request, response, form())
    })
    const reply = await post(url, hello)
    assert.deepEqual([reply.status, reply.json.error.code], [400, code])
    assert.deepEqual(errors, [])
  }
})

test('a body that was read and not handed over is the mistake of the program, and is reported as one', async (t) => {
  const { url, errors } = await mounted(t, (handler) => (request, response) => handler(request, response))
  const reply = await post(url, hello)
  assert.deepEqual([reply.status, reply.json.error.code], [500, -32603])
  assert.equal(errors.length, 1)
  assert.match(String(errors[0]), /read before: pass the parsed body to the handler/)
})

test('an empty object in place of a body that nothing has read does not count, as Express 4 puts it there', async (t) => {
  const handler = createMcpHandler(new McpServer({ name: 'mounted', version: '1' }))
  const httpServer = createServer((request, response) => {
    Object.assign(request, { body: {} })
    handler(request, response, {})
  }).listen(0, '127.0.0.1')
  await once(httpServer, 'listening')
  t.after(() => {
    httpServer.close()
    httpServer.closeAllConnections()
  })
  assertWelcomed(await post(`http://127.0.0.1:${(httpServer.address() as AddressInfo).port}/mcp`, hello))
})

test('path is that of the whole URL or what is left of it below a mount, and a refusal names the one that came', async (t) => {
  const handler = createMcpHandler(new McpServer({ name: 'mounted', version: '1' }), { path: '/mcp' })
  const app = express()
  app.use('/api', handler)
  const httpServer = app.listen(0, '127.0.0.1')
  await once(httpServer, 'listening')
  t.after(() => {
    httpServer.close()
    httpServer.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`
  assertWelcomed(await post(`${url}/api/mcp?key=1`, hello))
  const refused = await post(`${url}/api/other`, hello)
  assert.equal(refused.status, 404)
  assert.match(refused.json.error.message, /"\/api\/other"; the MCP endpoint is \/mcp \(the path option\)$/)
})

test('Express serves it below a mount point, with and without its JSON parser, final slash and query included', async (t) => {
  for (const parser of [express.json(), undefined]) {
    const handler = createMcpHandler(new McpServer({ name: 'mounted', version: '1' }), { path: '/mcp' })
    const app = express()
    if (parser !== undefined) app.use(parser)
    app.use('/mcp', handler)
    const httpServer = app.listen(0, '127.0.0.1')
    await once(httpServer, 'listening')
    t.after(async () => {
      await handler.close({ drainMs: 0 })
      httpServer.close()
      httpServer.closeAllConnections()
    })
    const url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}/mcp`
    for (const target of [url, `${url}/`, `${url}?key=1`]) assertWelcomed(await post(target, hello))
    const session = await TestSession.open(url)
    assert.equal((await session.request('ping')).status, 200)
    assert.equal((await session.delete()).status, 200)
    assert.equal((await post(`${url}/below`, hello)).status, 404)
  }
})

test('a body that a framework left as bytes or text is held to maxBodyDepth', async (t) => {
  const deep = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(600)}${']'.repeat(600)}}}`
  for (const form of [() => deep, () => Buffer.from(deep), () => new Uint8Array(Buffer.from(deep))]) {
    const { url } = await mounted(t, (handler) => (request, response) => handler(request, response, form()))
    const reply = await post(url, {}, {}, { check: 'none' })
    assert.deepEqual([reply.status, reply.json.error.code], [400, -32700])
    assert.match(reply.json.error.message, /512 levels/)
  }
})

test('what a framework has parsed may be 100 000 levels deep, anywhere: it is answered, and is no internal error', async (t) => {
  let deep: unknown = 1
  for (let level = 0; level <= 100_000; level++) deep = level % 2 === 0 ? { a: deep } : [deep]
  let body: unknown = hello
  const { url, errors, server } = await mounted(t, (handler) => (request, response) => {
    handler(request, response, body)
  })
  const tree = { items: { $ref: '#/$defs/tree' }, additionalProperties: { $ref: '#/$defs/tree' } }
  const inputSchema = {
    type: 'object',
    properties: {
      tree: { $ref: '#/$defs/tree' },
      one: { enum: [[1], { a: 1 }] },
      set: { uniqueItems: true },
    },
    $defs: { tree },
  } as const
  server.registerTool('walk', { inputSchema }, () => 'walked')
  server.registerPrompt(
    'p',
    { argsSchema: { type: 'object', properties: { a: { type: 'string' } } } },
    () => 'x',
  )
  const { headers } = await post(url, {}, {}, { check: 'none' })
  const session = { 'mcp-session-id': headers['mcp-session-id'], 'mcp-protocol-version': '2025-11-25' }
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }

  const send = async (message: object, sent: RequestHeaders) => {
    body = message
    const { status, text } = await post(url, {}, sent, { check: 'none' })
    assert.ok([200, 202, 400, 404].includes(status), `${status} ${text.slice(0, 500)}`)
    assert.ok(text.length < 2000 && !text.includes('-32603'), text.slice(0, 500))
  }
  const calls: readonly (readonly [method: string, params: object])[] = [
    ['tools/call', { name: 'walk', arguments: { tree: deep } }],
    ['tools/call', { name: 'walk', arguments: { one: deep, set: Array(20).fill(deep) } }],
    ['tools/call', { name: deep }],
    ['tools/call', { name: 'walk', arguments: {}, inputResponses: deep, requestState: deep }],
    ['prompts/get', { name: 'p', arguments: { a: deep } }],
    ['completion/complete', { ref: deep, argument: deep, context: deep }],
    ['resources/read', { uri: deep }],
    ['tools/list', { cursor: deep }],
    ['subscriptions/listen', { notifications: deep }],
    ['no/such', { deep }],
  ]
  for (const [method, params] of calls) {
    await send({ jsonrpc: '2.0', id: 1, method, params }, session)
    const stateless = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': 'walk' }
    await send({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }, stateless)
  }
  await send({ ...hello, params: { ...hello.params, capabilities: { experimental: deep } } }, {})
  await send({ jsonrpc: '2.0', id: 1, result: deep }, session)
  await send({ jsonrpc: '2.0', id: deep, method: 'ping' }, session)
  assert.deepEqual(errors, [])
})
