/** Servers that accept a message and never answer: nothing waits for them for good. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { within } from '../helpers/within.ts'
import { connected, type Exchange, event, result, scripted, session, stream } from './scripted-server.ts'

/** Leaves what a method sends without an answer. */
const stalls =
  (method: string, script: (exchange: Exchange) => unknown) =>
  (exchange: Exchange): unknown =>
    exchange.what === method ? undefined : script(exchange)

test('connect ends with its timeoutMs, and with its signal, while notifications/initialized is not accepted', async (t) => {
  const stalling = () =>
    scripted(
      t,
      stalls(
        'notifications/initialized',
        session(() => {}),
      ),
    )
  const server = await stalling()
  const late = connect(server.url, { timeoutMs: 50, retries: 0 })
  await within(assert.rejects(late, { code: 'ERR_REQUEST_TIMEOUT' }), () => 'connect to give up')
  const other = await stalling()
  const abort = new AbortController()
  const call = connect(other.url, { signal: abort.signal, retries: 0 })
  while (!other.log().includes('notifications/initialized'))
    await new Promise((resolve) => setImmediate(resolve))
  abort.abort()
  await within(assert.rejects(call, { code: 'ERR_REQUEST_ABORTED' }), () => 'connect to be aborted')
})

test('connect does not wait for a server that takes no end of the session either', async (t) => {
  const script = session(() => {})
  const server = await scripted(t, (e) =>
    e.what === 'notifications/initialized' || e.what === 'DELETE' ? undefined : script(e),
  )
  const began = performance.now()
  await assert.rejects(connect(server.url, { timeoutMs: 50 }), { code: 'ERR_REQUEST_TIMEOUT' })
  assert.ok(performance.now() - began < 2500)
})

test('another session that does not begin is a matter of time, and no call waits longer for it', async (t) => {
  let initialized = 0
  const server = await scripted(t, (e) => {
    if (e.what === 'initialize' && initialized++ > 0) return undefined
    return session(({ response: reply }) => reply.writeHead(404).end())(e)
  })
  const client = await connected(t, server.url, { timeoutMs: 1000 })
  await assert.rejects(client.callTool('a'), {
    code: 'ERR_REQUEST_TIMEOUT',
    message: /another session took longer than 1000 ms \(option timeoutMs\)/,
  })
})

test('a notification that is not accepted rejects after requestTimeoutMs, and when the client is closed', async (t) => {
  const server = await scripted(
    t,
    stalls(
      'notifications/roots/list_changed',
      session(() => {}),
    ),
  )
  const options = { onRoots: () => [], requestTimeoutMs: 1000 }
  const client = await connected(t, server.url, options)
  await within(
    assert.rejects(client.rootsChanged(), {
      code: 'ERR_REQUEST_TIMEOUT',
      message:
        /notifications\/roots\/list_changed was not accepted within 1000 ms \(option requestTimeoutMs\)/,
    }),
    () => 'the notification to be given up',
  )
  const patient = await connected(t, server.url, { ...options, requestTimeoutMs: 0 })
  const closed = assert.rejects(patient.rootsChanged(), { code: 'ERR_CLIENT_CLOSED' })
  await patient.close()
  await within(closed, () => 'the notification to end with the client')
  await assert.rejects(patient.rootsChanged(), { code: 'ERR_CLIENT_CLOSED' })
})

test('an answer to the server that is not accepted is reported, and holds up no call', async (t) => {
  const server = await scripted(
    t,
    stalls(
      'response',
      session((exchange) => {
        if (exchange.message.params.name === 'other') return result(exchange, { content: [] })
        return stream(exchange).write(event({ jsonrpc: '2.0', id: 1, method: 'ping' }))
      }),
    ),
  )
  let heard: (error: unknown) => void = () => {}
  const reported = new Promise((resolve) => {
    heard = resolve
  })
  const client = await connected(t, server.url, { requestTimeoutMs: 1000, onError: heard })
  const call = assert.rejects(client.callTool('a', {}, { timeoutMs: 0, maxTimeoutMs: 0 }), {
    code: 'ERR_CLIENT_CLOSED',
  })
  assert.match(String(await within(reported, () => 'onError')), /A response was not accepted within 1000 ms/)
  await client.callTool('other', {}, { timeoutMs: 10_000 })
  await client.close()
  await call
})
