/** `changes()`: both eras, over losses of the connection, and as an iterator. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Changes } from '../../src/client/changes.ts'
import type { Change } from '../../src/client/index.ts'
import type { McpServer } from '../../src/index.ts'
import { within } from '../helpers/within.ts'
import { offering, served } from './offering.ts'
import {
  connected,
  type Exchange,
  event,
  failure,
  result,
  scripted,
  session,
  stateless,
  stream,
} from './scripted-server.ts'

const noTool = { inputSchema: { type: 'object' } } as const

/** Waits for the next change. */
async function next(changes: Changes): Promise<Change | undefined> {
  const { value } = await within(changes.next(), () => 'a change')
  return value
}

/** Resolves once the server has somebody who listens. */
async function listening(
  running: { stats(): { readonly subscriptions: number; readonly streams: number } },
  era: string,
) {
  const count = () => (era === 'stateless' ? running.stats().subscriptions : running.stats().streams)
  while (count() === 0) await new Promise((resolve) => setImmediate(resolve))
}

for (const revision of ['2026-07-28', '2025-11-25'] as const) {
  const start = async (t: TestContext, server: McpServer = offering()) => {
    const { client, running } = await served(t, { revision, onError: () => {} }, server)
    return { client, running, server }
  }

  test(`${revision}: changes of lists come as they happen, those that were not asked for do not`, async (t) => {
    const { client, running, server } = await start(t)
    const changes = client.changes({ tools: true })
    const first = next(changes)
    await listening(running, client.era)
    server.registerPrompt('other', {}, () => 'x')
    server.registerTool('other', noTool, () => 'x')
    assert.deepEqual(await first, { kind: 'tools' })
    await changes.return()
  })

  test(`${revision}: updates of resources come with their URI`, async (t) => {
    const { client, running, server } = await start(t)
    const changes = client.changes({ resources: ['note://1'] })
    const first = next(changes)
    await listening(running, client.era)
    // The subscription of a session is a request of its own.
    await client.ping()
    await client.ping()
    server.notifyResourceUpdated('note://1')
    assert.deepEqual(await first, { kind: 'resource', uri: 'note://1' })
    await changes.return()
  })

  test(`${revision}: a resource that the server refuses is told to onError, and the others come`, async (t) => {
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const { client, running, server } = await served(t, { revision, onError })
    const changes = client.changes({ resources: ['gone://1', 'note://1'] })
    const first = next(changes)
    await listening(running, client.era)
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve))
    server.notifyResourceUpdated('note://1')
    assert.deepEqual(await first, { kind: 'resource', uri: 'note://1' })
    await changes.return()
    assert.equal(errors.length, 1)
    assert.match(String(errors[0]), /announces no changes of "gone:\/\/1"/)
    await assert.rejects(client.changes({ resources: ['gone://1'] }).next(), { code: 'ERR_NOT_SUPPORTED' })
    // A list beside it is reason enough to listen.
    const lists = client.changes({ tools: true, resources: ['gone://1'] })
    const change = next(lists)
    while (errors.length === 1) await new Promise((resolve) => setImmediate(resolve))
    await listening(running, client.era)
    server.registerTool('another', noTool, () => 'x')
    assert.deepEqual(await change, { kind: 'tools' })
    await lists.return()
  })

  test(`${revision}: break and return work at once while next waits, and nobody listens any more`, async (t) => {
    const { client, running } = await start(t)
    const changes = client.changes({ tools: true })
    const waiting = changes.next()
    await listening(running, client.era)
    await changes.return()
    assert.deepEqual(await within(waiting, () => 'the end'), { done: true, value: undefined })
    assert.deepEqual(await changes.next(), { done: true, value: undefined })
    if (client.era === 'stateless') {
      while (running.stats().subscriptions > 0) await new Promise((resolve) => setImmediate(resolve))
    }
  })

  test(`${revision}: closing the client ends the iteration`, async (t) => {
    const { client, running } = await start(t)
    const seen: Change[] = []
    const loop = (async () => {
      for await (const change of client.changes({ tools: true })) seen.push(change)
    })()
    await listening(running, client.era)
    await client.close()
    await within(loop, () => 'the end of the loop')
    assert.deepEqual(seen, [])
  })

  test(`${revision}: what the client knows of tools is forgotten when they change`, async (t) => {
    const { client, running, server } = await start(t)
    const out = { type: 'object', properties: { v: { type: 'number' } }, required: ['v'] } as const
    const handle = server.registerTool('typed', { outputSchema: out }, () => ({
      structuredContent: { v: 1 },
    }))
    await client.callTool('typed')
    const changes = client.changes({ tools: true })
    const first = next(changes)
    await listening(running, client.era)
    handle.remove()
    server.registerTool('typed', noTool, () => 'free')
    await first
    assert.deepEqual((await client.callTool('typed')).content, [{ type: 'text', text: 'free' }])
    await changes.return()
  })
}

const ack = (exchange: Exchange, notifications: object) =>
  event({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { _meta: { 'io.modelcontextprotocol/subscriptionId': exchange.message.id }, notifications },
  })
const changed = (exchange: Exchange) =>
  event({
    jsonrpc: '2.0',
    method: 'notifications/tools/list_changed',
    params: { _meta: { 'io.modelcontextprotocol/subscriptionId': exchange.message.id } },
  })

test('2026-07-28: it listens again after every end, and says that there is a gap', async (t) => {
  let listens = 0
  const server = await scripted(
    t,
    stateless((exchange) => {
      listens += 1
      if (listens === 3) return exchange.response.writeHead(503).end()
      const reply = stream(exchange)
      reply.write(ack(exchange, { toolsListChanged: true }) + changed(exchange))
      // A proper end, a broken connection, a refusal, and then it stays.
      if (listens === 1) return reply.end(event({ jsonrpc: '2.0', id: exchange.message.id, result: {} }))
      if (listens === 2) return setImmediate(() => exchange.request.socket.destroy())
      return undefined
    }),
  )
  const client = await connected(t, server.url)
  const seen: unknown[] = []
  for await (const { kind } of client.changes({ tools: true })) {
    seen.push(kind)
    if (seen.length === 5) break
  }
  assert.deepEqual(seen, ['tools', 'gap', 'tools', 'gap', 'tools'])
  assert.deepEqual(server.seen[1]?.message.params.notifications, { toolsListChanged: true })
})

test('2025-11-25: a stream without event ids leaves a gap, one with ids is taken up', async (t) => {
  let gets = 0
  const capabilities = { tools: { listChanged: true } }
  const server = await scripted(
    t,
    session(
      (exchange) => {
        gets += 1
        const note = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
        const reply = stream(exchange)
        if (gets === 1) return reply.end(`retry: 1\n${event(note)}`)
        if (gets === 2) return reply.end(`retry: 1\n${event(note, 'e1')}`)
        assert.equal(exchange.request.headers['last-event-id'], 'e1')
        return reply.write(event(note, 'e2'))
      },
      { capabilities },
    ),
  )
  const client = await connected(t, server.url, { onError: () => {} })
  const changes = client.changes({ tools: true })
  const kinds = new Set<string>()
  // Changes that wait are one change; those that come while nobody listens are not kept for later.
  while (gets < 3 || !kinds.has('tools')) kinds.add((await next(changes))?.kind ?? '')
  assert.ok(kinds.has('tools'))
  await changes.return()
})

for (const [what, script] of [
  [
    'no stream (405)',
    session(({ response }) => response.writeHead(405).end(), {
      capabilities: { tools: { listChanged: true } },
    }),
  ],
  [
    'a stream, but announces nothing of what is asked for',
    session((exchange) => stream(exchange), { capabilities: { tools: {}, prompts: { listChanged: true } } }),
  ],
  ['no subscriptions', stateless((exchange) => failure(exchange, -32601, 'Method not found', 404))],
  [
    'subscriptions, and acknowledges nothing',
    stateless((exchange) => stream(exchange).write(ack(exchange, {}))),
  ],
] as const) {
  test(`changes() rejects at the first next() where the server has ${what}`, async (t) => {
    const server = await scripted(t, script)
    const client = await connected(t, server.url)
    const changes = client.changes({ tools: true })
    await assert.rejects(
      within(changes.next(), () => 'the error'),
      { code: 'ERR_NOT_SUPPORTED' },
    )
    assert.deepEqual(await changes.next(), { done: true, value: undefined })
  })
}

test('Changes keeps what nobody asks for, each change once, and all together as a gap', async () => {
  let push: (change: Change) => void = () => {}
  const changes = new Changes((onChange, signal) => {
    push = onChange
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  })
  const first = changes.next()
  push({ kind: 'tools' })
  assert.deepEqual((await first).value, { kind: 'tools' })
  for (let i = 0; i < 5; i++) {
    push({ kind: 'tools' })
    push({ kind: 'resource', uri: 'a' })
    push({ kind: 'resource', uri: 'b' })
  }
  const values = [await changes.next(), await changes.next(), await changes.next()].map(({ value }) => value)
  assert.deepEqual(values, [
    { kind: 'tools' },
    { kind: 'resource', uri: 'a' },
    { kind: 'resource', uri: 'b' },
  ])
  for (let i = 0; i < 5000; i++) push({ kind: 'resource', uri: `file:///${i}` })
  push({ kind: 'prompts' })
  assert.deepEqual((await changes.next()).value, { kind: 'gap' })
  const waiting = changes.next()
  await changes.return()
  assert.deepEqual(await waiting, { done: true, value: undefined })
})

test('Changes keeps a bounded length of URIs: what is more is a gap', async () => {
  let push: (change: Change) => void = () => {}
  const changes = new Changes((onChange, signal) => {
    push = onChange
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  })
  void changes.next()
  push({ kind: 'tools' })
  const long = 'x'.repeat(300_000)
  const resource = (n: number) => ({ kind: 'resource', uri: `${n}${long}` }) as const
  for (let n = 0; n < 3; n++) push(resource(n))
  for (let n = 0; n < 3; n++) assert.deepEqual((await changes.next()).value, resource(n))
  for (let n = 0; n < 4; n++) push(resource(n))
  assert.deepEqual((await changes.next()).value, { kind: 'gap' })
  push(resource(0))
  assert.deepEqual((await changes.next()).value, resource(0))
  await changes.return()
})

test('Changes gives an error to one next, and is over', async () => {
  const changes = new Changes(async () => {
    throw new Error('no')
  })
  const [one, two] = [changes.next(), changes.next()]
  await assert.rejects(one, /no/)
  assert.deepEqual(await two, { done: true, value: undefined })
})

test('what the cache holds is dropped when a change says so', async (t) => {
  let listen: Exchange | undefined
  const server = await scripted(
    t,
    stateless((exchange) => {
      if (exchange.what === 'subscriptions/listen') {
        listen = exchange
        return stream(exchange).write(ack(exchange, { toolsListChanged: true }))
      }
      return result(exchange, { tools: [], ttlMs: 60_000 })
    }),
  )
  const client = await connected(t, server.url)
  const changes = client.changes({ tools: true })
  const first = next(changes)
  await client.tools().toArray()
  await client.tools().toArray()
  while (listen === undefined) await new Promise((resolve) => setImmediate(resolve))
  listen.response.write(changed(listen))
  await first
  await client.tools().toArray()
  assert.equal(server.log().filter((what) => what === 'tools/list').length, 2)
  await changes.return()
})
