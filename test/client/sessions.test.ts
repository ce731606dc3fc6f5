/** Sessions: a new one where the old is gone, streams that are taken up again, questions of the server, and the end. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { McpError, statusOf } from '../../src/client/index.ts'
import { McpServer, serve } from '../../src/index.ts'
import { within } from '../helpers/within.ts'
import {
  connected,
  type Exchange,
  event,
  failure,
  response,
  result,
  scripted,
  session,
  stream,
} from './scripted-server.ts'

const of = (log: readonly string[], what: string) => log.filter((each) => each === what).length

test('each request carries the session id and the negotiated revision, initialize neither', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => result(exchange, { content: [] }), { revision: '2025-06-18' }),
  )
  const client = await connected(t, server.url, { first: 'initialize' })
  await client.callTool('a')
  const headers = server.seen.map(({ what, request }) => [
    what,
    request.headers['mcp-session-id'],
    request.headers['mcp-protocol-version'],
  ])
  assert.deepEqual(
    headers.filter(([what]) => what !== 'GET'),
    [
      ['initialize', undefined, undefined],
      ['notifications/initialized', 'session-1', '2025-06-18'],
      ['tools/call', 'session-1', '2025-06-18'],
    ],
  )
  await client.close()
  assert.equal(server.seen.at(-1)?.what, 'DELETE')
  assert.equal(server.seen.at(-1)?.request.headers['mcp-session-id'], 'session-1')
})

test('a server without session ids is used without, and gets no DELETE', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => result(exchange, { content: [] }), { id: '' }),
  )
  const client = await connected(t, server.url)
  await client.callTool('a')
  await client.close()
  assert.equal(server.seen.at(-1)?.request.headers['mcp-session-id'], undefined)
  assert.equal(of(server.log(), 'DELETE'), 0)
})

test('404: one new session for all calls that met the end of the old one, and each call is done once', async (t) => {
  let sessions = 0
  const done: string[] = []
  const server = await scripted(t, (exchange) => {
    const { what, request, response: reply, message } = exchange
    if (what === 'initialize') sessions += 1
    const id = `session-${sessions}`
    if (what === 'tools/call') {
      // The first session ends with the first call.
      if (request.headers['mcp-session-id'] === 'session-1') return reply.writeHead(404).end()
      done.push(message.params.name)
      return result(exchange, { content: [] })
    }
    return session(() => {}, { id })(exchange)
  })
  const client = await connected(t, server.url)
  const names = ['a', 'b', 'c', 'd', 'e']
  await Promise.all(names.map((name) => client.callTool(name)))
  assert.deepEqual(done.sort(), names)
  assert.equal(of(server.log(), 'initialize'), 2)
  assert.equal(of(server.log(), 'notifications/initialized'), 2)
})

test('404 again and again: a call is given up after as many tries as option retries says', async (t) => {
  const server = await scripted(
    t,
    session(({ response: reply }) => reply.writeHead(404).end('gone')),
  )
  const client = await connected(t, server.url, { retries: 2 })
  await assert.rejects(client.callTool('a'), (error) => statusOf(error) === 404)
  assert.equal(of(server.log(), 'tools/call'), 3)
})

test('404 without a session is an answer like any other', async (t) => {
  const server = await scripted(
    t,
    session(({ response: reply }) => reply.writeHead(404).end(), { id: '' }),
  )
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a'), (error) => statusOf(error) === 404)
  assert.deepEqual([of(server.log(), 'tools/call'), of(server.log(), 'initialize')], [1, 1])
})

test('a new session gets the log level and the subscriptions of the old one', async (t) => {
  let id = 'session-1'
  const capabilities = { logging: {}, tools: { listChanged: true }, resources: { subscribe: true } }
  const server = await scripted(t, (exchange) => {
    const { what, request, response: reply } = exchange
    const theirs = request.headers['mcp-session-id']
    if (theirs !== undefined && theirs !== id) return reply.writeHead(404).end()
    if (what === 'GET') return stream(exchange)
    return session((other) => result(other, {}), { id, capabilities })(exchange)
  })
  const client = await connected(t, server.url, { logLevel: 'debug' })
  const changes = client.changes({ resources: ['file:///a'] })
  const next = changes.next()
  while (of(server.log(), 'resources/subscribe') === 0) await client.ping()

  id = 'session-2'
  await client.ping()
  assert.deepEqual(await next, { done: false, value: { kind: 'gap' } })
  const second = server.seen.filter(({ request }) => request.headers['mcp-session-id'] === 'session-2')
  assert.deepEqual(
    second.map(({ what }) => what).filter((what) => what !== 'GET' && what !== 'ping'),
    ['notifications/initialized', 'logging/setLevel', 'resources/subscribe'],
  )
  await changes.return()
})

test('a server that restarts between two calls costs one typed error at most', async (t) => {
  const make = () => {
    const server = new McpServer({ name: 's', version: '1' })
    server.registerTool('pid', {}, () => 'here')
    return server
  }
  const first = await serve(make(), { port: 0 })
  const client = await connected(t, first.url, { revision: '2025-11-25', onError: () => {} })
  await client.callTool('pid')
  await first.close({ drainMs: 0 })
  const port = Number(new URL(first.url).port)
  const second = await serve(make(), { port })
  t.after(() => second.close({ drainMs: 0 }))
  try {
    await client.callTool('pid')
  } catch (error) {
    // A request on a connection that the old server is just closing: it is not known what became of it.
    assert.equal((error as McpError).code, 'ERR_CONNECTION')
  }
  const { content } = await client.callTool('pid')
  assert.deepEqual(content, [{ type: 'text', text: 'here' }])
})

test('a call is repeated while nothing listens at the address, and not at all with retries 0', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => result(exchange, { content: [] })),
  )
  const client = await connected(t, server.url, { retryDelayMs: 200 })
  await server.stop()
  const impatient = client.callTool('a')
  await server.start()
  await impatient
  await server.stop()
  const other = connected(t, server.url, { retries: 0 })
  await assert.rejects(other, { code: 'ERR_CONNECTION', message: /127\.0\.0\.1.*ECONNREFUSED/ })
})

test('a stream that is cut is taken up where it ended, and each message is delivered once', async (t) => {
  const reports: number[] = []
  const progress = (token: unknown, value: number) => ({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: token, progress: value },
  })
  let call: Exchange | undefined
  const gets: unknown[] = []
  const server = await scripted(
    t,
    session((exchange) => {
      if (exchange.what === 'tools/call') {
        call = exchange
        const { id } = exchange.message
        const reply = stream(exchange)
        reply.write(`retry: 1\n${event('', 'e0')}${event(progress(id, 1), 'e1')}`)
        // Half of an event: it must not count as received.
        reply.write(`id: e2\ndata: {"jsonrpc"`, () => exchange.request.socket.destroy())
        return
      }
      const { id } = call?.message ?? {}
      gets.push(exchange.request.headers['last-event-id'])
      const reply = stream(exchange)
      // The first server of two sends again what the client has.
      if (gets.length === 1) reply.end(`${event(progress(id, 1), 'e1')}${event(progress(id, 2), 'e2')}`)
      else reply.end(`${event(progress(id, 3), 'e3')}${event(response(id), 'e4')}`)
    }),
  )
  const client = await connected(t, server.url)
  await client.callTool('a', {}, { onProgress: ({ progress: value }) => reports.push(value) })
  assert.deepEqual(gets, ['e1', 'e2'])
  assert.deepEqual(reports, [1, 2, 3])
})

test('the delay that the server asks for with retry is waited for', async (t) => {
  let cutAt = 0
  let waited = 0
  const server = await scripted(
    t,
    session((exchange) => {
      if (exchange.what === 'tools/call') {
        stream(exchange).end(`retry: 150\n${event('', `of-${exchange.message.id}`)}`)
        cutAt = performance.now()
        return
      }
      waited = performance.now() - cutAt
      const [, id] = String(exchange.request.headers['last-event-id']).split('-')
      stream(exchange).end(event(response(Number(id))))
    }),
  )
  const client = await connected(t, server.url, { retryDelayMs: 1 })
  await client.callTool('a')
  // Timers of Node may be early by a part of a millisecond.
  assert.ok(waited > 148, `waited ${waited} ms`)
})

test('a stream that brings nothing new is given up after resumeTries', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => {
      if (exchange.what === 'tools/call') return stream(exchange).end(event('', 'e1'))
      return stream(exchange).end()
    }),
  )
  const client = await connected(t, server.url, { retryDelayMs: 1, resumeTries: 3 })
  await assert.rejects(client.callTool('a'), { code: 'ERR_STREAM_CUT' })
  assert.equal(server.seen.filter(({ request }) => request.headers['last-event-id'] === 'e1').length, 3)
})

for (const [what, end] of [
  ['ends', (exchange: Exchange) => stream(exchange).end(': hello\n\n')],
  [
    'breaks',
    (exchange: Exchange) => {
      stream(exchange).write(': hello\n\n', () => exchange.request.socket.destroy())
    },
  ],
] as const) {
  test(`a stream without event ids that ${what} is never asked for again: the call rejects at once`, async (t) => {
    const server = await scripted(t, session(end))
    const client = await connected(t, server.url)
    await assert.rejects(client.callTool('a'), {
      code: 'ERR_STREAM_CUT',
      message: /whether the server has done it is not known/,
    })
    assert.equal(of(server.log(), 'tools/call'), 1)
  })
}

test('HTTP 500 is never repeated', async (t) => {
  const server = await scripted(
    t,
    session(({ response: reply }) => reply.writeHead(500).end('oops')),
  )
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a'), (error) => {
    assert.ok(error instanceof McpError)
    assert.deepEqual([error.code, statusOf(error)], ['ERR_HTTP_STATUS', 500])
    assert.match(error.message, /HTTP 500; it said "oops"/)
    return true
  })
  assert.equal(of(server.log(), 'tools/call'), 1)
})

for (const status of [429, 503]) {
  test(`HTTP ${status} with Retry-After is repeated, without it is not`, async (t) => {
    let refusals = 2
    const server = await scripted(
      t,
      session((exchange) => {
        if (refusals-- > 0) return exchange.response.writeHead(status, { 'retry-after': '0' }).end()
        return result(exchange, { content: [] })
      }),
    )
    const client = await connected(t, server.url)
    await client.callTool('a')
    assert.equal(of(server.log(), 'tools/call'), 3)

    const other = await scripted(
      t,
      session((exchange) => exchange.response.writeHead(status).end()),
    )
    const second = await connected(t, other.url)
    await assert.rejects(second.callTool('a'), (error) => statusOf(error) === status)
    assert.equal(of(other.log(), 'tools/call'), 1)
  })
}

test("the session's own stream: questions and log messages outside of calls are answered and heard", async (t) => {
  const server = new McpServer({ name: 's', version: '1' }, { logging: 'info' })
  const running = await serve(server, { port: 0 })
  t.after(() => running.close({ drainMs: 0 }))
  let onLog: (message: unknown) => void = () => {}
  const heard = new Promise<unknown>((resolve) => {
    onLog = resolve
  })
  await connected(t, running.url, { revision: '2025-11-25', onLog: (message) => onLog(message) })
  // Kept for the client's stream, which it opens by itself.
  server.log('error', 'ink')
  assert.deepEqual(await within(heard, () => 'the message'), { level: 'error', data: 'ink' })
})

test('requests of the server are answered on the session, unknown ones with -32601, and ping always', async (t) => {
  const answers = new Map<unknown, unknown>()
  const server = await scripted(
    t,
    session((exchange) => {
      const { what, message, response: reply } = exchange
      if (what === 'response') {
        answers.set(message.id, message.result ?? message.error)
        reply.writeHead(202).end()
        if (answers.size === 4) calls?.end(event(response(callId)))
        return
      }
      callId = message.id
      calls = stream(exchange)
      calls.write(event({ jsonrpc: '2.0', id: 'p', method: 'ping' }))
      calls.write(event({ jsonrpc: '2.0', id: 0, method: 'roots/list' }))
      calls.write(event({ jsonrpc: '2.0', id: 'u', method: 'no/such' }))
      calls.write(event({ jsonrpc: '2.0', id: 's', method: 'sampling/createMessage', params: {} }))
    }),
  )
  let calls: Exchange['response'] | undefined
  let callId: unknown
  const client = await connected(t, server.url, { onRoots: () => [{ uri: 'file:///x', name: 'x' }] })
  await client.callTool('a')
  assert.deepEqual(answers.get('p'), {})
  assert.deepEqual(answers.get(0), { roots: [{ uri: 'file:///x', name: 'x' }] })
  assert.equal((answers.get('u') as { code: number }).code, -32601)
  assert.equal((answers.get('s') as { code: number }).code, -32601)
})

test('a question that the server cancels aborts its handler and is not answered', async (t) => {
  let calls: Exchange['response'] | undefined
  const server = await scripted(
    t,
    session((exchange) => {
      const { message } = exchange
      if (exchange.what === 'response') {
        exchange.response.writeHead(202).end()
        return
      }
      calls = stream(exchange)
      const params = { message: 'm', requestedSchema: { type: 'object', properties: {} } }
      calls.write(event({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params }))
      calls.write(event({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'q' } }))
      onEnd = () => calls?.end(event(response(message.id)))
    }),
  )
  let onEnd = () => {}
  const client = await connected(t, server.url, {
    onElicit: async (_, { signal }) => {
      if (!signal.aborted) await once(signal, 'abort')
      onEnd()
      return { action: 'cancel' }
    },
  })
  await client.callTool('a')
  assert.equal(of(server.log(), 'response'), 0)
})

test('cancelling a call tells the server which one; initialize is never cancelled', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => {
      if (exchange.what === 'notifications/cancelled') exchange.response.writeHead(202).end()
    }),
  )
  const client = await connected(t, server.url)
  const abort = new AbortController()
  const call = client.callTool('a', {}, { signal: abort.signal })
  while (of(server.log(), 'tools/call') === 0) await new Promise((resolve) => setImmediate(resolve))
  abort.abort(new Error('enough'))
  await assert.rejects(call, { code: 'ERR_REQUEST_ABORTED' })
  while (of(server.log(), 'notifications/cancelled') === 0)
    await new Promise((resolve) => setImmediate(resolve))
  const { message } = server.seen.find(({ what }) => what === 'notifications/cancelled') as Exchange
  const called = server.seen.find(({ what }) => what === 'tools/call') as Exchange
  assert.equal(message.params.requestId, called.message.id)

  const silent = await scripted(t, (exchange) => {
    if (exchange.what === 'server/discover') failure(exchange, -32601, 'm', 404)
  })
  await assert.rejects(connected(t, silent.url, { timeoutMs: 50 }), { code: 'ERR_REQUEST_TIMEOUT' })
  assert.equal(of(silent.log(), 'notifications/cancelled'), 0)
})
