/** Limits of time: for connecting, for one request, started anew by progress, and standing still for questions. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { Deadline } from '../../src/client/timing.ts'
import { connected, event, result, scripted, session, stateless, stream } from './scripted-server.ts'

for (const [what, era] of [
  ['a session', session],
  ['no session', stateless],
] as const) {
  test(`a request that is not answered in time rejects, and its connection is closed (${what})`, async (t) => {
    let closed: Promise<unknown> | undefined
    const server = await scripted(
      t,
      era((exchange) => {
        const { what: method, response } = exchange
        if (method === 'notifications/cancelled') return response.writeHead(202).end()
        closed = new Promise((resolve) => response.on('close', resolve))
        return undefined
      }),
    )
    const client = await connected(t, server.url)
    await assert.rejects(client.callTool('a', {}, { timeoutMs: 30 }), {
      code: 'ERR_REQUEST_TIMEOUT',
      message: 'The server did not answer tools/call within 30 ms',
    })
    await closed
  })
}

test('options of connect are for all requests', async (t) => {
  const server = await scripted(
    t,
    stateless(() => {}),
  )
  const client = await connected(t, server.url, { requestTimeoutMs: 20 })
  await assert.rejects(client.callTool('a'), { code: 'ERR_REQUEST_TIMEOUT' })
  await assert.rejects(client.callTool('a', {}, { timeoutMs: 0, maxTimeoutMs: 25 }), /within 25 ms/)
})

test('progress gives a call more time, and never more than maxTimeoutMs', async (t) => {
  const server = await scripted(
    t,
    stateless((exchange) => {
      const reply = stream(exchange)
      let progress = 0
      const timer = setInterval(() => {
        progress += 1
        const params = { progressToken: exchange.message.params._meta.progressToken, progress }
        reply.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params }))
        if (progress === 10 && exchange.message.params.name === 'ends') {
          reply.end(event({ jsonrpc: '2.0', id: exchange.message.id, result: { content: [] } }))
        }
      }, 20)
      reply.on('close', () => clearInterval(timer))
    }),
  )
  const client = await connected(t, server.url)
  const options = { onProgress: () => {}, timeoutMs: 150 }
  await client.callTool('ends', {}, options)
  await assert.rejects(client.callTool('never', {}, { ...options, maxTimeoutMs: 400 }), {
    code: 'ERR_REQUEST_TIMEOUT',
  })
})

test('the time of a call stands still while the application answers a question', async (t) => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500))
    return { action: 'cancel' } as const
  }
  const form = { message: 'm', requestedSchema: { type: 'object', properties: {} } }
  const modern = await scripted(
    t,
    stateless((exchange) => {
      if (exchange.message.params.inputResponses !== undefined) return result(exchange, { content: [] })
      return result(exchange, {
        resultType: 'input_required',
        inputRequests: { a: { method: 'elicitation/create', params: form } },
      })
    }),
  )
  const one = await connected(t, modern.url, { onElicit: slow })
  await one.callTool('a', {}, { timeoutMs: 400, maxTimeoutMs: 400 })

  let finish = () => {}
  const old = await scripted(
    t,
    session((exchange) => {
      if (exchange.what === 'response') {
        exchange.response.writeHead(202).end()
        return finish()
      }
      const reply = stream(exchange)
      finish = () => reply.end(event({ jsonrpc: '2.0', id: exchange.message.id, result: { content: [] } }))
      return reply.write(event({ jsonrpc: '2.0', id: 1, method: 'elicitation/create', params: form }))
    }),
  )
  const two = await connected(t, old.url, { onElicit: slow })
  await two.callTool('a', {}, { timeoutMs: 400, maxTimeoutMs: 400 })
})

test('the time of connecting and of a call stands still while credentials are made: a user may log in', async (t) => {
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 500))
  let valid = 'one'
  const server = await scripted(
    t,
    stateless((exchange) => {
      if (exchange.request.headers.authorization === `Bearer ${valid}`)
        return result(exchange, { content: [] })
      return exchange.response.writeHead(401).end()
    }),
  )
  const auth = async ({ refresh }: { readonly refresh?: boolean | undefined }) => {
    if (refresh === true) await pause()
    return refresh === true ? valid : 'none'
  }
  const client = await connected(t, server.url, { auth, timeoutMs: 400, requestTimeoutMs: 400 })
  valid = 'two'
  await client.callTool('a')
})

test('signal and timeoutMs of connect are for connecting alone', async (t) => {
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { contents: [] })),
  )
  const abort = new AbortController()
  const client = await connect(server.url, { signal: abort.signal, timeoutMs: 500 })
  t.after(() => client.close())
  abort.abort()
  await client.readResource('file:///a')

  await assert.rejects(connect(server.url, { signal: AbortSignal.abort(new Error('not now')) }), {
    code: 'ERR_REQUEST_ABORTED',
    message: /not now/,
  })
})

test('Deadline: anew with each extend, at most maxMs, not while paused, nothing after stop', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const fired: number[] = []
  const make = (timeoutMs: number, maxMs: number) =>
    new Deadline(timeoutMs, maxMs, (limit) => fired.push(limit))
  const extended = make(100, 250)
  t.mock.timers.tick(90)
  extended.extend()
  t.mock.timers.tick(90)
  extended.extend()
  t.mock.timers.tick(69)
  assert.deepEqual(fired, [])
  t.mock.timers.tick(1)
  assert.deepEqual(fired.splice(0), [70])

  const paused = make(100, 0)
  t.mock.timers.tick(99)
  paused.pause()
  paused.pause()
  t.mock.timers.tick(10_000)
  paused.resume()
  t.mock.timers.tick(10_000)
  paused.resume()
  t.mock.timers.tick(99)
  assert.deepEqual(fired, [])
  t.mock.timers.tick(1)
  assert.deepEqual(fired.splice(0), [100])

  const stopped = make(100, 100)
  stopped.stop()
  stopped.extend()
  const unlimited = make(0, 0)
  unlimited.extend()
  t.mock.timers.tick(2 ** 31)
  assert.deepEqual(fired, [])
})
