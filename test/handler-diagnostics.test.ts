/** Diagnostics channels: what observers see of HTTP exchanges and JSON-RPC requests; and the gauges of `stats()`. */

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { start } from './conversations/running-server.ts'
import { post, TestSession, within } from './helpers/wire.ts'

interface Seen {
  readonly channel: string
  readonly message: {
    readonly method?: string
    readonly id?: unknown
    readonly sessionId?: string
    readonly protocolVersion?: string
    readonly request?: IncomingMessage
    readonly response?: ServerResponse
    readonly error?: Error & { readonly code?: number }
  }
}

function observe(t: TestContext, ...names: string[]) {
  const seen: Seen[] = []
  const events = new EventEmitter()
  for (const name of names) {
    const listener = (message: unknown) => {
      seen.push({ channel: name, message: message as Seen['message'] })
      events.emit(name)
    }
    subscribe(name, listener)
    t.after(() => unsubscribe(name, listener))
  }
  return { seen, events }
}

test('barewire:rpc tells the start of each request, and its end or its error', async (t) => {
  const { url, waiting } = await start(t)
  const session = await TestSession.open(url)
  const { seen } = observe(t, 'barewire:rpc:start', 'barewire:rpc:end', 'barewire:rpc:error')
  const of = (method: string, id: unknown) => ({
    method,
    id,
    sessionId: session.sessionId,
    protocolVersion: '2025-11-25',
    trace: undefined,
  })
  await session.request('ping', undefined, { id: 'a' })
  assert.deepEqual(seen.splice(0), [
    { channel: 'barewire:rpc:start', message: of('ping', 'a') },
    { channel: 'barewire:rpc:end', message: of('ping', 'a') },
  ])
  const slow = session.call('wait', {}, { id: 0 })
  const call = await waiting()
  assert.deepEqual(seen.splice(0), [{ channel: 'barewire:rpc:start', message: of('tools/call', 0) }])
  call.release()
  await slow
  assert.deepEqual(seen.splice(0), [{ channel: 'barewire:rpc:end', message: of('tools/call', 0) }])
  await session.call('missing', {}, { id: 'b' })
  const [begun, failed] = seen
  assert.deepEqual(begun, { channel: 'barewire:rpc:start', message: of('tools/call', 'b') })
  assert.equal(failed?.channel, 'barewire:rpc:error')
  assert.equal(failed?.message.error?.code, -32602)
})

test('barewire:http tells the start and the end of each exchange, and a refusal with its error', async (t) => {
  const { url } = await start(t)
  const names = ['barewire:http:start', 'barewire:http:end', 'barewire:http:error']
  const { seen, events } = observe(t, ...names)
  const ended = once(events, 'barewire:http:end')
  await post(new URL('/other', url), {}, {}, { check: 'none' })
  await within(ended, () => 'the end of the exchange')
  assert.deepEqual(
    seen.map(({ channel }) => channel),
    ['barewire:http:start', 'barewire:http:error', 'barewire:http:end'],
  )
  const [begun, refused, over] = seen.map(({ message }) => message)
  assert.equal(begun?.request?.url, '/other')
  assert.equal(refused?.error?.code, -32000)
  assert.equal(over?.response?.statusCode, 404)
  assert.equal(over?.request, begun?.request)
})

test('barewire:http:end waits for the end of a stream, also when the client breaks it', async (t) => {
  const { url, waiting } = await start(t)
  const session = await TestSession.open(url)
  const { seen, events } = observe(t, 'barewire:http:end')
  const stream = await session.stream('tools/call', { name: 'talk-and-wait', arguments: {} })
  const call = await waiting()
  assert.deepEqual(seen, [])
  const ended = once(events, 'barewire:http:end')
  await stream.destroy()
  await within(ended, () => 'the end of the exchange')
  call.release()
})

test('stats counts sessions, streams, calls and kept bytes as they come and go', async (t) => {
  const { url, serving, waiting } = await start(t)
  assert.deepEqual(serving.stats(), {
    sessions: 0,
    subscriptions: 0,
    tasks: 0,
    streams: 0,
    callsInProgress: 0,
    bodyBytes: 0,
    replayBytes: 0,
    sessionBytes: 0,
    subscriptionBytes: 0,
    undeliverable: 0,
    rejected: 0,
    ready: true,
    store: undefined,
  })
  const session = await TestSession.open(url)
  const listening = await session.listen()
  const stream = await session.stream('tools/call', { name: 'talk-and-wait', arguments: {} })
  const call = await waiting()
  const busy = serving.stats()
  assert.deepEqual([busy.sessions, busy.streams, busy.callsInProgress], [1, 2, 1])
  assert.ok(busy.replayBytes > 0)
  assert.ok(busy.sessionBytes > 0)
  call.release()
  await stream.end()
  assert.deepEqual([serving.stats().streams, serving.stats().callsInProgress], [1, 0])
  await session.delete()
  await listening.end()
  const { sessions, streams, replayBytes, sessionBytes } = serving.stats()
  assert.deepEqual([sessions, streams, replayBytes, sessionBytes], [0, 0, 0, 0])
})
