/** The context of a handler: what it knows of its request and caller, and progress. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { define, join, open, revisions, start } from '../features/offering.ts'
import type { WireJson } from '../helpers/wire.ts'

const progressOf = (messages: readonly WireJson[]) =>
  messages.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params)

for (const revision of revisions) {
  test(`a handler knows its request, its session and its client in ${revision} [elicitation.no-claimed-identity]`, async (t) => {
    const { server } = define()
    server.registerTool('who', {}, (_args, ctx) => {
      const { method, requestId, meta, client, session, protocolVersion, headers, auth, params } = ctx
      const header = headers['x-own']
      return {
        structuredContent: {
          method,
          requestId,
          meta,
          client,
          session,
          protocolVersion,
          header,
          auth,
          params,
        },
      }
    })
    const clientInfo = { name: 'c', version: '3', principal: 'admin', auth: { id: 'admin' } }
    const capabilities = { roots: { listChanged: true }, experimental: { x: {} } }
    const session = await open(t, server, { protocolVersion: revision, clientInfo, capabilities })
    const meta = { 'com.example/trace': 'a', principal: 'admin', progressToken: 0 }
    const { result } = await session.call('who', {}, { id: 'x/1', meta, headers: { 'X-Own': 'h' } })
    assert.deepEqual(result.structuredContent, {
      method: 'tools/call',
      requestId: 'x/1',
      meta,
      client: { ...clientInfo, capabilities },
      session: { id: session.sessionId },
      protocolVersion: revision,
      header: 'h',
      params: { name: 'who', arguments: {}, _meta: meta },
    })
  })

  test(`progress carries the token, the total and the message, in order, in ${revision} [progress.token-type] [progress.message] [basic.own-notification-no-id]`, async (t) => {
    const { server } = define()
    server.registerTool('work', {}, async (_args, { progress }) => {
      progress(1)
      progress(2.5, 10)
      progress(3, undefined, 'three')
      progress(10, 10, 'all')
      return 'done'
    })
    const session = await open(t, server, { protocolVersion: revision })
    for (const progressToken of ['', 'tok', 0, -1, 7, 2 ** 53 - 1]) {
      const { messages, result } = await session.call('work', {}, { meta: { progressToken } })
      assert.deepEqual(progressOf(messages), [
        { progressToken, progress: 1 },
        { progressToken, progress: 2.5, total: 10 },
        { progressToken, progress: 3, message: 'three' },
        { progressToken, progress: 10, total: 10, message: 'all' },
      ])
      assert.equal(result.content[0].text, 'done')
      assert.ok(messages.slice(0, -1).every((message) => !('id' in message)))
    }
  })
}

test('the principal comes from the verified token, whatever a message claims [elicitation.no-claimed-identity]', async (t) => {
  const { server } = define()
  server.registerTool('who', { inputSchema: { type: 'object' } }, (_args, { auth }) => ({
    structuredContent: { auth },
  }))
  const verify = (token: string) => ({ id: token, scopes: ['read'], claims: { of: token } })
  const url = await start(t, server, { auth: { verify } })
  const clientInfo = { name: 'bob', version: '1' }
  const session = await join(t, url, { clientInfo, headers: { authorization: 'Bearer alice' } })
  const { result } = await session.call('who', { auth: 'bob' }, { meta: { auth: { id: 'bob' } } })
  const auth = { id: 'alice', scopes: ['read'], claims: { of: 'alice' } }
  assert.deepEqual(result.structuredContent, { auth })
})

test('without a token, or with one of another type, progress does nothing [progress.known-token-only] [progress.token-type]', async (t) => {
  const { server } = define()
  server.registerTool('work', {}, (_args, { progress }) => {
    progress(1, 2)
    return 'done'
  })
  const session = await open(t, server)
  assert.equal((await session.call('work')).kind, 'json')
  for (const progressToken of [null, true, 1.5, {}, ['t']]) {
    const reply = await session.call('work', {}, { meta: { progressToken }, check: false })
    assert.deepEqual([reply.kind, reply.messages.length], ['json', 1], String(progressToken))
  }
})

test('progress that does not grow is not sent, nor is a value that JSON cannot hold [progress.value-increases]', async (t) => {
  const { server } = define()
  server.registerTool('work', {}, (_args, { progress }) => {
    const values = [Number.NaN, -5, 0, 0, 3, 2, 3, Number.POSITIVE_INFINITY, 4]
    for (const value of values) progress(value, Number.NaN)
    return 'done'
  })
  const session = await open(t, server)
  const { messages } = await session.call('work', {}, { meta: { progressToken: 't' } })
  const expected = [-5, 0, 3, 4].map((progress) => ({ progressToken: 't', progress }))
  assert.deepEqual(progressOf(messages), expected)
})

test('progress after the result or a cancellation is not sent [progress.stops-after-completion] [progress.in-progress-only]', async (t) => {
  const { server } = define({ logging: true })
  const late: (() => void)[] = []
  let started: () => void = () => {}
  const running = new Promise<void>((resolve) => {
    started = resolve
  })
  server.registerTool('work', {}, (_args, { progress, log }) => {
    late.push(
      () => progress(9),
      () => log.error('late'),
    )
    progress(1)
    return 'done'
  })
  server.registerTool('endless', {}, (_args, { progress, log }) => {
    late.push(
      () => progress(9),
      () => log.error('late'),
    )
    progress(1)
    started()
    return new Promise<string>(() => {})
  })
  const handle = server.registerTool('other', {}, () => '')
  const session = await open(t, server)
  const listening = await session.listen()
  await listening.until(() => true)
  const meta = { progressToken: 't' }
  const first = await session.call('work', {}, { meta })
  const endless = session.call('endless', {}, { meta, id: 'e' })
  await running
  await session.notify('notifications/cancelled', { requestId: 'e' })
  const second = await endless
  for (const speak of late) speak()
  handle.remove()
  assert.equal((await listening.nextMessage()).method, 'notifications/tools/list_changed')
  assert.equal(listening.messages.length, 1)
  assert.deepEqual(
    [progressOf(first.messages).length, first.messages.length, second.messages.length],
    [1, 2, 1],
  )
  const again = await session.call('work', {}, { meta })
  assert.deepEqual(progressOf(again.messages), [{ progressToken: 't', progress: 1 }])
})

test('calls at the same time get each their own progress, even with equal ids and tokens [progress.tokens-tracked]', async (t) => {
  const { server } = define()
  const inputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const
  const gates: (() => void)[] = []
  let allHere: () => void = () => {}
  const everyone = new Promise<void>((resolve) => {
    allHere = resolve
  })
  server.registerTool('work', { inputSchema }, async ({ n }, { progress }) => {
    progress(1, n)
    await new Promise<void>((resolve) => {
      gates.push(resolve)
      if (gates.length === 6) allHere()
    })
    progress(2, n)
    return String(n)
  })
  const url = await start(t, server)
  const sessions = [await join(t, url), await join(t, url)]
  const calls = sessions.flatMap((session, s) =>
    [0, 1, 2].map(async (index) => {
      const n = s * 10 + index
      const meta = { progressToken: index === 2 ? 'own' : 1 }
      const { messages, result } = await session.call('work', { n }, { id: 1, meta })
      assert.equal(result.content[0].text, String(n))
      const expected = [1, 2].map((progress) => ({ progressToken: meta.progressToken, progress, total: n }))
      assert.deepEqual(progressOf(messages), expected)
    }),
  )
  await everyone
  for (const open of gates.reverse()) open()
  await Promise.all(calls)
})

test('the signal that a handler takes late is aborted already, and destructuring gives working functions', async (t) => {
  const { server } = define({ logging: true })
  server.registerTool('all', {}, (_args, { signal, progress, log, elicitationComplete, closeStream }) => {
    progress(1)
    log.info('x')
    elicitationComplete('nothing to complete')
    return `${signal.aborted} ${typeof closeStream}`
  })
  const session = await open(t, server)
  const { messages, result } = await session.call('all', {}, { meta: { progressToken: 1 } })
  const methods = messages.map(({ method }) => method)
  assert.deepEqual(methods, ['notifications/progress', 'notifications/message', undefined])
  assert.equal(result.content[0].text, 'false function')
})

test('unknown and reserved _meta keys change nothing [basic.meta-no-assumptions]', async (t) => {
  const { server } = define()
  server.registerTool('echo', {}, (_args, { meta }) => JSON.stringify(meta))
  const session = await open(t, server)
  const body = (meta: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":${meta}}}`
  const metas = [
    '{"io.modelcontextprotocol/unknown":{"a":1},"mcp.dev/x":null,"not a key":[1]}',
    '{"__proto__":{"progressToken":"t"},"constructor":1}',
    '{"io.modelcontextprotocol/related-task":{"taskId":"none"}}',
    '{}',
  ]
  for (const meta of metas) {
    const reply = await session.send(body(meta))
    assert.deepEqual(reply.json.result.content[0].text, meta)
  }
  for (const meta of ['null', '5', '"x"']) {
    const reply = await session.send(body(meta), { check: false })
    assert.equal(reply.json.result.content[0].text, '{}')
  }
})

test('icons that a client declares are data: nothing connects to where they point [basic.icons-untrusted]', async (t) => {
  let connections = 0
  const trap = createServer().listen(0, '127.0.0.1')
  trap.on('connection', () => {
    connections += 1
  })
  t.after(() => trap.close())
  await new Promise((resolve) => trap.once('listening', resolve))
  const { port } = trap.address() as { port: number }
  const icons = [
    { src: `http://127.0.0.1:${port}/i.png` },
    { src: 'javascript:alert(1)' },
    { src: 'file:///etc' },
  ]
  const { server } = define()
  server.registerTool('icons', {}, (_args, { client }) => JSON.stringify(client.icons))
  const session = await open(t, server, { clientInfo: { name: 'c', version: '1', icons } })
  assert.deepEqual(JSON.parse((await session.call('icons')).result.content[0].text), icons)
  await session.request('tools/list')
  assert.equal(connections, 0)
})
