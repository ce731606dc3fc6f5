/**
 * What a client sent is never repeated whole: keys, values, names, URIs and versions of four megabytes, wherever an
 * error could quote them.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { McpServer, resourceNotFound, serve, ToolError } from '../../src/index.ts'
import { define, open } from '../features/offering.ts'
import { ErrorAnswer, post, type RequestHeaders, TestSession } from '../helpers/wire.ts'
import { asking, eras } from './asking.ts'

const HUGE = 4_000_000
/** Marks of the middle and the end, which no excerpt reaches. */
const huge = (text = 'x'): string =>
  `${text.repeat(Math.ceil(HUGE / 2 / text.length))}MIDDLE${'y'.repeat(HUGE / 2)}END`
/** Bytes of a reply with an error: the whole text of the error is bounded, and its frame is small. */
const MAX_REPLY = 8_000

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

async function start(t: TestContext): Promise<{ url: string; errors: unknown[] }> {
  const errors: unknown[] = []
  const server = new McpServer(
    { name: 'errors', version: '1' },
    { onError: (error) => errors.push(error), logging: true },
  )
  const tree = { type: 'object', additionalProperties: { $ref: '#/$defs/tree' } }
  const inputSchema = {
    type: 'object',
    properties: {
      short: { type: 'string', maxLength: 5 },
      matched: { type: 'string', pattern: '^[a-z]{3}$' },
      chosen: { enum: ['a', 'b'] },
      constant: { const: 'a' },
      either: { anyOf: [{ type: 'number' }, { type: 'object', properties: { kind: { const: 'k' } } }] },
      list: { type: 'array', items: { type: 'number' } },
      tree: { $ref: '#/$defs/tree' },
      names: { type: 'object', propertyNames: { maxLength: 3 } },
      forbidden: { not: {} },
    },
    additionalProperties: false,
    $defs: { tree },
  } as const
  server.registerTool('literal', { inputSchema }, () => 'ok')
  const strict = z.strictObject({
    chosen: z.enum(['a', 'b']).optional(),
    map: z.record(z.string(), z.number()).optional(),
  })
  server.registerTool('library', { inputSchema: strict }, () => 'ok')
  server.registerPrompt(
    'prompt',
    { argsSchema: { type: 'object', properties: { a: { type: 'string', maxLength: 5 } } } },
    () => 'x',
  )
  server.registerResourceTemplate('files', 'file:///{+path}', { complete: { path: () => [] } }, (uri) => {
    throw resourceNotFound(uri)
  })
  const serving = await serve(server, { port: 0 })
  t.after(() => serving.close({ drainMs: 0 }))
  return { url: serving.url, errors }
}

function bounded(text: string, what: string): void {
  assert.ok(text.length < MAX_REPLY, `${what}: ${text.length} bytes: ${text.slice(0, 300)}`)
  assert.ok(!text.includes('MIDDLE') && !text.includes('END'), `${what}: ${text.slice(0, 300)}`)
}

/** Calls that end in an error, by what is huge in them. */
function calls(): [what: string, method: string, params: object][] {
  const text = huge()
  const slashes = huge('/~"\\\u0001')
  const tool = (name: string, args: object): ['tools/call', object] => [
    'tools/call',
    { name, arguments: args },
  ]
  const deep = Array.from({ length: 200 }, (_, i) => `${'d'.repeat(10_000)}${i}`).reduceRight<unknown>(
    (inner, name) => ({ [name]: inner }),
    5,
  )
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${'z'.repeat(100_000)}${i}`, 1]))
  return [
    ['an argument name', ...tool('literal', { [text]: 1 })],
    ['an argument name to escape', ...tool('literal', { [slashes]: 1 })],
    [
      'a string value',
      ...tool('literal', { short: text, matched: text, chosen: text, constant: text, forbidden: text }),
    ],
    ['a value in an anyOf', ...tool('literal', { either: text })],
    ['a value in a list', ...tool('literal', { list: [text, { [text]: 1 }] })],
    ['a path', ...tool('literal', { tree: { [text]: { [text.slice(0, 1000)]: 5 } } })],
    ['a path of many names', ...tool('literal', { tree: deep })],
    ['a property name', ...tool('literal', { names: { [text]: 1 } })],
    ['many names', ...tool('literal', many)],
    ["a name in a library's schema", ...tool('library', { [text]: 1 })],
    ["a key of a map in a library's schema", ...tool('library', { map: { [slashes]: 'no number' } })],
    ['a tool name', ...tool(text, {})],
    ['a prompt name', 'prompts/get', { name: text }],
    ['a prompt argument', 'prompts/get', { name: 'prompt', arguments: { a: text } }],
    ['a name of a prompt argument', 'prompts/get', { name: 'prompt', arguments: { [text]: 5 } }],
    ['a URI', 'resources/read', { uri: `file:///${text}` }],
    ['a URI that no resource can have', 'resources/read', { uri: text }],
    ['a URI to subscribe to', 'resources/subscribe', { uri: text }],
    [
      'a short URI of a template that knows no subscribers',
      'resources/subscribe',
      { uri: `file:///${text.slice(0, 10_000)}` },
    ],
    ['a cursor', 'tools/list', { cursor: text }],
    [
      'a URI to complete for',
      'completion/complete',
      { ref: { type: 'ref/resource', uri: text }, argument: { name: 'a', value: '' } },
    ],
    [
      'a prompt to complete for',
      'completion/complete',
      { ref: { type: 'ref/prompt', name: text }, argument: { name: 'a', value: '' } },
    ],
    [
      'a kind of reference',
      'completion/complete',
      { ref: { type: text }, argument: { name: 'a', value: '' } },
    ],
    ['a log level', 'logging/setLevel', { level: text }],
    ['a method', text.slice(0, 3_000_000), {}],
    ['a requestState', 'tools/call', { name: 'literal', arguments: {}, requestState: text }],
    ['a subscription', 'subscriptions/listen', { notifications: { resourceSubscriptions: text } }],
  ]
}

test('session era: no error repeats what is huge', async (t) => {
  const { url, errors } = await start(t)
  const session = await TestSession.open(url)
  for (const [what, method, params] of calls()) {
    const { text } = await post(url, { jsonrpc: '2.0', id: 1, method, params }, session.headers, {
      check: 'none',
    })
    bounded(text, what)
    assert.match(
      text,
      /"error"|"isError":true|"id":1,"result":{}|"content":\[{"type":"text","text":"ok"/,
      what,
    )
  }
  for (const message of [
    { jsonrpc: huge(), id: 1, method: 'ping' },
    { jsonrpc: '2.0', id: 1, method: { [huge()]: 1 } },
    { jsonrpc: '2.0', id: [huge()], method: 'ping' },
    { jsonrpc: '2.0', id: 1, method: 'ping', params: huge() },
    { jsonrpc: '2.0', id: 1, error: huge() },
    { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: { [huge()]: 1 } } },
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: huge(), version: '1' } },
    },
  ]) {
    const { text } = await post(url, message, session.headers, { check: 'none' })
    bounded(text, JSON.stringify(message).slice(0, 60))
    assert.match(text, /"error"/)
  }
  assert.deepEqual(errors, [])
})

test('stateless era: no error repeats what is huge, nor do the headers that mirror it', async (t) => {
  const { url, errors } = await start(t)
  const send = (method: string, params: object, headers: RequestHeaders = {}) => {
    const { name } = params as { readonly name?: string }
    const mirrored = {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method.slice(0, 1000),
      'mcp-name': (name ?? 'x').slice(0, 1000),
      ...headers,
    }
    const message = { jsonrpc: '2.0', id: 1, method, params: { _meta: meta, ...params } }
    return post(url, message, mirrored, { check: 'none' })
  }
  for (const [what, method, params] of calls()) {
    const { text } = await send(method, params)
    bounded(text, what)
    assert.match(text, /"error"|"isError":true|"content":\[{"type":"text","text":"ok"/, what)
  }
  const long = 'h'.repeat(12_000)
  const ping = { name: 'literal', arguments: {} }
  const rows: readonly (readonly [what: string, params: object, headers: RequestHeaders])[] = [
    ['an Mcp-Name header', ping, { 'mcp-name': long }],
    ['an Mcp-Method header', ping, { 'mcp-method': long }],
    ['a version header', ping, { 'mcp-protocol-version': long }],
    ['a Host header', ping, { host: long }],
    ['an Origin header', ping, { origin: `http://${long}` }],
    ['a Content-Type header', ping, { 'content-type': `text/${long}` }],
    [
      'a protocol version',
      { ...ping, _meta: { ...meta, 'io.modelcontextprotocol/protocolVersion': huge() } },
      {},
    ],
  ]
  for (const [what, params, headers] of rows) {
    const { text, status } = await send('tools/call', params, headers)
    assert.ok(status >= 400, `${what}: ${status}`)
    bounded(text, what)
  }
  // The version header agrees with the envelope, so that the version itself is what is refused.
  const version = 'v'.repeat(12_000)
  const params = { ...ping, _meta: { ...meta, 'io.modelcontextprotocol/protocolVersion': version } }
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
  const { json, text } = await post(url, body, { 'mcp-protocol-version': version }, { check: 'none' })
  assert.equal(json.error.code, -32022)
  bounded(text, 'a protocol version in the data of its error')
  assert.deepEqual(errors, [])
})

for (const era of eras) {
  test(`${era}: an answer that does not fit its form is not repeated whole`, async (t) => {
    const { server, call } = await asking(t, era)
    const requestedSchema = {
      type: 'object',
      properties: { name: { type: 'string', maxLength: 5 } },
      additionalProperties: false,
    } as const
    server.registerTool('ask', {}, async (_args, ctx) => {
      try {
        await ctx.elicit('name', { message: 'name?', requestedSchema })
      } catch (error) {
        throw new ToolError(`asked: ${(error as Error).message}`)
      }
      return 'answered'
    })
    for (const content of [{ name: huge() }, { name: 'too long', [huge()]: 1 }]) {
      let times = 0
      // Where questions end the round, an answer that does not fit is asked for again.
      const { result } = await call('ask', {}, () => {
        times += 1
        return { action: 'accept', content: times === 1 ? content : { name: 'x' } }
      })
      bounded(JSON.stringify(result), 'an answer')
    }
  })
}

test('session era: the error that a client answers with is not repeated whole', async (t) => {
  const { server } = define()
  server.registerTool('roots', {}, async (_args, ctx) => JSON.stringify(await ctx.listRoots()))
  const session = await open(t, server, {
    capabilities: { roots: {} },
    onRequest: () => {
      throw new ErrorAnswer(-32000, huge())
    },
  })
  const { result } = await session.call('roots', {})
  assert.match(result.content[0].text, /answered roots\/list with an error: x+/)
  bounded(JSON.stringify(result), 'an error of a client')
})
