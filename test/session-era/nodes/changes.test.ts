/** Changes and messages outside of calls, announced on one of several nodes: who hears of them where, and how often. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { McpServer } from '../../../src/index.ts'
import type { SseStream, TestSession, WireJson } from '../../helpers/wire.ts'
import { eventually, generator } from '../serving.ts'
import { at, type Cluster, type ClusterOptions, cluster, type Node } from './cluster.ts'

const OWN = 'notifications/own'
const END = 'notifications/end'
const LOST = 'Messages were missed that are not kept any more (replay)'
const own = { check: 'none' } as const
const HANDED_ON = { streams: 0, kept: true }

const offer = (server: McpServer) => {
  server.registerPrompt('p', {}, () => '')
  server.registerResourceTemplate('notes', 'note://{id}', { subscribe: true }, () => '')
}

const nodesOf = (t: TestContext, options: ClusterOptions = {}) =>
  cluster(t, { setup: offer, logging: true, ...options })

/** What a stream has brought, in short. */
const said = ({ method, params }: WireJson) =>
  params?.uri ??
  params?.n ??
  params?.data ??
  method.replace('notifications/', '').replace('/list_changed', '')

/** What a stream brought up to the message END, without it. */
async function untilEnd(stream: SseStream): Promise<unknown[]> {
  await stream.nextMessage(({ method }) => method === END)
  return stream.messages.filter(({ method }) => method !== END).map(said)
}

const sequences = (stream: SseStream) =>
  stream.events.flatMap(({ id, json }) => (json?.method === undefined ? [] : [Number(id?.split('_').at(-1))]))

/** Nothing of before is on its way to any node any more. */
async function settled({ nodes }: Cluster): Promise<void> {
  const [first] = nodes as [Node]
  const sessions = await Promise.all(nodes.map((node) => node.open(own)))
  const streams = await Promise.all(sessions.map((session) => session.listen()))
  first.server.notify('notifications/settled')
  await Promise.all(
    streams.map((stream) => stream.nextMessage(({ method }) => method === 'notifications/settled')),
  )
  await Promise.all(sessions.map((session) => session.close()))
}

test('a change announced on one node reaches the GET streams of all, each once and with the same sequence', async (t) => {
  const { nodes, a, b } = await nodesOf(t)
  const streams: SseStream[] = []
  for (const node of nodes) {
    const session = await node.open(own)
    await session.request('resources/subscribe', { uri: 'note://1' })
    streams.push(await session.listen())
  }
  a.server.registerTool('new', {}, () => '')
  a.server.registerTool('newer', {}, () => '')
  a.server.notifyResourceUpdated('note://1')
  a.server.notifyResourceUpdated('note://1')
  a.server.notifyResourceUpdated('note://unknown')
  await streams[1]?.nextMessage(({ params }) => params?.uri === 'note://1')
  assert.deepEqual(b.server.notify(END), HANDED_ON)
  for (const stream of streams) assert.deepEqual(await untilEnd(stream), ['tools', 'note://1'])
  const [first, ...others] = streams.map(sequences)
  assert.ok(first?.every((sequence, index) => index === 0 || sequence > Number(first[index - 1])))
  for (const other of others) assert.deepEqual(other, first)
})

test('changes and messages of one node keep their order everywhere, whatever the others announce', async (t) => {
  const { nodes } = await nodesOf(t)
  const streams = await Promise.all(nodes.map(async (node) => (await node.open(own)).listen()))
  const below = generator(3)
  for (let n = 0; n < 60; n++) {
    const place = below(nodes.length)
    nodes[place]?.server.notify(OWN, { n: `${place} ${n}` })
    if (below(4) === 0) await new Promise<void>(setImmediate)
  }
  const last = new Set<number>()
  for (const [place, { server }] of nodes.entries()) {
    server.notify(OWN, { n: `${place} last` })
    last.add(place)
  }
  for (const stream of streams) {
    for (let left = last.size; left > 0; left--) {
      await stream.nextMessage(({ params }) => String(params?.n).endsWith('last'))
    }
  }
  const heard = streams.map((stream) => stream.messages.map(said) as string[])
  assert.deepEqual(heard[1], heard[0])
  assert.deepEqual(heard[2], heard[0])
  assert.equal(new Set(heard[0]).size, 60 + nodes.length)
  for (const place of last) {
    const numbers = (heard[0] as string[])
      .filter((text) => text.startsWith(`${place} `))
      .map((text) => (text.endsWith('last') ? 60 : Number(text.split(' ')[1])))
    assert.deepEqual(
      numbers,
      [...numbers].sort((x, y) => x - y),
    )
  }
})

test('the standalone stream is resumed on any node with exactly what was missed, by the ids of the other', async (t) => {
  const { a, b, c } = await nodesOf(t)
  const session = await a.open(own)
  await session.request('resources/subscribe', { uri: 'note://1' })
  const stream = await at(session, a).listen()
  b.server.notify(OWN, { n: 1 })
  c.server.notifyResourceUpdated('note://1')
  await stream.nextMessage(({ params }) => params?.uri === 'note://1')
  const { lastEventId } = stream
  await stream.close()
  c.server.notifyResourceUpdated('note://2')
  b.server.notifyResourceUpdated('note://1')
  await new Promise<void>(setImmediate)
  b.server.notify(OWN, { n: 2 }, { session: session.sessionId as string })
  b.server.notify(OWN, { n: 'of another' }, { session: 'x'.repeat(32) })
  a.server.registerTool('new', {}, () => '')
  await new Promise<void>(setImmediate)
  a.server.notify(END)
  // Node c has never seen the session before.
  const resumed = await at(session, c).resume(lastEventId as string)
  assert.deepEqual(new Set(await untilEnd(resumed)), new Set(['note://1', 2, 'tools']))
  assert.equal(resumed.messages.length, 4)
  b.server.notify(OWN, { n: 'live' })
  assert.equal(said(await resumed.nextMessage()), 'live')
  const ids = [...stream.events, ...resumed.events].flatMap(({ id, json }) => (json?.method && id) || [])
  assert.equal(new Set(ids).size, ids.length)
})

test('a client that is ahead of a node gets what follows, and nothing twice', async (t) => {
  const { store, a, b, c } = await nodesOf(t)
  const session = await a.open(own)
  await at(session, b).request('ping')
  const stream = await at(session, a).listen()
  // Node b falls behind.
  store.setAvailable(false, b.id)
  c.server.notify(OWN, { n: 1 })
  c.server.notify(OWN, { n: 2 })
  await stream.nextMessage(({ params }) => params?.n === 2)
  const { lastEventId } = stream
  const resumed = await at(session, b).resume(lastEventId as string)
  assert.equal(resumed.status, 200)
  store.setAvailable(true, b.id)
  c.server.notify(OWN, { n: 3 })
  await resumed.nextMessage(({ params }) => params?.n === 3)
  assert.deepEqual(resumed.messages.map(said), [3])
  // Its priming event does not set the client back.
  assert.equal(b.errors.splice(0).length, 1)
  const ids = resumed.events.flatMap(({ id }) => (id === undefined ? [] : [Number(id.split('_').at(-1))]))
  assert.ok(ids.every((id) => id >= Number(lastEventId?.split('_').at(-1))))
})

test('a stream that is opened on another node without Last-Event-ID begins with what was not delivered', async (t) => {
  const fixture = await nodesOf(t)
  const { a, b, c } = fixture
  const session = await a.open(own)
  const stream = await at(session, a).listen()
  b.server.notify(OWN, { n: 'delivered' })
  await stream.nextMessage()
  await stream.close()
  await eventually(() => a.stats().streams === 0, 'a to notice')
  await settled(fixture)
  b.server.notify(OWN, { n: 'not yet' })
  c.server.notify(END)
  assert.deepEqual(await untilEnd(await at(session, c).listen()), ['settled', 'not yet'])
})

test('server.log on one node reaches a session that is connected elsewhere, if it has asked for the level', async (t) => {
  const { a, b, c } = await nodesOf(t)
  const [loud, quiet] = [await a.open(own), await b.open(own)]
  await at(loud, c).request('logging/setLevel', { level: 'debug' })
  await at(quiet, b).request('logging/setLevel', { level: 'error' })
  const heard = [await at(loud, a).listen(), await at(quiet, b).listen()]
  for (const { sessionId } of [loud, quiet]) {
    assert.deepEqual(c.server.log('debug', 'low', { session: sessionId as string }), HANDED_ON)
  }
  c.server.log('warning', 'for all of it')
  c.server.log('error', 'high')
  c.server.notify(END)
  assert.deepEqual(await Promise.all(heard.map(untilEnd)), [['low', 'for all of it', 'high'], ['high']])
})

test('a message to a principal reaches its sessions on all nodes, and is kept for those that no node has connected', async (t) => {
  const auth = { verify: (token: string) => ({ id: token }) }
  const bearer = (name: string) => ({ ...own, headers: { authorization: `Bearer ${name}` } })
  const { a, b, c } = await nodesOf(t, { auth })
  const ann = await a.open(bearer('ann'))
  const annElsewhere = await b.open(bearer('ann'))
  const bob = await b.open(bearer('bob'))
  const open = await Promise.all([at(ann, a).listen(), at(bob, b).listen()])
  c.server.notify(OWN, { n: 1 }, { principal: 'ann' })
  c.server.notify(OWN, { n: 'nobody' }, { principal: 'zoe' })
  c.server.notify(END)
  assert.deepEqual(await Promise.all(open.map(untilEnd)), [[1], []])
  assert.deepEqual(await untilEnd(await at(annElsewhere, c).listen()), [1])
})

test('changes announced while the store is away arrive once it is back, each once', async (t) => {
  const { store, a, b } = await nodesOf(t)
  const session = await b.open(own)
  await session.request('resources/subscribe', { uri: 'note://1' })
  const stream = await session.listen()
  store.setAvailable(false, a.id)
  for (let n = 0; n < 50; n++) {
    a.server.notifyResourceUpdated('note://1')
    if (n % 10 === 0) a.server.registerTool(`t${n}`, {}, () => '')
    await new Promise<void>(setImmediate)
  }
  store.setAvailable(true, a.id)
  // What was being published when the store went away, and what waited behind it.
  await stream.nextMessage(({ params }) => params?.uri === 'note://1')
  await new Promise<void>(setImmediate)
  a.server.notify(END)
  const heard = await untilEnd(stream)
  assert.deepEqual([...new Set(heard)].sort(), ['note://1', 'tools'])
  assert.ok(heard.length <= 4, `${heard}`)
  // The outage.
  assert.equal(a.errors.splice(0).length, 1)
})

test('changes that the store has no room for are announced later, and messages are given up with one report', async (t) => {
  const { store, a, b } = await nodesOf(t, { memory: { maxWaitingBytes: 1000 } })
  const session = await b.open(own)
  const uris = Array.from({ length: 12 }, (_, n) => `note://${n}`)
  for (const uri of uris) await session.request('resources/subscribe', { uri })
  const stream = await session.listen()
  store.setAvailable(false, a.id)
  for (const uri of uris) a.server.notifyResourceUpdated(uri)
  await new Promise<void>(setImmediate)
  for (let n = 0; n < 20; n++) a.server.notify(OWN, { n })
  await new Promise<void>(setImmediate)
  // One for the outage, and one for the messages.
  assert.equal(a.errors.splice(0).length, 2)
  store.setAvailable(true, a.id)
  const heard = new Set<unknown>()
  while (heard.size < uris.length) {
    const message = await stream.nextMessage(({ method }) => method === 'notifications/resources/updated')
    assert.ok(!heard.has(said(message)), `${said(message)} twice`)
    heard.add(said(message))
  }
})

test('a node that has missed messages says so to a client that resumes there, and names what may have changed', async (t) => {
  const { a, join } = await nodesOf(t, { count: 1, memory: { maxRetainedMessages: 3 } })
  const session = await a.open(own)
  const stream = await session.listen()
  await session.request('resources/subscribe', { uri: 'note://1' })
  a.server.notify(OWN, { n: 1 })
  await stream.nextMessage()
  const { lastEventId } = stream
  await stream.close()
  for (let n = 2; n < 12; n++) a.server.notify(OWN, { n })
  a.server.notifyResourceUpdated('note://1')
  a.server.notify(END)
  await eventually(() => a.stats().streams === 0, 'a to notice')
  const late = await join()
  const resumed = await at(session, late).resume(lastEventId as string)
  const heard = await untilEnd(resumed)
  assert.equal(heard[0], LOST)
  for (const expected of ['note://1', 'tools', 'prompts']) assert.ok(heard.includes(expected), `${heard}`)
  assert.equal(new Set(heard).size, heard.length)
  // Another connection that is lost in the middle of it leaves nothing out.
  const middle = resumed.events.filter(({ json }) => json?.method !== undefined)[1]?.id
  const again = await untilEnd(await at(session, late).resume(middle ?? (lastEventId as string)))
  for (const expected of heard.slice(2)) assert.ok(again.includes(expected), `${again} lacks ${expected}`)
})

test('a node that joins late numbers what follows as the others do, whatever else nodes tell each other', async (t) => {
  const { a, join } = await nodesOf(t, { count: 1, memory: { maxRetainedMessages: 3 } })
  const session = await a.open(own)
  const stream = await session.listen()
  for (let n = 0; n < 6; n++) {
    await session.request('resources/subscribe', { uri: `note://${n}` })
    a.server.notify(OWN, { n })
    await stream.nextMessage(({ params }) => params?.n === n)
  }
  const late = await join()
  const there = await (await late.open(own)).listen()
  a.server.notify(OWN, { n: 'same' })
  for (const open of [stream, there]) await open.nextMessage(({ params }) => params?.n === 'same')
  assert.equal(sequences(there).at(-1), sequences(stream).at(-1))
})

test('a stream that is open while its node misses messages is sent the gap and what may have changed', async (t) => {
  const { store, a, b } = await nodesOf(t, { memory: { maxRetainedMessages: 3 } })
  const session = await b.open(own)
  const stream = await session.listen()
  store.setAvailable(false, b.id)
  for (let n = 0; n < 10; n++) a.server.notify(OWN, { n })
  const other = await a.open(own)
  const heardThere = await other.listen()
  a.server.notify(END)
  await untilEnd(heardThere)
  store.setAvailable(true, b.id)
  const heard = await untilEnd(stream)
  assert.equal(heard[0], LOST)
  assert.deepEqual(
    heard
      .slice(1)
      .filter((text) => typeof text === 'string')
      .sort(),
    ['prompts', 'resources', 'tools'],
  )
  assert.equal(b.errors.splice(0).length, 1)
})

test('messages to sessions that a node does not know take no more than their share of the replay bytes', async (t) => {
  const { a, b } = await nodesOf(t, { count: 2, replay: { maxTotalBytes: 400_000, maxBytes: 20_000 } })
  const session = await b.open(own)
  const stream = await session.listen()
  for (let n = 0; n < 200; n++) {
    a.server.notify(OWN, { n: 'x'.repeat(1000) }, { session: `${n}`.padStart(32, 'x') })
  }
  a.server.notify(OWN, { n: 'kept' }, { session: session.sessionId as string })
  a.server.notify(END)
  assert.deepEqual(await untilEnd(stream), ['kept'])
  for (const node of [a, b]) assert.ok(node.stats().replayBytes <= 100_000, `${node.stats().replayBytes}`)
  // One that is too large for any log takes no room from others.
  const { replayBytes } = a.stats()
  a.server.notify(OWN, { n: 'z'.repeat(150_000) }, { session: 'z'.repeat(32) })
  // The newest are those that are kept.
  const { lastEventId } = stream
  await stream.close()
  const newest = 'y'.repeat(2000)
  a.server.notify(OWN, { n: newest }, { session: session.sessionId as string })
  a.server.notify(END)
  assert.deepEqual(await untilEnd(await at(session, a).resume(lastEventId as string)), [newest])
  assert.ok(a.stats().replayBytes > replayBytes / 2, `${a.stats().replayBytes}`)
})

test('a node keeps messages for sessions that it has closed, since they may come back', async (t) => {
  const { a, b } = await nodesOf(t, { count: 2, sessions: { max: 1 } })
  const session = await a.open(own)
  const stream = await session.listen()
  b.server.notify(OWN, { n: 1 })
  await stream.nextMessage()
  const { lastEventId } = stream
  await stream.close()
  await eventually(() => a.stats().streams === 0, 'a to notice')
  const sessionId = session.sessionId as string
  b.server.notify(OWN, { n: 'to all' })
  b.server.notify(OWN, { n: 'to it' }, { session: sessionId })
  const other = await b.open(own)
  const there = await other.listen()
  b.server.notify(END)
  await untilEnd(there)
  // The session is evicted, and after that no session is left.
  await (await a.open(own)).delete()
  assert.equal(a.stats().sessions, 0)
  assert.deepEqual(await untilEnd(await at(session, a).resume(lastEventId as string)), ['to all', 'to it'])
  await there.close()
})

test('a definition that two nodes of one process serve announces a change once', async (t) => {
  const { MemoryStore } = await import('../../../src/store/memory-store.ts')
  const { serve, McpServer: Server } = await import('../../../src/index.ts')
  const { TestSession: Session } = await import('../../helpers/wire.ts')
  const store = new MemoryStore()
  const server = new Server({ name: 'shared', version: '1.0.0' })
  server.registerTool('first', {}, () => '')
  const served = [await serve(server, { port: 0, store }), await serve(server, { port: 0, store })]
  t.after(async () => {
    for (const { close } of served) await close({ drainMs: 0 })
  })
  await eventually(() => served.every(({ ready }) => ready()), 'both to join')
  const sessions: TestSession[] = []
  for (const { url } of served) sessions.push(await Session.open(url, own))
  const streams = await Promise.all(sessions.map((session) => session.listen()))
  server.registerTool('second', {}, () => '')
  await streams[0]?.nextMessage()
  server.notify(OWN, { n: 1 })
  server.notify(END)
  for (const stream of streams) assert.deepEqual(await untilEnd(stream), ['tools', 1])
  for (const session of sessions) await session.close()
})
