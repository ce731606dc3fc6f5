/** The facade over HTTP: sessions, several clients on one transport, both eras, Host, and what ends a session. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { Client } from '../../src/sdk/client/index.ts'
import { StreamableHTTPClientTransport } from '../../src/sdk/client/streamableHttp.ts'
import { InMemoryTaskStore } from '../../src/sdk/experimental/tasks/stores/in-memory.ts'
import { InMemoryTransport } from '../../src/sdk/inMemory.ts'
import { McpServer } from '../../src/sdk/server/mcp.ts'
import {
  StreamableHTTPServerTransport,
  type StreamableHTTPServerTransportOptions,
} from '../../src/sdk/server/streamableHttp.ts'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '../../src/sdk/types.ts'
import { listen } from './listen.ts'

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
const form = { type: 'object' as const, properties: { name: { type: 'string' as const } } }

/** One server and one transport for all clients, which guides warn of. */
async function shared(t: TestContext, options: StreamableHTTPServerTransportOptions = {}) {
  const server = new McpServer({ name: 'shared', version: '1.0.0' }, { capabilities: { logging: {} } })
  server.registerTool('ask', {}, async () => {
    const { content } = await server.server.elicitInput({ message: 'Name?', requestedSchema: form })
    await server.sendLoggingMessage({ level: 'info', data: `asked ${content?.['name']}` })
    return text(`${content?.['name']} of ${server.server.getClientVersion()?.name}`)
  })
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID(), ...options })
  await server.connect(transport)
  const url = await listen(t, (req, res) => transport.handleRequest(req, res))
  return { server, transport, url }
}

async function connectAs(t: TestContext, url: URL, name: string) {
  const client = new Client({ name, version: '1.0.0' }, { capabilities: { elicitation: {} } })
  const logged: unknown[] = []
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: `${name}'s user` },
  }))
  client.setNotificationHandler(
    LoggingMessageNotificationSchema,
    ({ params }) => void logged.push(params.data),
  )
  const transport = new StreamableHTTPClientTransport(url)
  await client.connect(transport)
  t.after(() => client.close())
  return { client, transport, logged }
}

const answerOf = async (client: Client) => {
  const { content } = await client.callTool({ name: 'ask' })
  return (content as { text: string }[])[0]?.text
}

test('one transport for all clients: each has a session, is asked itself, and hears what is for it alone', async (t) => {
  const { url } = await shared(t)
  const ann = await connectAs(t, url, 'ann')
  const bob = await connectAs(t, url, 'bob')
  assert.notEqual(ann.transport.sessionId, bob.transport.sessionId)
  const answers = await Promise.all([ann, bob, ann, bob].map(({ client }) => answerOf(client)))
  assert.deepEqual(answers, [
    "ann's user of ann",
    "bob's user of bob",
    "ann's user of ann",
    "bob's user of bob",
  ])
  // Messages outside of calls come on another stream, after the answer of a later request at the latest.
  for (const { client, logged } of [ann, bob]) {
    while (logged.length < 2) await client.ping()
  }
  assert.deepEqual(ann.logged, ["asked ann's user", "asked ann's user"])
  assert.deepEqual(bob.logged, ["asked bob's user", "asked bob's user"])
})

test('the signal of a call is a member of extra like any other, and aborts with the call', async (t) => {
  const { server, url } = await shared(t)
  const { client } = await connectAs(t, url, 'ann')
  const own = new AbortController()
  let resolve = (_signal: AbortSignal) => {}
  const ended = new Promise<AbortSignal>((settle) => {
    resolve = settle
  })
  server.registerTool('look', {}, async (extra) => {
    const { signal, ...others } = { ...extra }
    assert.ok(signal instanceof AbortSignal)
    assert.equal(extra.signal, signal)
    assert.deepEqual(Object.keys(extra).sort(), [...Object.keys(others), 'signal'].sort())
    assert.deepEqual(Object.getOwnPropertySymbols({ ...extra }), [])
    extra.signal = AbortSignal.abort()
    assert.equal(extra.signal.aborted, true)
    return text(`${signal.aborted}`)
  })
  server.registerTool('wait', {}, async ({ signal }) => {
    own.abort()
    await once(signal, 'abort')
    resolve(signal)
    return text('')
  })
  assert.deepEqual((await client.callTool({ name: 'look' })).content, text('false').content)
  await assert.rejects(client.callTool({ name: 'wait' }, undefined, { signal: own.signal }))
  assert.equal((await ended).aborted, true)
})

test('outside of a call, a request to one of several clients says what to do instead', async (t) => {
  const { server, url } = await shared(t)
  await connectAs(t, url, 'ann')
  await connectAs(t, url, 'bob')
  await assert.rejects(server.server.ping(), /Several clients are connected.*extra\.sendRequest/)
})

test('a client of 2026-07-28 is served, and asked by a round trip', async (t) => {
  const { url } = await shared(t)
  const client = await connect(url, {
    revision: '2026-07-28',
    onElicit: () => ({ action: 'accept', content: { name: 'Cy' } }),
    clientInfo: { name: 'stateless', version: '1' },
  })
  t.after(() => client.close())
  assert.equal(client.era, 'stateless')
  assert.equal(client.serverInfo?.name, 'shared')
  const { content } = await client.callTool('ask')
  assert.deepEqual(content, [{ type: 'text', text: 'Cy of stateless' }])
})

test('a session of another transport does not exist for this one: 404', async (t) => {
  const one = await shared(t)
  const other = await shared(t)
  const { transport } = await connectAs(t, one.url, 'ann')
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-session-id': String(transport.sessionId),
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const post = async (url: URL) => (await fetch(url, { method: 'POST', headers, body })).status
  assert.equal(await post(one.url), 200)
  assert.equal(await post(other.url), 404)
})

test('close ends the sessions of a transport: onclose once, 404 for its clients', async (t) => {
  const { server, transport, url } = await shared(t)
  let closed = 0
  server.server.onclose = () => {
    closed += 1
  }
  const { client } = await connectAs(t, url, 'ann')
  await server.close()
  assert.equal(closed, 1)
  assert.equal(server.isConnected(), false)
  await assert.rejects(client.ping(), { code: 404 })
  await transport.close()
  assert.equal(closed, 1)
})

test('DELETE tells onsessionclosed and onclose, and another client can still come', async (t) => {
  const events: string[] = []
  const { transport, url } = await shared(t, {
    onsessioninitialized: () => void events.push('initialized'),
    onsessionclosed: () => void events.push('closed'),
  })
  transport.onclose = () => events.push('onclose')
  const ann = await connectAs(t, url, 'ann')
  await ann.transport.terminateSession()
  const bob = await connectAs(t, url, 'bob')
  assert.equal(await answerOf(bob.client), "bob's user of bob")
  assert.deepEqual(events, ['initialized', 'closed', 'onclose', 'initialized'])
})

test('a session id that is not new is refused, and no session is taken over', async (t) => {
  const { url } = await shared(t, { sessionIdGenerator: () => 'always-the-same' })
  const ann = await connectAs(t, url, 'ann')
  await assert.rejects(connectAs(t, url, 'bob'), /Internal error|500/)
  assert.equal(await answerOf(ann.client), "ann's user of ann")
})

test('the answer to initialize waits for an onsessioninitialized that is asynchronous', async (t) => {
  const order: string[] = []
  const { url } = await shared(t, {
    onsessioninitialized: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push('initialized')
    },
  })
  await connectAs(t, url, 'ann')
  order.push('connected')
  assert.deepEqual(order, ['initialized', 'connected'])
})

/** With headers that fetch does not let one set. */
async function statusWith(url: URL, headers: Record<string, string>): Promise<number | undefined> {
  const sent = request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  })
  sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

const HOSTS: readonly (readonly [
  string,
  StreamableHTTPServerTransportOptions,
  Record<string, string>,
  number,
])[] = [
  ['another name on a loopback address', {}, { host: 'evil.example' }, 403],
  ['a page of another origin', {}, { origin: 'http://evil.example' }, 403],
  ['a name of this machine', {}, { host: 'localhost:1' }, 200],
  ['a name that the program lists', { allowedHosts: ['my.example'] }, { host: 'my.example' }, 200],
  [
    'protection off',
    { enableDnsRebindingProtection: false },
    { host: 'my.example', origin: 'http://a.b' },
    200,
  ],
  [
    'protection on, another name than listed',
    { enableDnsRebindingProtection: true, allowedHosts: ['my.example'] },
    { host: 'localhost' },
    403,
  ],
  [
    'protection on, an origin that is listed',
    { enableDnsRebindingProtection: true, allowedOrigins: ['http://a.b'] },
    { origin: 'http://a.b' },
    200,
  ],
]
for (const [name, options, headers, status] of HOSTS) {
  test(`Host and Origin: ${name} gets ${status}`, async (t) => {
    const { url } = await shared(t, options)
    assert.equal(await statusWith(url, headers), status)
  })
}

test('no CORS headers are added: they are those of the program', async (t) => {
  const { url } = await shared(t)
  const response = await fetch(url, { method: 'OPTIONS', headers: { origin: 'http://localhost:1' } })
  assert.equal(response.headers.get('access-control-allow-origin'), null)
})

test('what is not supported says what to do instead', async () => {
  const options = { taskStore: new InMemoryTaskStore() }
  assert.throws(() => new Client({ name: 'x', version: '1' }, options), /answers them at once/)
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  await assert.rejects(transport.send({ jsonrpc: '2.0', method: 'x' }), /server\.connect\(transport\)/)
  await assert.rejects(
    new StreamableHTTPClientTransport(new URL('http://localhost')).finishAuth('x'),
    /oauth\(\)/,
  )
})

test('a server whose icon has a relative URI is served, as it is described', async (t) => {
  const info = { name: 'x', version: '1', icons: [{ src: './icon.svg' }] }
  const [near, far] = InMemoryTransport.createLinkedPair()
  const server = new McpServer(info)
  const client = new Client({ name: 'c', version: '1' })
  t.after(() => client.close())
  await Promise.all([server.connect(far), client.connect(near)])
  assert.deepEqual(client.getServerVersion(), info)
})
