/** An `eventStore` of the program: the same calls of the store, and the same events on the wire, as on the SDK. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { Gate } from '../../src/bounds/gate.ts'
import { McpServer } from '../../src/sdk/server/mcp.ts'
import { type EventStore, StreamableHTTPServerTransport } from '../../src/sdk/server/streamableHttp.ts'
import type { JSONRPCMessage } from '../../src/sdk/types.ts'
import { listen } from './listen.ts'
import { LIBRARIES, type Library, startProgram } from './run-program.ts'

const program = fileURLToPath(new URL('./programs/event-store.ts', import.meta.url))

async function start(t: TestContext, library: Library) {
  const { port } = await startProgram(t, library, program)
  const at = (path: string) => new URL(`http://127.0.0.1:${port}${path}`)
  return {
    mcp: at('/mcp'),
    stateless: at('/stateless'),
    go: () => fetch(at('/go')),
    log: async () => named((await (await fetch(at('/log'))).json()) as Logged[]),
  }
}

interface Logged {
  stream?: string
}

/** Random ids of streams by the order in which they came. */
function named(log: Logged[]): unknown[] {
  const names = new Map<string, string>()
  return log.map((entry) => {
    if (entry.stream === undefined || entry.stream.startsWith('_')) return entry
    if (!names.has(entry.stream)) names.set(entry.stream, `stream ${names.size}`)
    return { ...entry, stream: names.get(entry.stream) }
  })
}

async function connect(url: URL, sessionId?: string) {
  const heard: unknown[] = []
  const came = { gate: new Gate() }
  const client = new Client({ name: 'resuming', version: '1.0.0' })
  client.fallbackNotificationHandler = async ({ params }) => {
    heard.push(params?.['data'])
    came.gate.open()
    came.gate = new Gate()
  }
  const transport = new StreamableHTTPClientTransport(url, sessionId === undefined ? {} : { sessionId })
  await client.connect(transport as unknown as Transport)
  return { client, transport, heard, came }
}

const call = (name: string) => ({ method: 'tools/call', params: { name, arguments: {} } }) as const

/** Runs the same on both, and compares what it returns. */
async function same(run: (program: Awaited<ReturnType<typeof start>>) => Promise<unknown>, t: TestContext) {
  const [sdk, facade] = await Promise.all(
    LIBRARIES.map(async (library) => await run(await start(t, library))),
  )
  assert.deepEqual(facade, sdk)
  return facade
}

test('eventStore: a client that lost its stream has the rest from the store, in another client object', async (t) => {
  const record = await same(async ({ mcp, go, log }) => {
    const tokens: string[] = []
    const first = await connect(mcp)
    const onresumptiontoken = (token: string) => void tokens.push(token)
    const begun = first.came.gate.passed
    const lost = first.client.request(call('work'), CallToolResultSchema, { onresumptiontoken })
    lost.catch(() => {})
    await begun
    await first.client.close()
    const { sessionId } = first.transport
    const second = await connect(mcp, sessionId)
    const rest = second.client.request(call('work'), CallToolResultSchema, {
      resumptionToken: tokens.at(-1) as string,
      onresumptiontoken,
    })
    for (let text = ''; !text.includes('replayed'); ) text = JSON.stringify(await log())
    await go()
    const result = await rest
    await second.client.close()
    return { heard: [first.heard, second.heard], tokens, result, log: await log() }
  }, t)
  assert.deepEqual((record as { heard: unknown }).heard, [['begun'], ['going on']])
})

test('eventStore: closeSSEStream makes the client poll, and its call goes on into the store', async (t) => {
  const record = await same(async ({ mcp, go, log }) => {
    const { client, heard, came } = await connect(mcp)
    const tokens: string[] = []
    const before = came.gate.passed
    const result = client.request(call('poll'), CallToolResultSchema, {
      onresumptiontoken: (token) => void tokens.push(token),
    })
    await before
    await go()
    const answer = await result
    // Whether the client is back before its call goes on is a matter of time.
    const stored = (await log()).filter((entry) => 'stored' in (entry as object))
    const record = { answer, heard, tokens, stored }
    await client.close()
    return record
  }, t)
  assert.deepEqual((record as { heard: unknown }).heard, ['before', 'meanwhile'])
})

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
}

test('eventStore: without sessions, any process that has the store answers for a stream of another', async (t) => {
  await same(async ({ stateless, go, log }) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 7, ...call('work') })
    const stop = new AbortController()
    const response = await fetch(stateless, { method: 'POST', headers: HEADERS, body, signal: stop.signal })
    const begun = await readUntil(response, 'begun')
    stop.abort()
    await go()
    // The answer is stored a little later.
    while (!JSON.stringify(await log()).includes('done')) await fetch(stateless, { method: 'OPTIONS' })
    const headers = { ...HEADERS, 'last-event-id': 'common-1' }
    const rest = await readUntil(await fetch(stateless, { headers }), 'done')
    return { begun, rest, log: await log() }
  }, t)
})

test('eventStore: what is on the wire has the ids of the store, after a priming event with retry', async (t) => {
  const record = await same(async ({ mcp, log }) => {
    const { client, transport } = await connect(mcp)
    const headers = { ...HEADERS, 'mcp-session-id': String(transport.sessionId) }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'q', ...call('quick') })
    const quick = await readUntil(await fetch(mcp, { method: 'POST', headers, body }))
    const old = { ...headers, 'mcp-protocol-version': '2025-06-18' }
    const unprimed = await readUntil(await fetch(mcp, { method: 'POST', headers: old, body }))
    const unknown = await fetch(mcp, { headers: { ...headers, 'last-event-id': 'nothing' } })
    await client.close()
    return { quick, unprimed, unknown: [unknown.status, await unknown.json()], log: await log() }
  }, t)
  const { quick } = record as { quick: { events: string[][] } }
  assert.deepEqual(quick.events[0]?.slice(1), ['retry: 100', 'data: '])
  assert.match(String(quick.events[1]?.[1]), /^id: s0-\d+$/)
})

test('eventStore: messages outside of calls are those of _GET_stream, and are resumed from it', async (t) => {
  await same(async ({ mcp, log }) => {
    const { client, transport, heard } = await connect(mcp)
    await client.callTool({ name: 'broadcast' })
    while (heard.length < 2) await client.ping()
    await client.close()
    const entries = (await log()) as { stored: string; stream: string; message: unknown }[]
    const [first, second, ...more] = entries.filter(({ stream }) => stream === '_GET_stream')
    const stop = new AbortController()
    const headers = {
      ...HEADERS,
      'mcp-session-id': String(transport.sessionId),
      'last-event-id': String(first?.stored),
    }
    const again = await fetch(mcp, { headers, signal: stop.signal })
    const missed = await readUntil(again, 'second')
    stop.abort()
    const [[, id, message] = []] = missed.events
    assert.equal(id, `id: ${second?.stored}`)
    return { heard, message, stored: [first?.message, second?.message], more }
  }, t)
})

class MapStore implements EventStore {
  readonly events: { id: string; stream: string; message: JSONRPCMessage }[] = []
  fails = false
  hangs = false

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    if (this.fails) throw new Error('the disk is full')
    if (this.hangs) await new Promise(() => {})
    const id = `e${this.events.length}`
    this.events.push({ id, stream, message })
    return id
  }

  /** Without `getStreamIdForEventId`, as many stores are. */
  async replayEventsAfter(
    last: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const at = this.events.findIndex(({ id }) => id === last)
    const stream = this.events[at]?.stream ?? ''
    for (const { id, stream: other, message } of this.events.slice(at + 1)) {
      if (other === stream) await send(id, message)
    }
    return stream
  }
}

/** One server and one transport for all clients, on the facade. */
async function shared(t: TestContext, eventStore: EventStore) {
  const server = new McpServer({ name: 'x', version: '1' }, { capabilities: { logging: {} } })
  const errors: string[] = []
  server.server.onerror = ({ message }) => void errors.push(message)
  server.registerTool('say', {}, async ({ sendNotification }) => {
    await sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'said' } })
    return { content: [{ type: 'text' as const, text: 'done' }] }
  })
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID(), eventStore })
  await server.connect(transport)
  const url = await listen(t, (req, res) => transport.handleRequest(req, res))
  return { server, url, errors }
}

test('eventStore: of several clients of one transport, none can read the events of another', async (t) => {
  const store = new MapStore()
  const { server, url } = await shared(t, store)
  const [ann, bob] = [await connect(url), await connect(url)]
  for (const { client } of [ann, bob]) await client.callTool({ name: 'say' })
  await server.server.sendLoggingMessage({ level: 'info', data: 'for all' })
  for (const { client, heard } of [ann, bob]) while (!heard.includes('for all')) await client.ping()
  const streams = new Set(store.events.map(({ stream }) => stream))
  const own = (session = '') => [...streams].filter((stream) => stream.includes(session))
  assert.ok(own(bob.transport.sessionId).length >= 2)
  assert.ok(streams.has('_GET_stream') && streams.has(`_GET_stream:${bob.transport.sessionId}`))
  const statusOf = async (session: string | undefined, stream: string) => {
    const event = store.events.find((each) => each.stream === stream)
    const headers = { ...HEADERS, 'mcp-session-id': String(session), 'last-event-id': String(event?.id) }
    const response = await fetch(url, { headers })
    await response.body?.cancel()
    return response.status
  }
  for (const stream of own(bob.transport.sessionId)) {
    assert.equal(await statusOf(bob.transport.sessionId, stream), 200)
    assert.equal(await statusOf(ann.transport.sessionId, stream), 400)
  }
  assert.equal(await statusOf(ann.transport.sessionId, '_GET_stream'), 200)
  assert.equal(await statusOf(bob.transport.sessionId, '_GET_stream'), 400)
  assert.equal(await statusOf(randomUUID(), '_GET_stream'), 404)
  for (const { client } of [ann, bob]) await client.close()
})

test('eventStore: what cannot be stored is sent without an id, and onerror says why', async (t) => {
  const store = new MapStore()
  const { url, errors } = await shared(t, store)
  const { client, heard } = await connect(url)
  store.fails = true
  const { content } = await client.callTool({ name: 'say' })
  assert.deepEqual([content, heard], [[{ type: 'text', text: 'done' }], ['said']])
  assert.ok(errors.length > 0 && errors.every((message) => message === 'the disk is full'), String(errors))
  await client.close()
})

test('eventStore: a stream ends when more than 4 MiB of its messages wait for the store, and onerror says so', async (t) => {
  const store = new MapStore()
  const { server, url, errors } = await shared(t, store)
  server.registerTool('flood', {}, async ({ sendNotification }) => {
    const params = { level: 'info', data: 'x'.repeat(100_000) } as const
    for (let n = 0; n < 60; n++) void sendNotification({ method: 'notifications/message', params })
    return { content: [] }
  })
  const { client, transport } = await connect(url)
  store.hangs = true
  const headers = { ...HEADERS, 'mcp-session-id': String(transport.sessionId) }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 5, ...call('flood') })
  await (await fetch(url, { method: 'POST', headers, body })).text()
  assert.deepEqual(errors, ['The eventStore does not keep up with the messages of a stream: the stream ends'])
  await client.close()
})

test('eventStore: messages before the first GET are on its stream', async (t) => {
  const store = new MapStore()
  const { server, url } = await shared(t, store)
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  })
  const opened = await fetch(url, { method: 'POST', headers: HEADERS, body })
  await opened.text()
  await server.server.sendLoggingMessage({ level: 'info', data: 'early' })
  const headers = { ...HEADERS, 'mcp-session-id': String(opened.headers.get('mcp-session-id')) }
  const { events } = await readUntil(await fetch(url, { headers }), 'early')
  assert.match(JSON.stringify(events), /"id: e\d+"/)
})

test('eventStore: connections that follow streams of other processes are bounded, and end with the transport', async (t) => {
  const store = new MapStore()
  for (let index = 0; index < 65; index++) await store.storeEvent(`elsewhere ${index}`, {} as JSONRPCMessage)
  const { server, url } = await shared(t, store)
  const { client, transport } = await connect(url)
  const follow = async (event: string) => {
    const headers = { ...HEADERS, 'mcp-session-id': String(transport.sessionId), 'last-event-id': event }
    const response = await fetch(url, { headers })
    const over = new Gate()
    void response.text().then(() => over.open())
    return { status: response.status, over: over.passed }
  }
  const first = await follow('e0')
  assert.equal(first.status, 200)
  // The newest connection of a stream replaces the one before it.
  const second = await follow('e0')
  await first.over
  const others = []
  for (let index = 1; index < 65; index++) others.push(await follow(`e${index}`))
  await second.over
  await server.close()
  await Promise.all(others.map(({ over }) => over))
  await client.close()
})

/**
 * @param word - in the last event that is read; undefined: to the end of the stream
 * @returns the lines of events; of their messages the values, whatever the order of members
 */
async function readUntil(response: Response, word?: string) {
  const decoder = new TextDecoder()
  let text = ''
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  while (word === undefined || !text.includes(word) || !text.endsWith('\n\n')) {
    const { value, done } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  // Comments are as often as each library likes.
  const frames = text.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'))
  const valueIn = (line: string) => (line.startsWith('data: {') ? JSON.parse(line.slice(6)) : line)
  return { status: response.status, events: frames.map((frame) => frame.split('\n').map(valueIn)) }
}
