/** The stateless era: envelope and mirrored headers, rounds of input, cached responses. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpError, RpcError } from '../../src/client/index.ts'
import { connected, event, failure, result, scripted, stateless, stream } from './scripted-server.ts'
import { countOf, elicit, withTools } from './stateless-script.ts'

const META = 'io.modelcontextprotocol'

test('every request says who sends it and in which revision, in _meta and in headers', async (t) => {
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { contents: [] }), {}),
  )
  const clientInfo = { name: 'my-agent', version: '2.0.0' }
  const client = await connected(t, server.url, {
    clientInfo,
    onElicit: () => ({ action: 'cancel' }),
    logLevel: 'error',
  })
  await client.readResource('file:///ä', { meta: { traceparent: 't' } })
  assert.equal(server.seen.length, 2)
  for (const { message, request } of server.seen) {
    const meta = message.params._meta
    assert.equal(meta[`${META}/protocolVersion`], '2026-07-28')
    assert.deepEqual(meta[`${META}/clientInfo`], clientInfo)
    const tasks = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
    assert.deepEqual(meta[`${META}/clientCapabilities`], { elicitation: { form: {} }, ...tasks })
    assert.equal(meta[`${META}/logLevel`], 'error')
    assert.equal(request.headers['mcp-protocol-version'], '2026-07-28')
    assert.equal(request.headers['mcp-method'], message.method)
    assert.equal(request.headers.accept, 'application/json, text/event-stream')
    assert.equal(request.headers['mcp-session-id'], undefined)
  }
  const [, read] = server.seen
  assert.equal(read?.message.params._meta.traceparent, 't')
  assert.equal(read?.request.headers['mcp-name'], `=?base64?${Buffer.from('file:///ä').toString('base64')}?=`)
})

test('annotated parameters are repeated in headers, encoded where they have to be', async (t) => {
  const property = (name: string, type = 'string') => ({ type, 'x-mcp-header': name })
  const inputSchema = {
    type: 'object',
    properties: {
      plain: property('Plain'),
      number: property('Number', 'integer'),
      flag: property('Flag', 'boolean'),
      empty: property('Empty'),
      padded: property('Padded'),
      tab: property('Tab'),
      lines: property('Lines'),
      other: property('Other'),
      sentinel: property('Sentinel'),
      absent: property('Absent'),
      nothing: property('Nothing'),
      nested: { type: 'object', properties: { deep: property('Deep') } },
      free: { type: 'string' },
    },
  }
  const server = await scripted(
    t,
    withTools([{ name: 'a', inputSchema }], (exchange) => result(exchange, { content: [] })),
  )
  const client = await connected(t, server.url)
  await client.callTool('a', {
    plain: 'us west-1',
    number: -7,
    flag: false,
    empty: '',
    padded: ' padded ',
    tab: 'a\tb',
    lines: 'a\r\nb',
    other: 'Hello, 世界',
    sentinel: '=?base64?literal?=',
    nothing: null,
    nested: { deep: 'x' },
    free: 'y',
  })
  const { headers } = server.seen.at(-1)?.request ?? {}
  const sent = Object.entries(headers ?? {}).filter(([name]) => name.startsWith('mcp-param-'))
  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`
  assert.deepEqual(Object.fromEntries(sent), {
    'mcp-param-plain': 'us west-1',
    'mcp-param-number': '-7',
    'mcp-param-flag': 'false',
    'mcp-param-empty': '',
    'mcp-param-padded': base64(' padded '),
    'mcp-param-tab': base64('a\tb'),
    'mcp-param-lines': base64('a\r\nb'),
    'mcp-param-other': '=?base64?SGVsbG8sIOS4lueVjA==?=',
    'mcp-param-sentinel': '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=',
    'mcp-param-deep': 'x',
  })
})

test('tools are listed once for any number of calls, and again when their server refuses the headers', async (t) => {
  let header = 'Old'
  const tools = () => [
    {
      name: 'a',
      inputSchema: { type: 'object', properties: { p: { type: 'string', 'x-mcp-header': header } } },
    },
  ]
  const server = await scripted(
    t,
    stateless(
      (exchange) => {
        if (exchange.what === 'tools/list') return result(exchange, { tools: tools() })
        const { headers } = exchange.request
        if (headers[`mcp-param-${header.toLowerCase()}`] !== 'v')
          return failure(exchange, -32020, 'Header mismatch', 400)
        return result(exchange, { content: [] })
      },
      { tools: {} },
    ),
  )
  const client = await connected(t, server.url)
  await Promise.all(Array.from({ length: 10 }, () => client.callTool('a', { p: 'v' })))
  assert.equal(countOf(server.log(), 'tools/list'), 1)
  header = 'New'
  await client.callTool('a', { p: 'v' })
  assert.equal(countOf(server.log(), 'tools/list'), 2)
})

test('a tool with a wrong annotation is left out of the list, cannot be called, and spoils no other', async (t) => {
  const bad = {
    name: 'bad',
    inputSchema: { type: 'object', properties: { p: { type: 'number', 'x-mcp-header': 'P' } } },
  }
  const good = { name: 'good', inputSchema: { type: 'object' } }
  const server = await scripted(
    t,
    withTools([bad, good], (exchange) => result(exchange, { content: [] })),
  )
  const errors: unknown[] = []
  const client = await connected(t, server.url, { onError: (error) => errors.push(error) })
  assert.deepEqual(
    (await client.tools().toArray()).map(({ name }) => name),
    ['good'],
  )
  assert.match(String(errors), /tool "bad": x-mcp-header at \/properties\/p must be on a string/)
  await client.callTool('good')
  await assert.rejects(client.callTool('bad'), {
    code: 'ERR_NOT_SUPPORTED',
    message: /"bad" cannot be called/,
  })
  assert.equal(countOf(server.log(), 'tools/call'), 1)
})

test('aborting a call while its tool is looked up rejects at once', async (t) => {
  const abort = new AbortController()
  const server = await scripted(
    t,
    stateless(() => abort.abort(), { tools: {} }),
  )
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a', {}, { signal: abort.signal }), { code: 'ERR_REQUEST_ABORTED' })
  assert.deepEqual(server.log(), ['server/discover', 'tools/list'])
})

test('a resultType that nobody declared is an error, an absent one is complete', async (t) => {
  const types: unknown[] = ['other', undefined]
  const server = await scripted(
    t,
    withTools([], (exchange) => result(exchange, { content: [], resultType: types.shift() })),
  )
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a'), { code: 'ERR_INVALID_RESPONSE', message: /resultType "other"/ })
  assert.deepEqual((await client.callTool('a')).content, [])
})

test('a stream that is cut rejects at once: there is nothing to take up', async (t) => {
  const server = await scripted(
    t,
    withTools([], (exchange) => stream(exchange).end(event('', 'e1'))),
  )
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a'), { code: 'ERR_STREAM_CUT' })
  assert.deepEqual([countOf(server.log(), 'tools/call'), countOf(server.log(), 'GET')], [1, 0])
})

test('errors are RpcErrors with code and data, whatever the HTTP status', async (t) => {
  const statuses = [200, 400, 404, 500, 503]
  const server = await scripted(
    t,
    stateless((exchange) => failure(exchange, -32602, 'x'.repeat(5000), statuses.shift(), { why: 1 })),
  )
  const client = await connected(t, server.url, { retries: 0 })
  while (statuses.length > 0) {
    await assert.rejects(client.readResource('file:///a'), (error) => {
      assert.ok(error instanceof RpcError)
      assert.deepEqual([error.code, error.data], [-32602, { why: 1 }])
      assert.ok(error.message.length < 2100)
      return true
    })
  }
})

test('ttlMs: a result is used again while it is fresh, and not when it depends on answers', async (t) => {
  let asks = false
  const server = await scripted(
    t,
    stateless((exchange) => {
      if (asks && exchange.message.params.inputResponses === undefined) {
        return result(exchange, { resultType: 'input_required', inputRequests: { a: elicit } })
      }
      return result(exchange, { contents: [], tools: [], ttlMs: 60_000, cacheScope: 'private' })
    }),
  )
  const client = await connected(t, server.url, { onElicit: () => ({ action: 'cancel' }) })
  await client.readResource('file:///a')
  await client.readResource('file:///a')
  await client.readResource('file:///b')
  assert.equal(countOf(server.log(), 'resources/read'), 2)
  await client.tools().toArray()
  await client.tools().toArray()
  assert.equal(countOf(server.log(), 'tools/list'), 1)
  asks = true
  await client.readResource('file:///c')
  await client.readResource('file:///c')
  assert.equal(countOf(server.log(), 'resources/read'), 6)
})

test('ttlMs 0, negative or absent: nothing is kept', async (t) => {
  const times = [0, -5, undefined, 'soon']
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { contents: [], ttlMs: times.pop() })),
  )
  const client = await connected(t, server.url)
  for (let i = 0; i < 4; i++) await client.readResource('file:///a')
  assert.equal(countOf(server.log(), 'resources/read'), 4)
})

test('what was cached for one token is not given to another', async (t) => {
  const tokens = ['a', 'a', 'a', 'b', 'b']
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { contents: [], ttlMs: 60_000 })),
  )
  const client = await connected(t, server.url, { auth: () => tokens.shift() ?? 'b' })
  await client.readResource('file:///a')
  await client.readResource('file:///b')
  // Known, but the next request has the token of somebody else.
  await client.readResource('file:///c')
  await client.readResource('file:///a')
  assert.deepEqual(
    server.seen.filter(({ what }) => what === 'resources/read').map(({ message }) => message.params.uri),
    ['file:///a', 'file:///b', 'file:///c', 'file:///a'],
  )
})

test('a server that sends requests in this era gets no answer, and the call goes on', async (t) => {
  const server = await scripted(
    t,
    withTools([], (exchange) => {
      const reply = stream(exchange)
      reply.write(event({ jsonrpc: '2.0', id: 'q', method: 'roots/list' }))
      reply.end(event({ jsonrpc: '2.0', id: exchange.message.id, result: { content: [] } }))
    }),
  )
  const errors: unknown[] = []
  const client = await connected(t, server.url, { onRoots: () => [], onError: (error) => errors.push(error) })
  await client.callTool('a')
  assert.equal(countOf(server.log(), 'response'), 0)
  assert.ok(errors[0] instanceof McpError)
})
