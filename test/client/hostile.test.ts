/**
 * Servers that misbehave: whatever they send costs bounded memory, rejects the call it is for with an error that says
 * what was wrong, and leaves nothing behind.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Client, type ConnectOptions, McpError } from '../../src/client/index.ts'
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
} from './scripted-server.ts'

const TEXT = { 'content-type': 'application/json' }
const write = ({ response: reply }: Exchange, body: string | Buffer, headers: object = {}) =>
  reply.writeHead(200, { ...TEXT, ...headers }).end(body)

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
      r.writeHead(200, { ...TEXT, 'content-length': '100' })
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

/** What a process has on its heap and outside of it, after a collection where that can be asked for. */
const used = () => {
  globalThis.gc?.()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

/** Writes for as long as the client reads. */
function flood({ response: reply }: Exchange, piece: Buffer, limit: number): void {
  let sent = 0
  const more = () => {
    while (sent < limit && !reply.destroyed) {
      sent += piece.length
      if (!reply.write(piece)) return reply.once('drain', more)
    }
    return reply.end()
  }
  more()
}

const LARGE = 200 * 1024 * 1024
const MIB = 1024 * 1024
const BOMB = gzipSync(Buffer.alloc(100 * MIB, 0x20))
for (const [what, answer] of [
  [
    'one JSON body without end',
    (e: Exchange) => {
      e.response.writeHead(200, TEXT)
      e.response.write('"')
      flood(e, Buffer.alloc(MIB, 'x'), LARGE)
    },
  ],
  [
    'one event without end',
    (e: Exchange) => {
      stream(e).write('data: ')
      flood(e, Buffer.alloc(MIB, 'x'), LARGE)
    },
  ],
  [
    'one event of many lines',
    (e: Exchange) => {
      stream(e)
      flood(e, Buffer.from('data: x\n'.repeat(MIB / 8)), LARGE)
    },
  ],
  [
    'a body that grows when it is decompressed',
    (e: Exchange) => {
      write(e, BOMB, { 'content-encoding': 'gzip', 'content-length': String(BOMB.length) })
    },
  ],
] as const) {
  test(`${what} is read up to maxMessageBytes and no further`, async (t) => {
    const server = await scripted(t, stateless(answer))
    const client = await connected(t, server.url, { maxMessageBytes: MIB })
    const before = used()
    await assert.rejects(client.callTool('a'), {
      code: 'ERR_MESSAGE_TOO_LARGE',
      message: /1048576 bytes, the limit \(option maxMessageBytes\)/,
    })
    assert.ok(used() - before < 60 * MIB, `${(used() - before) / MIB} MiB more`)
  })
}

test('a stream of comments and notifications without end costs no memory, and ends with the time of the call', async (t) => {
  const note = event({ jsonrpc: '2.0', method: 'notifications/x', params: { pad: 'x'.repeat(1000) } })
  const server = await scripted(
    t,
    stateless((e) => {
      stream(e)
      flood(e, Buffer.from(`: comment\n\n${note}`.repeat(50)), LARGE * 10)
    }),
  )
  const client = await connected(t, server.url)
  const before = used()
  await assert.rejects(client.callTool('a', {}, { timeoutMs: 300 }), { code: 'ERR_REQUEST_TIMEOUT' })
  assert.ok(used() - before < 80 * MIB, `${(used() - before) / MIB} MiB more`)
})

test('an error page is shown in excerpts', async (t) => {
  const server = await scripted(
    t,
    stateless((e) => {
      e.response.writeHead(500, { 'content-type': 'text/html' })
      flood(e, Buffer.alloc(MIB, 'x'), 10 * MIB)
    }),
  )
  const client = await connected(t, server.url)
  await assert.rejects(
    client.callTool('a'),
    (error) => (error as McpError).code === 'ERR_HTTP_STATUS' && (error as Error).message.length < 500,
  )
})

test('a second answer is dropped and reported, the first one counts', async (t) => {
  for (const era of [session, stateless]) {
    const errors: unknown[] = []
    const server = await scripted(
      t,
      era((e) => {
        const reply = stream(e)
        const first = response(e.message.id, { content: [{ type: 'text', text: '1' }] })
        const second = response(e.message.id, { content: [{ type: 'text', text: '2' }] })
        reply.end(event(first) + event(second))
      }),
    )
    let heard = () => {}
    const reported = new Promise<void>((resolve) => {
      heard = resolve
    })
    const client = await connected(t, server.url, {
      onError: (error) => {
        errors.push(error)
        heard()
      },
    })
    assert.deepEqual((await client.callTool('a')).content, [{ type: 'text', text: '1' }])
    await reported
    assert.match(String(errors.at(-1)), /an answer with the id \d+, which no request waits for/)
  }
})

test('an answer on the stream of another call does not reach it', async (t) => {
  const waiting: Exchange[] = []
  const server = await scripted(
    t,
    stateless((e) => {
      waiting.push(e)
      if (waiting.length < 2) return
      const [one, two] = waiting as [Exchange, Exchange]
      stream(two).end(event(response(one.message.id)))
      setImmediate(() => result(one, { content: [{ type: 'text', text: 'own' }] }))
    }),
  )
  const client = await connected(t, server.url)
  const one = client.callTool('one')
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await assert.rejects(client.callTool('two'), { code: 'ERR_INVALID_RESPONSE' })
  assert.deepEqual((await one).content, [{ type: 'text', text: 'own' }])
})

test('progress of another token, late progress and progress that is none change nothing', async (t) => {
  const progress = (params: object) => event({ jsonrpc: '2.0', method: 'notifications/progress', params })
  const server = await scripted(
    t,
    stateless((e) => {
      const token = e.message.params._meta.progressToken
      stream(e).end(
        progress({ progressToken: 'other', progress: 1 }) +
          progress({ progressToken: token, progress: 'half' }) +
          progress({ progressToken: token, progress: 1, total: 'two', message: 5 }) +
          event(response(e.message.id)) +
          progress({ progressToken: token, progress: 2 }),
      )
    }),
  )
  const client = await connected(t, server.url)
  const reports: unknown[] = []
  await client.callTool('a', {}, { onProgress: (report) => reports.push(report) })
  assert.deepEqual(reports, [{ progress: 1 }])
})

test('hooks of the application that throw do not end the stream that they are called from', async (t) => {
  const errors: unknown[] = []
  const boom = () => {
    throw new Error('boom')
  }
  const server = await scripted(
    t,
    stateless((e) => {
      const params = { progressToken: e.message.params._meta.progressToken, progress: 1 }
      const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } }
      stream(e).end(
        event({ jsonrpc: '2.0', method: 'notifications/progress', params }) +
          event(log) +
          event(response(e.message.id)),
      )
    }),
  )
  const client = await connected(t, server.url, { onLog: boom, onError: (error) => errors.push(error) })
  await client.callTool('a', {}, { onProgress: boom })
  assert.deepEqual(errors.map(String), ['Error: boom', 'Error: boom'])
})

test('a response cut at every byte is read the same', async (t) => {
  const message = JSON.stringify(response(0, { content: [{ type: 'text', text: 'ä€😀\n' }] }))
  let at = 0
  const server = await scripted(
    t,
    stateless((e) => {
      const body = Buffer.from(event(message.replace('"id":0', `"id":${e.message.id}`)))
      const reply = stream(e)
      e.request.socket.setNoDelay(true)
      reply.write(body.subarray(0, at))
      setImmediate(() => reply.end(body.subarray(at)))
    }),
  )
  const client = await connected(t, server.url)
  for (at = 0; at < message.length; at += 1) {
    const { content } = await client.callTool('a')
    assert.deepEqual(content, [{ type: 'text', text: 'ä€😀\n' }])
  }
})

test('redirects: 307 and 308 within the origin are followed, at most 3; nothing else is', async (t) => {
  const other = await scripted(t, (e) => json(e, {}))
  const cases: readonly (readonly [number, (n: number) => string | undefined, RegExp | undefined])[] = [
    [307, (n) => (n < 3 ? '/mcp?n=1' : undefined), undefined],
    [308, (n) => (n < 3 ? '/mcp?n=1' : undefined), undefined],
    [307, () => '/again', /more than 3 times in a row/],
    [301, () => '/moved', /only 307 and 308 keep a message/],
    [302, () => '/moved', /only 307 and 308/],
    [303, () => '/moved', /only 307 and 308/],
    [307, () => `${other.origin}/mcp`, /another origin/],
    [307, () => 'http://169.254.169.254/latest/meta-data', /another origin/],
    [307, () => 'file:///etc/passwd', /file:/],
    [307, () => 'http://', /no URL/],
    [307, () => '', /more than 3 times|without saying/],
  ]
  for (const [status, location, message] of cases) {
    let n = 0
    const server = await scripted(
      t,
      stateless((e) => {
        const to = location(n++)
        if (to === undefined) return result(e, { content: [] })
        return e.response.writeHead(status, { location: to }).end('secret')
      }),
    )
    const client = await connected(t, server.url, { auth: 'token' })
    const call = client.callTool('a')
    if (message === undefined) {
      await call
      for (const { request } of server.seen) assert.equal(request.headers.authorization, 'Bearer token')
      assert.equal(server.seen.at(-1)?.message.method, 'tools/call')
    } else await assert.rejects(call, { code: 'ERR_REDIRECT', message })
  }
  assert.deepEqual(other.log(), [])
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

test('tools without end do not fill the memory: the call that has to know its tool rejects', async (t) => {
  let n = 0
  const tool = () => ({ name: `${n}`.padEnd(20_000, 'x'), inputSchema: {} })
  const server = await scripted(
    t,
    stateless(
      (e) => {
        n += 1
        return result(e, { tools: Array.from({ length: 10 }, tool), nextCursor: `${n}` })
      },
      { tools: {} },
    ),
  )
  const client = await connected(t, server.url, { maxMessageBytes: MIB })
  await assert.rejects(client.callTool('a'), {
    code: 'ERR_MESSAGE_TOO_LARGE',
    message: /tools of the server/,
  })
})

test('a session id that is no token is refused', async (t) => {
  const server = await scripted(t, (e) => {
    if (e.what === 'server/discover') return failure(e, -32601, 'm', 404)
    return result(e, { protocolVersion: '2025-11-25', capabilities: {} }, { 'mcp-session-id': 'a b' })
  })
  await assert.rejects(connected(t, server.url), { code: 'ERR_INVALID_RESPONSE', message: /session id/ })
})

test('questions without end are refused above a number, and one id is answered once', async (t) => {
  const answers: unknown[] = []
  const server = await scripted(
    t,
    session((e) => {
      if (e.what === 'response') {
        answers.push(e.message.error?.code)
        return e.response.writeHead(202).end()
      }
      const reply = stream(e)
      const params = { message: 'm', requestedSchema: { type: 'object', properties: {} } }
      for (let id = 0; id < 120; id++)
        reply.write(event({ jsonrpc: '2.0', id, method: 'elicitation/create', params }))
      return reply.write(event({ jsonrpc: '2.0', id: 0, method: 'elicitation/create', params }))
    }),
  )
  let open = 0
  const client = await connected(t, server.url, {
    onElicit: () => {
      open += 1
      return new Promise(() => {})
    },
    onError: () => {},
  })
  client.callTool('a').catch(() => {})
  while (answers.length < 21) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(open, 100)
  assert.deepEqual(new Set(answers), new Set([-32600]))
})

test('nothing remains of finished calls', async (t) => {
  const server = await scripted(
    t,
    stateless((e) => result(e, { content: [] })),
  )
  const client = await connected(t, server.url)
  const signal = new AbortController().signal
  let listeners = 0
  const { addEventListener, removeEventListener } = EventTarget.prototype
  t.mock.method(
    signal,
    'addEventListener',
    function (this: AbortSignal, ...args: Parameters<typeof addEventListener>) {
      listeners += 1
      return addEventListener.apply(this, args)
    },
  )
  t.mock.method(
    signal,
    'removeEventListener',
    function (this: AbortSignal, ...args: Parameters<typeof removeEventListener>) {
      listeners -= 1
      return removeEventListener.apply(this, args)
    },
  )
  for (let i = 0; i < 20; i++) await client.callTool('a', {}, { signal })
  await Promise.all(Array.from({ length: 20 }, () => client.callTool('a', {}, { signal, timeoutMs: 1000 })))
  assert.equal(listeners, 0)
})
