/** Requests over HTTP: credentials, headers of the application, middleware around fetch. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { httpFetch } from '../../src/client/http.ts'
import {
  type AuthProvider,
  connect,
  type FetchMiddleware,
  type McpError,
  statusOf,
} from '../../src/client/index.ts'
import { connected, type Exchange, result, scripted, session, stateless } from './scripted-server.ts'

const sent = (
  server: { readonly seen: readonly { readonly request: { readonly headers: object } }[] },
  name: string,
) => server.seen.map(({ request }) => (request.headers as Record<string, unknown>)[name])

test('option auth: a token goes with every request', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => result(exchange, { content: [] })),
  )
  const client = await connected(t, server.url, { auth: 'secret', headers: { 'x-own': 'v' } })
  await client.callTool('a')
  await client.close()
  assert.equal(new Set(sent(server, 'authorization')).size, 1)
  assert.equal(sent(server, 'authorization')[0], 'Bearer secret')
  assert.deepEqual(new Set(sent(server, 'x-own')), new Set(['v']))
})

test('option auth: a function is asked for each request, and once more after a 401', async (t) => {
  const asked: unknown[] = []
  let valid = 'one'
  const server = await scripted(
    t,
    stateless((exchange) => {
      if (exchange.request.headers.authorization !== `Bearer ${valid}`)
        return exchange.response.writeHead(401).end()
      return result(exchange, { content: [] })
    }),
  )
  let current = 'one'
  const client = await connected(t, server.url, {
    auth: ({ refresh }) => {
      asked.push(refresh)
      if (refresh === true) current = 'two'
      return Promise.resolve(current)
    },
  })
  await client.callTool('a')
  valid = 'two'
  await client.callTool('a')
  assert.deepEqual(asked, [undefined, undefined, undefined, true])
  valid = 'three'
  await assert.rejects(client.callTool('a'), (error) => statusOf(error) === 401)
  // The refreshed token was refused, too: that is an answer.
  assert.deepEqual(asked, [undefined, undefined, undefined, true, undefined, true])
})

test('option auth: a provider is told of challenges, and the request is repeated at most three times', async (t) => {
  const told: unknown[] = []
  const requests = new Set<unknown>()
  const provider: AuthProvider = {
    headers: (request) => {
      requests.add(request)
      return { Authorization: 'DPoP x', DPoP: `proof ${request.method} ${new URL(request.url).pathname}` }
    },
    onChallenge: (response, request) => {
      requests.add(request)
      told.push(response.status)
      return true
    },
  }
  let status = 200
  const server = await scripted(
    t,
    stateless((exchange) => {
      if (status === 200) return result(exchange, { content: [] }, { 'dpop-nonce': 'n' })
      return exchange.response
        .writeHead(status, { 'www-authenticate': 'Bearer error="insufficient_scope"' })
        .end()
    }),
  )
  const client = await connected(t, server.url, { auth: provider })
  requests.clear()
  await client.callTool('a')
  assert.deepEqual(told.splice(0), [200])
  assert.equal(requests.size, 1)
  assert.deepEqual(sent(server, 'dpop').at(-1), 'proof POST /mcp')
  status = 403
  await assert.rejects(client.callTool('a'), (error) => statusOf(error) === 403)
  assert.deepEqual(told, [403, 403, 403, 403])
  // By the object a provider knows what it did for a request.
  assert.equal(requests.size, 2)
})

test('options fetch and middleware: the first is the outermost, and each sees every request', async (t) => {
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { content: [] })),
  )
  const calls: string[] = []
  const wrap =
    (name: string): FetchMiddleware =>
    (next) =>
    async (url, init) => {
      calls.push(`> ${name}`)
      const response = await next(url, { ...init, headers: { ...(init.headers as object), [name]: '1' } })
      calls.push(`< ${name}`)
      return response
    }
  const client = await connected(t, server.url, {
    middleware: [wrap('x-a'), wrap('x-b')],
    fetch: (url, init) => {
      calls.push('fetch')
      return fetch(url, init)
    },
  })
  calls.length = 0
  await client.callTool('a')
  assert.deepEqual(calls, ['> x-a', '> x-b', 'fetch', '< x-b', '< x-a'])
  assert.deepEqual([sent(server, 'x-a').at(-1), sent(server, 'x-b').at(-1)], ['1', '1'])
})

test('option headers: a name in another case takes the place of none of ours, and is not sent beside it', async (t) => {
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { content: [] })),
  )
  const headers = {
    'Content-Type': 'application/json',
    ACCEPT: '*/*',
    'X-Key': 'k',
    Authorization: 'Basic a',
  }
  const client = await connected(t, server.url, { headers, auth: 'token' })
  await client.callTool('a')
  for (const { request } of server.seen) {
    const { accept, authorization, 'content-type': type, 'x-key': key } = request.headers
    assert.deepEqual(
      [accept, authorization, type, key],
      ['application/json, text/event-stream', 'Bearer token', 'application/json', 'k'],
    )
  }
})

test('a header or a token that no header can carry is refused without being repeated', async (t) => {
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { content: [] })),
  )
  for (const [options, message] of [
    [{ auth: 'secret\nb' }, /^auth has a character that a header cannot carry$/],
    [{ auth: 'secret\u2603' }, /^auth has/],
    [{ headers: { 'x-key': 'secret\u0000' } }, /^headers\["x-key"\] has a character/],
    [{ headers: { 'x key': 'secret' } }, /^headers\["x key"\] is no name of a header$/],
  ] as const) {
    await assert.rejects(connect(server.url, options), { name: 'TypeError', message })
  }
  const auth = () => 'secret\nb'
  for (const options of [{ auth }, { auth, fetch: httpFetch }]) {
    await assert.rejects(connect(server.url, options), (error) => {
      assert.equal((error as McpError).code, 'ERR_AUTH_TOKEN')
      assert.ok(!inspect(error).includes('secret'))
      return true
    })
  }
  assert.deepEqual(server.log(), [])
  // As read from a file.
  for (const source of ['token\n', () => 'token\r\n']) {
    const headers = { 'x-key': 'k\n' }
    const client = await connected(t, server.url, { auth: source, headers, fetch: httpFetch })
    await client.callTool('a')
    const { request } = server.seen.at(-1) as Exchange
    assert.deepEqual([request.headers.authorization, request.headers['x-key']], ['Bearer token', 'k'])
  }
})

test('an error of fetch says which request it was of, and nothing of the query', async (t) => {
  const server = await scripted(
    t,
    stateless(() => {}),
  )
  const client = await connected(t, `${server.url}?key=secret`, {
    fetch: (url, init) =>
      init.body?.toString().includes('tools/call')
        ? Promise.reject(new TypeError('fetch failed', { cause: new Error('ink') }))
        : fetch(url, init),
  })
  await assert.rejects(client.callTool('a'), (error) => {
    assert.match(String(error), /POST http:\/\/127\.0\.0\.1:\d+\/mcp got no answer: ink/)
    assert.ok(!String(error).includes('secret'))
    return true
  })
})
