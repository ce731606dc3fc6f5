/** Answers that are none: each rejects its call with an error that says what was wrong with it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, type ConnectOptions, McpError, statusOf } from '../../src/client/index.ts'
import { flood } from './flood.ts'
import {
  connected,
  type Exchange,
  event,
  failure,
  json,
  response,
  result,
  scripted,
  session,
  stateless,
  stream,
  write,
} from './scripted-server.ts'

const rows: readonly (readonly [string, (exchange: Exchange) => unknown, string, RegExp])[] = [
  [
    'invalid JSON',
    (e) => write(e, '{"jsonrpc":'),
    'ERR_INVALID_RESPONSE',
    /not JSON; it begins with "{\\"jsonrpc\\":"/,
  ],
  ['an empty body', (e) => write(e, ''), 'ERR_INVALID_RESPONSE', /not JSON/],
  ['JSON that is no message', (e) => write(e, '{"hello":1}'), 'ERR_INVALID_RESPONSE', /no message/],
  ['null', (e) => write(e, 'null'), 'ERR_INVALID_RESPONSE', /no message/],
  [
    'a result that is no object',
    (e) => write(e, JSON.stringify({ jsonrpc: '2.0', id: e.message.id, result: 5 })),
    'ERR_INVALID_RESPONSE',
    /result of tools\/call is not an object/,
  ],
  [
    'both a result and an error',
    (e) => write(e, JSON.stringify({ jsonrpc: '2.0', id: e.message.id, result: {}, error: {} })),
    'ERR_INVALID_RESPONSE',
    /received both/,
  ],
  [
    'the id of another request',
    (e) => write(e, JSON.stringify(response(e.message.id + 1))),
    'ERR_INVALID_RESPONSE',
    /with the id \d+, expected \d+/,
  ],
  [
    'its id as a string',
    (e) => write(e, JSON.stringify(response(`${e.message.id}`))),
    'ERR_INVALID_RESPONSE',
    /with the id "\d+", expected \d+/,
  ],
  [
    'no id',
    (e) => write(e, JSON.stringify({ jsonrpc: '2.0', result: {} })),
    'ERR_INVALID_RESPONSE',
    /expected \d+/,
  ],
  [
    'another content type',
    ({ response: r }) => r.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    'ERR_INVALID_RESPONSE',
    /Content-Type "text\/html", expected application\/json or text\/event-stream/,
  ],
  [
    'no content type',
    ({ response: r }) => r.writeHead(200).end('{}'),
    'ERR_INVALID_RESPONSE',
    /no Content-Type/,
  ],
  [
    'content that is none',
    (e) => result(e, { content: 'text' }),
    'ERR_INVALID_RESPONSE',
    /needs "content", an array; got a string/,
  ],
  ['invalid JSON in an event', (e) => stream(e).end(event('{"a')), 'ERR_INVALID_RESPONSE', /not JSON/],
  [
    'the id of another request in an event',
    (e) => stream(e).end(event(response(99_999))),
    'ERR_INVALID_RESPONSE',
    /with the id 99999/,
  ],
  [
    'a deep message',
    (e) =>
      write(
        e,
        `{"jsonrpc":"2.0","id":${e.message.id},"result":{"content":[${'['.repeat(5000)}${']'.repeat(5000)}]}}`,
      ),
    'ERR_INVALID_RESPONSE',
    /nested more than 500 levels/,
  ],
  [
    'a connection that breaks within the body',
    ({ response: r, request }) => {
      r.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      r.write('{"json', () => request.socket.destroy())
    },
    'ERR_CONNECTION',
    /broke/,
  ],
  [
    'bytes that are no HTTP',
    ({ request }) => request.socket.end('hello\r\n\r\n'),
    'ERR_CONNECTION',
    /got no answer/,
  ],
]
for (const era of [session, stateless]) {
  for (const [what, answer, code, message] of rows) {
    test(`a server that answers with ${what} (${era.name})`, async (t) => {
      const server = await scripted(t, era(answer))
      const client = await connected(t, server.url)
      await assert.rejects(client.callTool('a'), (error) => {
        assert.ok(error instanceof McpError, String(error))
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.ok(error.message.length < 2100)
        return true
      })
    })
  }
}

test('an error page is shown in excerpts', async (t) => {
  const server = await scripted(
    t,
    stateless((e) => {
      e.response.writeHead(500, { 'content-type': 'text/html' })
      flood(e, Buffer.alloc(1024 * 1024, 'x'), 10 * 1024 * 1024)
    }),
  )
  const client = await connected(t, server.url)
  await assert.rejects(
    client.callTool('a'),
    (error) => (error as McpError).code === 'ERR_HTTP_STATUS' && (error as Error).message.length < 500,
  )
})

test('an error whose body does not come is known by its status', async (t) => {
  for (const era of [session, stateless]) {
    const server = await scripted(
      t,
      era(({ response: reply }) => {
        reply.writeHead(400, { 'content-type': 'application/json' }).write('{"jsonrpc"')
      }),
    )
    const client = await connected(t, server.url)
    await assert.rejects(client.callTool('a'), (error) => statusOf(error) === 400)
  }
})

test('a schema with a $ref to the network is never fetched: the result is refused', async (t) => {
  const outside = await scripted(t, (e) => json(e, { type: 'object' }))
  const outputSchema = { $ref: `${outside.origin}/schema.json` }
  const tools = [{ name: 'a', inputSchema: { $ref: `${outside.origin}/schema.json` }, outputSchema }]
  const server = await scripted(
    t,
    stateless((e) => result(e, { tools, content: [], structuredContent: {} }), { tools: {} }),
  )
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a'), { code: 'ERR_OUTPUT_SCHEMA', message: /cannot be used/ })
  const trusting = await connected(t, server.url, { checkOutput: false })
  assert.deepEqual((await trusting.callTool('a')).structuredContent, {})
  assert.deepEqual(outside.log(), [])
})

test('pages without end, a cursor that comes again and lists that are none are errors', async (t) => {
  const listing = async (page: (n: number) => object, options: ConnectOptions = {}) => {
    let n = 0
    const server = await scripted(
      t,
      stateless((e) => result(e, page(n++))),
    )
    return { client: await connected(t, server.url, options), server }
  }
  const all = (client: Client) => client.prompts().toArray()
  const { client: same } = await listing(() => ({ prompts: [], nextCursor: 'c' }))
  await assert.rejects(all(same), { code: 'ERR_INVALID_RESPONSE', message: /same cursor/ })
  const { client: circle, server } = await listing((n) => ({ prompts: [], nextCursor: `c${n % 3}` }))
  await assert.rejects(all(circle), { code: 'ERR_INVALID_RESPONSE', message: /same cursor/ })
  assert.equal(server.log().filter((what) => what === 'prompts/list').length, 4)
  const { client: none } = await listing(() => ({ prompts: {} }))
  await assert.rejects(all(none), {
    code: 'ERR_INVALID_RESPONSE',
    message: /needs "prompts", an array; got an object/,
  })
  const { client: nameless } = await listing(() => ({ prompts: [{ title: 'x' }] }))
  await assert.rejects(all(nameless), { code: 'ERR_INVALID_RESPONSE', message: /needs "name", a string/ })
  const { client: empty } = await listing((n) => ({
    prompts: [{ name: `p${n}` }],
    ...(n < 2 && { nextCursor: n === 0 ? '' : 'x' }),
  }))
  assert.deepEqual(
    (await all(empty)).map(({ name }) => name),
    ['p0', 'p1', 'p2'],
  )
})

test('a session id that is no token is refused', async (t) => {
  const server = await scripted(t, (e) => {
    if (e.what === 'server/discover') return failure(e, -32601, 'm', 404)
    return result(e, { protocolVersion: '2025-11-25', capabilities: {} }, { 'mcp-session-id': 'a b' })
  })
  await assert.rejects(connected(t, server.url), { code: 'ERR_INVALID_RESPONSE', message: /session id/ })
})
