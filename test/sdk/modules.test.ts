/** Modules that few programs import, beside what servers and clients are made of: the same answers as on the SDK. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { RequestLogger } from '@modelcontextprotocol/sdk/client/middleware.js'
import * as sdkMiddleware from '@modelcontextprotocol/sdk/client/middleware.js'
import { McpServer as SdkServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as SdkTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import * as sdkAuth from '@modelcontextprotocol/sdk/shared/auth.js'
import Ajv from 'ajv'
import { UnauthorizedError } from '../../src/sdk/client/auth.ts'
import { Client } from '../../src/sdk/client/index.ts'
import * as middleware from '../../src/sdk/client/middleware.ts'
import { WebSocketClientTransport } from '../../src/sdk/client/websocket.ts'
import { InMemoryTransport } from '../../src/sdk/inMemory.ts'
import { McpServer } from '../../src/sdk/server/mcp.ts'
import { WebStandardStreamableHTTPServerTransport } from '../../src/sdk/server/webStandardStreamableHttp.ts'
import * as auth from '../../src/sdk/shared/auth.ts'
import { Protocol } from '../../src/sdk/shared/protocol.ts'
import { takeResult, toArrayAsync } from '../../src/sdk/shared/responseMessage.ts'
import {
  ElicitRequestSchema,
  ListToolsRequestSchema,
  LoggingMessageNotificationSchema,
  McpError,
  type Request as McpRequest,
  type Notification,
  PingRequestSchema,
  type Result,
  ResultSchema,
} from '../../src/sdk/types.ts'
import { AjvJsonSchemaValidator } from '../../src/sdk/validation/ajv.ts'
import { CfWorkerJsonSchemaValidator } from '../../src/sdk/validation/cfworker.ts'

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}
const post = (message: object, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { ...HEADERS, ...headers },
  body: JSON.stringify({ jsonrpc: '2.0', ...message }),
})
const initialize = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}
const call = { id: 2, method: 'tools/call', params: { name: 'who', arguments: {} } }

/** The only message of a response, JSON or a stream. */
async function messageOf(response: Response): Promise<unknown> {
  const text = await response.text()
  const [, data] = /^data: (\{.*)$/m.exec(text) ?? []
  return JSON.parse(data ?? text)
}

test('webStandardStreamableHttp: a Request is answered by a Response, as on the SDK', async () => {
  const records = await Promise.all(
    [
      [SdkServer, SdkTransport] as const,
      [McpServer, WebStandardStreamableHTTPServerTransport] as unknown as readonly [
        typeof SdkServer,
        typeof SdkTransport,
      ],
    ].map(async ([Server, Transport]) => {
      const server = new Server({ name: 'web', version: '1' })
      server.registerTool('who', {}, async ({ authInfo, requestInfo }) => ({
        content: [{ type: 'text', text: `${authInfo?.clientId} at ${requestInfo?.url}` }],
      }))
      const transport = new Transport({ sessionIdGenerator: () => randomUUID(), maxRequestBodySize: 1000 })
      await server.connect(transport)
      const url = 'https://api.example/mcp?x=1'
      const authInfo = { token: 't', clientId: 'ann', scopes: [] }
      const serve = (init: RequestInit, options?: object) =>
        transport.handleRequest(new Request(url, init), { authInfo, ...options })
      const opened = await serve(post(initialize))
      const session = { 'mcp-session-id': String(opened.headers.get('mcp-session-id')) }
      const used = post(call, session)
      const stop = new AbortController()
      const listening = await serve({
        headers: { ...session, accept: 'text/event-stream' },
        signal: stop.signal,
      })
      const record = {
        opened: await messageOf(opened),
        called: await messageOf(await serve(used)),
        parsed: await messageOf(await serve({ ...used, body: null }, { parsedBody: JSON.parse(used.body) })),
        notified: (await serve(post({ method: 'notifications/initialized' }, session))).status,
        tooLarge: (await serve({ ...used, body: `"${'x'.repeat(2000)}"` })).status,
        unknown: (await serve(post(call, { 'mcp-session-id': 'none' }))).status,
        listening: [listening.status, listening.headers.get('content-type')],
        ended: (await serve({ method: 'DELETE', headers: session })).status,
        over: (await serve(used)).status,
      }
      stop.abort()
      return record
    }),
  )
  assert.deepEqual(records[1], records[0])
  assert.match(JSON.stringify(records[0]), /ann at https:\/\/api\.example\/mcp\?x=1/)
})

const METADATA = {
  issuer: 'https://a.example',
  authorization_endpoint: 'https://a.example/authorize',
  token_endpoint: 'https://a.example/token',
  response_types_supported: ['code'],
}
const CLIENT = { redirect_uris: ['https://a.example/back'], logo_uri: '' }
const DOCUMENTS: readonly (readonly [Exclude<keyof typeof auth, `${string}Url${string}`>, object])[] = [
  ['OAuthMetadataSchema', METADATA],
  ['OAuthMetadataSchema', { ...METADATA, of_its_own: 1 }],
  ['OAuthMetadataSchema', { ...METADATA, token_endpoint: 'javascript:alert(1)' }],
  ['OAuthMetadataSchema', { ...METADATA, issuer: undefined }],
  ['OAuthProtectedResourceMetadataSchema', { resource: 'https://a.example', resource_name: 'A' }],
  ['OAuthProtectedResourceMetadataSchema', { resource: 'nowhere' }],
  ['OpenIdProviderMetadataSchema', METADATA],
  [
    'OpenIdProviderDiscoveryMetadataSchema',
    {
      ...METADATA,
      jwks_uri: 'https://a.example/jwks',
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    },
  ],
  ['OAuthTokensSchema', { access_token: 'a', token_type: 'Bearer', expires_in: '60', issuer: 1 }],
  ['OAuthTokensSchema', { access_token: 'a', token_type: 'Bearer', expires_in: 'soon' }],
  ['OAuthErrorResponseSchema', { error: 'invalid_grant' }],
  ['OAuthClientMetadataSchema', CLIENT],
  ['OAuthClientMetadataSchema', { ...CLIENT, client_uri: 'data:,x' }],
  ['OAuthClientInformationSchema', { client_id: 'x' }],
  ['OAuthClientInformationFullSchema', { ...CLIENT, client_id: 'x' }],
  ['OAuthClientInformationFullSchema', CLIENT],
  ['OAuthClientRegistrationErrorSchema', { error: 'invalid_client_metadata' }],
  ['OAuthTokenRevocationRequestSchema', { token: 1 }],
]

test('shared/auth: documents are accepted and refused as by the SDK, with the same values', () => {
  const [ofSdk, own] = [{ ...sdkAuth }, { ...auth }]
  for (const [name, document] of DOCUMENTS) {
    const expected = ofSdk[name].safeParse(document)
    const found = own[name].safeParse(document)
    assert.equal(found.success, expected.success, `${name} ${JSON.stringify(document)}`)
    // Without those that are undefined.
    if (found.success) {
      assert.deepEqual(
        JSON.parse(JSON.stringify(found.data)),
        JSON.parse(JSON.stringify(expected.data)),
        name,
      )
    }
  }
  const schemas = Object.keys(sdkAuth).filter((name) => name.endsWith('Schema'))
  assert.deepEqual(
    Object.keys(auth)
      .filter((name) => name.endsWith('Schema'))
      .sort(),
    schemas.sort(),
  )
})

class Side extends Protocol<McpRequest, Notification, Result> {
  protected assertCapabilityForMethod(method: string): void {
    if (method === 'x/unknown') throw new Error('the other side cannot')
  }
  protected assertNotificationCapability(): void {}
  protected assertRequestHandlerCapability(): void {}
  protected assertTaskCapability(): void {}
  protected assertTaskHandlerCapability(): void {}
}

test('Protocol: two sides that are neither client nor server ask each other', async () => {
  const [near, far] = InMemoryTransport.createLinkedPair()
  const [one, other] = [new Side({ enforceStrictCapabilities: true }), new Side()]
  const closed = new Promise<void>((resolve) => {
    other.onclose = resolve
  })
  const logged = new Promise((resolve) => {
    other.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => resolve(params.data))
  })
  other.setRequestHandler(PingRequestSchema, () => ({ answered: true }))
  one.fallbackRequestHandler = async ({ method, params }) => ({ echo: [method, params] })
  await Promise.all([one.connect(near), other.connect(far)])
  assert.deepEqual(await one.request({ method: 'ping' }, ResultSchema), { answered: true })
  const asked = other.request({ method: 'x/y', params: { z: 1 } }, ResultSchema)
  assert.deepEqual(await asked, { echo: ['x/y', { z: 1 }] })
  await assert.rejects(one.request({ method: 'x/unknown' }, ResultSchema), /the other side cannot/)
  await one.notification({ method: 'notifications/message', params: { level: 'info', data: 'told' } })
  assert.equal(await logged, 'told')
  await one.close()
  await closed
  await assert.rejects(other.request({ method: 'ping' }, ResultSchema), /Not connected/)
})

test('responseMessage: the result of a stream, and its error', async () => {
  const error = new McpError(-32000, 'no')
  async function* stream(last: object) {
    yield { type: 'taskCreated', task: {} } as never
    yield last as never
  }
  assert.deepEqual(await takeResult(stream({ type: 'result', result: { ok: 1 } })), { ok: 1 })
  await assert.rejects(takeResult(stream({ type: 'error', error })), error)
  await assert.rejects(takeResult(stream({ type: 'taskStatus' })), /No result/)
  assert.equal((await toArrayAsync(stream({}))).length, 2)
})

test('client/middleware: logs and headers are those of the SDK; a login is asked of another one', async () => {
  const records = await Promise.all(
    [sdkMiddleware, middleware as unknown as typeof sdkMiddleware].map(async (library) => {
      const logged: unknown[] = []
      const seen: string[] = []
      const mark = (name: string) =>
        library.createMiddleware((next, input, init) => {
          seen.push(`${name} ${new Headers(init?.headers).get('authorization')}`)
          return next(input, init)
        })
      const provider = { tokens: () => ({ access_token: 'secret', token_type: 'Bearer' }) } as never
      const answer = async (url: string | URL) => {
        if (String(url).endsWith('/broken')) throw new Error('no network')
        return new Response('', { status: String(url).endsWith('/teapot') ? 418 : 200, headers: { x: 'y' } })
      }
      const logger: RequestLogger = ({ duration, requestHeaders, responseHeaders, ...entry }) =>
        void logged.push({
          ...entry,
          duration: typeof duration,
          requestHeaders: [...(requestHeaders ?? [])],
          responseHeaders: [...(responseHeaders ?? [])],
        })
      const fetches = library.applyMiddlewares(
        mark('inner'),
        library.withOAuth(provider),
        mark('outer'),
        library.withLogging({
          logger,
          includeRequestHeaders: true,
          includeResponseHeaders: true,
          statusLevel: 400,
        }),
      )(answer)
      await fetches('https://a.example/fine')
      await fetches(new URL('https://a.example/teapot'), { method: 'POST', headers: { a: 'b' } })
      await fetches('https://a.example/broken').catch(() => {})
      return { seen, logged }
    }),
  )
  assert.deepEqual(records[1], records[0])
  const unauthorized = async () => new Response('', { status: 401 })
  const provider = { tokens: () => undefined }
  await assert.rejects(middleware.withOAuth(provider)(unauthorized)('https://a.example'), (error) => {
    assert.ok(error instanceof UnauthorizedError)
    assert.match(error.message, /oauth\(\) of barewire\/client/)
    return true
  })
})

test('validation: values are checked by the library, or by an Ajv that is given', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
  const validators = [
    new AjvJsonSchemaValidator(),
    new AjvJsonSchemaValidator(new (Ajv as unknown as typeof Ajv.default)()),
    new CfWorkerJsonSchemaValidator({ draft: '2020-12' }),
  ]
  for (const validator of validators) {
    const check = validator.getValidator<{ n: number }>(schema)
    assert.deepEqual(check({ n: 1 }), { valid: true, data: { n: 1 }, errorMessage: undefined })
    const refused = check({ n: 'one' })
    assert.equal(refused.valid, false)
    assert.match(String(refused.errorMessage), /integer/)
  }
})

test('jsonSchemaValidator: a given one checks structured content, and the answers of forms', async (t) => {
  const asked: unknown[] = []
  const jsonSchemaValidator = {
    getValidator: (schema: object) => (data: unknown) => {
      asked.push([schema, data])
      return { valid: false as const, data: undefined, errorMessage: 'not today' }
    },
  }
  const server = new McpServer({ name: 'x', version: '1' }, { jsonSchemaValidator })
  const form = { type: 'object' as const, properties: { name: { type: 'string' as const } } }
  server.registerTool('ask', {}, async () => {
    await server.server.elicitInput({ message: 'Name?', requestedSchema: form })
    return { content: [] }
  })
  server.server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [
      { name: 'structured', inputSchema: { type: 'object' }, outputSchema: { type: 'object', title: 'T' } },
    ],
  }))
  server.registerTool('structured', {}, () => ({ content: [], structuredContent: { a: 1 } }))
  const options = { capabilities: { elicitation: {} }, jsonSchemaValidator }
  const client = new Client({ name: 'c', version: '1' }, options)
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ann' } }))
  const [near, far] = InMemoryTransport.createLinkedPair()
  await Promise.all([server.connect(far), client.connect(near)])
  t.after(() => client.close())
  const { content } = await client.callTool({ name: 'ask' })
  assert.match(JSON.stringify(content), /does not match requested schema: not today/)
  await client.listTools()
  await assert.rejects(client.callTool({ name: 'structured' }), /output schema: not today/)
  assert.deepEqual(asked, [
    [form, { name: 'Ann' }],
    [{ type: 'object', title: 'T' }, { a: 1 }],
  ])
})

test('client/websocket: messages go both ways; without WebSocket it says what to use', async (t) => {
  const { WebSocket: own } = globalThis
  t.after(() => Object.defineProperty(globalThis, 'WebSocket', { value: own, configurable: true }))
  const setWebSocket = (value: unknown) =>
    Object.defineProperty(globalThis, 'WebSocket', { value, configurable: true })
  setWebSocket(undefined)
  const url = new URL('ws://a.example')
  assert.throws(() => new WebSocketClientTransport(url), /StreamableHTTPClientTransport/)
  /** Sends back what it gets. */
  class Echo extends EventTarget {
    onopen?: () => void
    onclose?: () => void
    onmessage?: (event: { data: string }) => void
    readonly of: string
    constructor(to: URL, protocol: string) {
      super()
      this.of = `${to} ${protocol}`
      setImmediate(() => this.onopen?.())
    }
    send(data: string): void {
      setImmediate(() => this.onmessage?.({ data }))
    }
    close(): void {
      this.onclose?.()
    }
  }
  setWebSocket(Echo)
  const transport = new WebSocketClientTransport(url)
  const message = { jsonrpc: '2.0', method: 'x/y' } as const
  await assert.rejects(transport.send(message), /Not connected/)
  await transport.start()
  const echoed = new Promise((resolve) => {
    transport.onmessage = resolve
  })
  await transport.send(message)
  assert.deepEqual(await echoed, message)
  const failed = new Promise<Error>((resolve) => {
    transport.onerror = resolve
  })
  await transport.send('no message' as never)
  assert.ok((await failed) instanceof Error)
  let isClosed = false
  transport.onclose = () => {
    isClosed = true
  }
  await transport.close()
  assert.equal(isClosed, true)
})
