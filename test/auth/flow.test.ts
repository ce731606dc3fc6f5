/**
 * The official clients go through the whole flow with a real authorization server: refused, metadata, registration,
 * authorization, token, call, refused for a scope, wider token, call; and a token that expires on the way.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  Client as ClientV2,
  DpopSession,
  StreamableHTTPClientTransport as TransportV2,
} from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { introspection, jwt } from '../../src/auth/index.ts'
import { McpServer } from '../../src/index.ts'
import { browse, type Flow, MemoryProvider, startFlow } from './flow.ts'

/** What both clients are asked to do. */
interface Caller {
  connect(): Promise<void>
  call(name: string): Promise<string>
  finish(parameters: URLSearchParams): Promise<void>
  close(): Promise<void>
}

type MakeCaller = (url: string, provider: MemoryProvider) => Caller

const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text ?? ''

const v1: MakeCaller = (url, provider) => {
  let client = new ClientV1({ name: 'v1', version: '1' })
  let transport = new TransportV1(new URL(url), { authProvider: provider as never })
  return {
    connect: async () => {
      client = new ClientV1({ name: 'v1', version: '1' })
      transport = new TransportV1(new URL(url), { authProvider: provider as never })
      await client.connect(transport as never)
    },
    call: async (name) => textOf(await client.callTool({ name, arguments: {} })),
    finish: (parameters) => transport.finishAuth(parameters.get('code') ?? ''),
    close: () => client.close(),
  }
}

const v2 =
  (mode: 'auto' | { pin: '2026-07-28' } | undefined): MakeCaller =>
  (url, provider) => {
    const make = () =>
      new ClientV2({ name: 'v2', version: '1' }, mode === undefined ? {} : { versionNegotiation: { mode } })
    let client = make()
    let transport = new TransportV2(new URL(url), { authProvider: provider })
    return {
      connect: async () => {
        client = make()
        transport = new TransportV2(new URL(url), { authProvider: provider })
        await client.connect(transport)
      },
      call: async (name) => textOf(await client.callTool({ name, arguments: {} })),
      finish: (parameters) => transport.finishAuth(parameters),
      close: () => client.close(),
    }
  }

const callers: readonly (readonly [string, MakeCaller])[] = [
  ['SDK v1', v1],
  ['SDK v2 in the session era', v2(undefined)],
  ['SDK v2 in the stateless era', v2({ pin: '2026-07-28' })],
]

function define(): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('who', {}, (_args, ctx) => `${ctx.auth?.id} ${ctx.auth?.scopes?.join(' ')}`)
  server.registerTool('write', { scopes: ['notes:write'] }, (_args, ctx) => `written by ${ctx.auth?.id}`)
  return server
}

const unauthorized = (error: unknown) => /Unauthorized/.test(String((error as Error).name) + String(error))

/** From nothing to a first call. */
async function signIn(caller: Caller, provider: MemoryProvider): Promise<void> {
  await assert.rejects(caller.connect(), unauthorized)
  const asked = provider.sentTo.at(-1)
  // A client that wants refresh tokens adds offline_access by itself.
  const scope = asked?.searchParams.get('scope')?.replace(' offline_access', '')
  assert.equal(scope, 'notes:read', 'the challenge says what to ask for')
  await caller.finish(await browse(asked))
  await caller.connect()
}

const jwtOf = (issuer: string) => jwt({ issuer, typ: 'at+jwt', clockToleranceMs: 0 })

for (const [name, make] of callers) {
  test(`${name}: refused, registered, authorized, called, stepped up, called [authorization.conform] [basic.authorization]`, async (t) => {
    const { url, refusals } = await startFlow(t, define, jwtOf)
    const provider = new MemoryProvider(false)
    const caller = make(url, provider)
    t.after(() => caller.close())
    await signIn(caller, provider)
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [401],
    )
    assert.equal(provider.sentTo[0]?.searchParams.get('resource'), url)
    assert.equal(await caller.call('who'), 'ada notes:read')
    await assert.rejects(caller.call('write'), unauthorized)
    assert.equal(refusals.at(-1)?.status, 403)
    const wider = provider.sentTo.at(-1)?.searchParams.get('scope')
    assert.deepEqual(new Set(wider?.split(' ')), new Set(['notes:write', 'notes:read']))
    await caller.finish(await browse(provider.sentTo.at(-1)))
    assert.equal(await caller.call('write'), 'written by ada')
    assert.match(await caller.call('who'), /^ada /)
  })

  test(`${name}: a token that expires is refreshed, and the work goes on`, async (t) => {
    const { url, refusals } = await startFlow(t, define, jwtOf)
    const provider = new MemoryProvider(true)
    const caller = make(url, provider)
    t.after(() => caller.close())
    await signIn(caller, provider)
    assert.equal(await caller.call('who'), 'ada notes:read')
    const first = (provider.saved as { access_token: string }).access_token
    // Of both servers and the client, since they share a process.
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3601 * 1000 })
    assert.equal(await caller.call('who'), 'ada notes:read')
    assert.notEqual((provider.saved as { access_token: string }).access_token, first)
    assert.equal(provider.sentTo.length, 1, 'nobody had to sign in again')
    assert.match(refusals.at(-1)?.reason ?? '', /exp failed/)
  })

  test(`${name}: tokens that mean nothing by themselves are asked about`, async (t) => {
    const secret = {
      client_id: 'mcp-server',
      client_secret: 'a secret of the server',
      redirect_uris: [],
      grant_types: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic' as const,
    }
    const tokenOf = (issuer: string) =>
      introspection({
        endpoint: `${issuer}/token/introspection`,
        clientId: secret.client_id,
        clientSecret: secret.client_secret,
      })
    const { url } = await startFlow(t, define, tokenOf, { server: { format: 'opaque', clients: [secret] } })
    const provider = new MemoryProvider(false)
    const caller = make(url, provider)
    t.after(() => caller.close())
    await signIn(caller, provider)
    assert.ok(!(provider.saved as { access_token: string }).access_token.includes('.'))
    assert.equal(await caller.call('who'), 'ada notes:read')
  })
}

for (const [name, nonce] of [
  ['without', false],
  ['with', true],
] as const) {
  test(`SDK v2 with DPoP, ${name} nonces: its tokens are bound to its key, and worth nothing without it`, async (t) => {
    const flow: Flow = await startFlow(t, define, jwtOf, { resource: { dpop: { required: true, nonce } } })
    const provider = new MemoryProvider(false)
    const session = await DpopSession.create()
    Object.assign(provider, { dpop: () => session })
    const caller = v2({ pin: '2026-07-28' })(flow.url, provider)
    t.after(() => caller.close())
    await signIn(caller, provider)
    assert.equal(await caller.call('who'), 'ada notes:read')
    assert.equal(await caller.call('who'), 'ada notes:read')
    const { access_token: token, token_type: type } = provider.saved as {
      access_token: string
      token_type: string
    }
    assert.equal(type.toLowerCase(), 'dpop')
    const stolen = await fetch(flow.url, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    assert.equal(stolen.status, 401)
    assert.match(stolen.headers.get('www-authenticate') ?? '', /^DPoP algs=/)
  })
}

test('a token of client credentials speaks for the client [authorization.client-credentials]', async (t: TestContext) => {
  const robot = {
    client_id: 'robot',
    client_secret: 'a secret of the robot',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_post' as const,
  }
  const { url, issuer } = await startFlow(t, define, jwtOf, { server: { clients: [robot] } })
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'robot',
    client_secret: robot.client_secret,
    resource: url,
    scope: 'notes:read',
  })
  const reply = await fetch(`${issuer}/token`, { method: 'POST', body })
  const { access_token: token } = (await reply.json()) as { access_token: string }
  const provider = new MemoryProvider(false)
  provider.saved = { access_token: token, token_type: 'Bearer' } as never
  const caller = v2({ pin: '2026-07-28' })(url, provider)
  t.after(() => caller.close())
  await caller.connect()
  assert.equal(await caller.call('who'), 'robot notes:read')
})
