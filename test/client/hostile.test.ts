/** Servers that misbehave: answers that come twice or to somebody else, streams cut anywhere, redirects that lead away. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { within } from '../helpers/within.ts'
import {
  connected,
  type Exchange,
  event,
  json,
  response,
  result,
  scripted,
  session,
  stateless,
  stream,
} from './scripted-server.ts'

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
  const careless = await connected(t, server.url, { onLog: boom, onError: boom })
  await careless.callTool('a', {}, { onProgress: boom })
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

for (const [what, request] of [
  ['of an unknown kind', { method: 'no/such' }],
  ['that cannot be shown', { method: 'elicitation/create', params: { message: 'm' } }],
] as const) {
  test(`requests of the server ${what} do not hold up the time limit`, async (t) => {
    const server = await scripted(
      t,
      session((e) => {
        if (e.what !== 'tools/call') return e.response.writeHead(202).end()
        const reply = stream(e)
        let id = 0
        const timer = setInterval(() => reply.write(event({ jsonrpc: '2.0', id: id++, ...request })), 20)
        return reply.on('close', () => clearInterval(timer))
      }),
    )
    const options = { requestTimeoutMs: 300, maxRequestTimeoutMs: 6000, onError: () => {} }
    const client = await connected(t, server.url, { ...options, onElicit: () => ({ action: 'cancel' }) })
    await assert.rejects(client.callTool('a'), { code: 'ERR_REQUEST_TIMEOUT', message: /within 300 ms/ })
  })
}

test('an address that is no text is not put to the application', async (t) => {
  const answers: unknown[] = []
  const server = await scripted(
    t,
    session((e) => {
      if (e.what !== 'tools/call') {
        answers.push(e.message.error?.code)
        e.response.writeHead(202).end()
        if (answers.length === 3) call?.end(event(response(callId)))
        return
      }
      callId = e.message.id
      call = stream(e)
      for (const [id, odd] of [
        { mode: 'url', url: ['https://example.com/'] },
        { mode: 'url', url: { toString: 1 } },
        { mode: { toString: 1 } },
      ].entries()) {
        const params = { message: 'm', ...odd }
        call.write(event({ jsonrpc: '2.0', id, method: 'elicitation/create', params }))
      }
    }),
  )
  let call: Exchange['response'] | undefined
  let callId: unknown
  const client = await connected(t, server.url, { onElicitUrl: () => assert.fail('it was asked') })
  await client.callTool('a')
  assert.deepEqual(answers, [-32602, -32602, -32602])
})

for (const [what, id] of [
  ['beyond U+00FF', '\u2603'],
  ['of control characters', 'a\u0001'],
  ['of a megabyte', 'i'.repeat(1_000_000)],
] as const) {
  test(`an event id ${what}, which no header takes, is as good as none`, async (t) => {
    const ids: unknown[] = []
    let again = () => {}
    const second = new Promise<void>((resolve) => {
      again = resolve
    })
    const server = await scripted(
      t,
      session(
        (e) => {
          if (e.what === 'tools/list') return result(e, { tools: [] })
          if (e.what === 'GET' && ids.push(e.request.headers['last-event-id']) === 2) again()
          return stream(e).end(event({ jsonrpc: '2.0', method: 'notifications/x' }, id))
        },
        { capabilities: { tools: { listChanged: true } } },
      ),
    )
    const errors: unknown[] = []
    const client = await connected(t, server.url, { onError: (error) => errors.push(error) })
    const changes = client.changes({ tools: true })
    assert.deepEqual((await within(changes.next(), () => 'a gap')).value, { kind: 'gap' })
    await second
    await assert.rejects(client.callTool('a'), { code: 'ERR_STREAM_CUT' })
    assert.deepEqual([ids.filter((sent) => sent !== undefined), errors], [[], []])
    await changes.return()
  })
}

test('requests of the server that come faster than it takes the answers are bounded, and do not hold up the time limit', async (t) => {
  const questions = 5000
  const errors: unknown[] = []
  let ask = true
  const server = await scripted(
    t,
    session(async (e) => {
      // It takes no answer.
      if (e.what === 'response' || e.what === 'notifications/cancelled') return
      if (!ask) return result(e, { content: [{ type: 'text', text: 'goes on' }] })
      const reply = stream(e)
      for (let id = 0; id < questions; id++) reply.write(event({ jsonrpc: '2.0', id, method: 'ping' }))
      // A ping now and then, for ever.
      const timer = setInterval(() => reply.write(event({ jsonrpc: '2.0', id: 'late', method: 'ping' })), 20)
      reply.on('close', () => clearInterval(timer))
    }),
  )
  const client = await connected(t, server.url, {
    requestTimeoutMs: 500,
    maxRequestTimeoutMs: 20_000,
    onError: (error) => errors.push(error),
  })
  const began = Date.now()
  await assert.rejects(client.callTool('a'), { code: 'ERR_REQUEST_TIMEOUT' })
  assert.ok(Date.now() - began < 15_000)
  const answers = server.log().filter((what) => what === 'response').length
  assert.ok(answers <= 600, `${answers} answers were sent`)
  assert.ok(errors.some((error) => /256 messages are on their way/.test(String(error))))
  ask = false
  assert.deepEqual((await client.callTool('a', {}, { timeoutMs: 20_000 })).content, [
    { type: 'text', text: 'goes on' },
  ])
})
