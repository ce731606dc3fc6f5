/** Subscriptions: watching begins with the first subscriber and ends with the last, and each hears of changes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestContext } from '../../src/index.ts'
import { define, join, open, start } from './offering.ts'

const on = (uri: string) => ['resources/subscribe', { uri }] as const
const off = (uri: string) => ['resources/unsubscribe', { uri }] as const
const updated = (uri: string) => ({
  jsonrpc: '2.0',
  method: 'notifications/resources/updated',
  params: { uri },
})

test('watching begins with the first subscriber of all sessions and ends with the last', async (t) => {
  const { server } = define()
  const log: string[] = []
  const owners: unknown[] = []
  const subscribe = (uri: string, ctx: RequestContext) => {
    log.push(`watch ${uri}`)
    owners.push(ctx.session?.id)
    return () => void log.push(`stop ${uri}`)
  }
  server.registerResourceTemplate('t', 'memo://{id}', { subscribe }, () => '')
  const url = await start(t, server)
  const [a, b] = [await join(t, url), await join(t, url, { protocolVersion: '2025-03-26' })]
  assert.deepEqual(a.initializeResult.capabilities.resources, { listChanged: true, subscribe: true })
  assert.deepEqual((await a.request(...on('memo://1'))).result, {})
  await a.request(...on('memo://1'))
  await b.request(...on('memo://1'))
  await b.request(...on('memo://2'))
  assert.deepEqual(log, ['watch memo://1', 'watch memo://2'])
  assert.deepEqual(owners, [a.sessionId, b.sessionId])
  await a.request(...off('memo://1'))
  await a.request(...off('memo://1'))
  assert.deepEqual(log.length, 2)
  await b.delete()
  assert.deepEqual(log.slice(2).sort(), ['stop memo://1', 'stop memo://2'])
  await a.request(...on('memo://1'))
  assert.equal(log.at(-1), 'watch memo://1')
})

test('only subscribers hear of a change, once for changes made together', async (t) => {
  const { server } = define()
  server.registerResource('r', 'memo://1', { subscribe: true }, () => '')
  server.registerResource('s', 'memo://2', { subscribe: true }, () => '')
  const url = await start(t, server)
  const [a, b] = [await join(t, url), await join(t, url)]
  await a.request(...on('memo://1'))
  await b.request(...on('memo://2'))
  const [streamA, streamB] = [await a.listen(), await b.listen()]
  await Promise.all([streamA.until(() => true), streamB.until(() => true)])
  for (let i = 0; i < 5; i += 1) server.notifyResourceUpdated('memo://1')
  server.notifyResourceUpdated('memo://unknown')
  assert.deepEqual(await streamA.nextMessage(), updated('memo://1'))
  server.notifyResourceUpdated('memo://2')
  assert.deepEqual(await streamB.nextMessage(), updated('memo://2'))
  await a.request(...off('memo://1'))
  server.notifyResourceUpdated('memo://1')
  server.notifyResourceUpdated('memo://2')
  assert.deepEqual(await streamB.nextMessage(), updated('memo://2'))
  assert.deepEqual([streamA.messages.length, streamB.messages.length], [1, 2])
})

test('what cannot be watched, is unknown, or is withheld cannot be subscribed to [resources.permissions-checked]', async (t) => {
  const { server } = define()
  let allowed = true
  const visible = (_ctx: RequestContext) => allowed
  server.registerResource('still', 'memo://still', {}, () => '')
  server.registerResource('secret', 'memo://secret', { subscribe: true, visible }, () => 'ran')
  const session = await open(t, server)
  assert.equal((await session.request(...on('memo://still'))).error.code, -32602)
  assert.deepEqual((await session.request(...on('memo://none'))).error.data, { uri: 'memo://none' })
  assert.equal((await session.request(...on('memo://secret'))).error, undefined)
  await session.request(...off('memo://secret'))
  assert.equal((await session.request('resources/read', { uri: 'memo://secret' })).error, undefined)
  allowed = false
  assert.equal((await session.request(...on('memo://secret'))).error.code, -32002)
  assert.equal((await session.request('resources/read', { uri: 'memo://secret' })).error.code, -32002)
})

test('a hook that throws fails the subscription, one that throws while stopping fails nothing', async (t) => {
  const { server, errors } = define()
  const boom = () => {
    throw new Error('hunter2')
  }
  server.registerResource('start', 'memo://start', { subscribe: boom }, () => '')
  server.registerResource('stop', 'memo://stop', { subscribe: () => boom }, () => '')
  server.registerResource('none', 'memo://none', { subscribe: () => {} }, () => '')
  const session = await open(t, server)
  const { error } = await session.request(...on('memo://start'))
  assert.equal(error.code, -32603)
  assert.doesNotMatch(error.message, /hunter2/)
  await session.request(...on('memo://stop'))
  assert.deepEqual((await session.request(...off('memo://stop'))).result, {})
  await session.request(...on('memo://none'))
  assert.deepEqual((await session.request(...off('memo://none'))).result, {})
  assert.deepEqual(
    errors.map(({ error, info }) => [error.message, info.phase, info.name]),
    [
      ['hunter2', 'handler', 'memo://start'],
      ['hunter2', 'subscription', 'memo://stop'],
    ],
  )
})

test('a hook may start watching later; what it gives then stops it, once, also when everybody has left meanwhile', async (t) => {
  const { server, errors } = define()
  const log: string[] = []
  const started = new Map<string, (stop: () => void) => void>()
  const subscribe = (uri: string) => {
    log.push(`watch ${uri}`)
    return new Promise<() => void>((resolve) => started.set(uri, resolve))
  }
  server.registerResourceTemplate('t', 'memo://{id}', { subscribe }, () => '')
  let lastOne: () => void = () => {}
  const stopped = new Promise<void>((resolve) => {
    lastOne = resolve
  })
  const stop = (uri: string) => () => {
    log.push(`stop ${uri}`)
    if (uri === 'memo://2') lastOne()
  }
  const session = await open(t, server)
  for (const uri of ['memo://1', 'memo://2']) await session.request(...on(uri))
  started.get('memo://1')?.(stop('memo://1'))
  await session.request(...off('memo://1'))
  await session.request(...off('memo://2'))
  assert.deepEqual(log, ['watch memo://1', 'watch memo://2', 'stop memo://1'])
  started.get('memo://2')?.(stop('memo://2'))
  await stopped
  assert.deepEqual([log.slice(3), errors], [['stop memo://2'], []])
})

test('a hook that rejects, or gives what cannot stop it, is reported, and so is a stop that rejects', async (t) => {
  const { server, errors } = define()
  const boom = async () => {
    throw new Error('hunter2')
  }
  server.registerResource('start', 'memo://start', { subscribe: boom }, () => '')
  server.registerResource('stop', 'memo://stop', { subscribe: () => boom }, () => '')
  server.registerResource('odd', 'memo://odd', { subscribe: () => ({}) as () => void }, () => '')
  const session = await open(t, server)
  for (const name of ['start', 'stop', 'odd']) {
    assert.deepEqual((await session.request(...on(`memo://${name}`))).result, {})
    assert.deepEqual((await session.request(...off(`memo://${name}`))).result, {})
  }
  const reports = errors.map(({ error, info }) => [info.name, info.phase, error.message])
  const problem = 'subscribe must return a function that stops the watching, or nothing; got an object'
  assert.deepEqual(reports, [
    ['memo://start', 'subscription', 'hunter2'],
    ['memo://stop', 'subscription', 'hunter2'],
    ['memo://odd', 'subscription', problem],
  ])
})

test('notifyResourceUpdated needs a URI', () => {
  const { server } = define()
  for (const uri of [undefined, 5, new URL('memo://1')]) {
    const notify = () => server.notifyResourceUpdated(uri as unknown as string)
    assert.throws(notify, { name: 'TypeError', message: /needs a URI, a string; got / })
  }
})
