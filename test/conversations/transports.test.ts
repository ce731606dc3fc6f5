/** Streamable HTTP, the sending side: which answer comes in which form, for which Accept, version header and message. */

import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { get, post, RawSocket, raw, TestSession } from '../helpers/wire.ts'
import { httpText, initializeText, pingText, start } from './running-server.ts'

test('notifications and responses get exactly 202, no body and no type, also when nobody knows them [transports.accepted-202] [basic.notification-unanswered]', async (t) => {
  const { url, port } = await start(t)
  const session = await TestSession.open(url)
  const messages = [
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","method":"notifications/no-such"}',
    '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}',
    '{"jsonrpc":"2.0","method":"initialize","params":{}}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"unknown"}}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
    '{"jsonrpc":"2.0","id":99,"result":{}}',
    '{"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":"no"}}',
  ]
  for (const body of messages) {
    const reply = await raw(port, httpText({ headers: { 'mcp-session-id': session.sessionId }, body }))
    assert.equal(reply.status, 202, body)
    assert.equal(reply.headers['content-length'], '0')
    assert.equal(reply.headers['content-type'], undefined)
    assert.equal(reply.headers['transfer-encoding'], undefined)
    assert.equal(reply.body, '')
  }
})

test('a notification is answered before it is acted on', async (t) => {
  const { url, waiting, serving } = await start(t)
  const session = await TestSession.open(url)
  const running = session.call('wait', {}, { id: 'slow' })
  const call = await waiting()
  let latest: ServerResponse | undefined
  serving.server.on('request', (_request, response) => {
    latest = response
  })
  let wasAnswered: boolean | undefined
  call.signal.addEventListener('abort', () => {
    wasAnswered = latest?.writableEnded
  })
  const reply = await session.notify('notifications/cancelled', { requestId: 'slow' })
  assert.equal(reply.status, 202)
  assert.equal(wasAnswered, true)
  assert.equal((await running).result, undefined)
})

test('notifications/initialized without a session id is taken, since some hosts send it from elsewhere', async (t) => {
  const { url } = await start(t)
  const reply = await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' })
  assert.deepEqual([reply.status, reply.text], [202, ''])
})

const json = 'application/json'
const sse = 'text/event-stream'

const accepts: readonly (readonly [
  accept: string | undefined,
  quick: string | 406,
  talking: string | 406,
])[] = [
  ['application/json, text/event-stream', json, sse],
  ['text/event-stream, application/json', json, sse],
  ['TEXT/Event-Stream;charset=utf-8, Application/JSON', json, sse],
  [undefined, json, sse],
  ['', json, sse],
  ['*/*', json, sse],
  ['application/*, text/*', json, sse],
  ['text/html, */*;q=0.1', json, sse],
  ['application/json', json, json],
  ['application/*', json, json],
  ['application/json, text/event-stream;q=0', json, json],
  ['text/event-stream', sse, sse],
  ['text/*', sse, sse],
  ['*/*, application/json;q=0', sse, sse],
  ['text/html', 406, 406],
  ['application/xml, image/*', 406, 406],
  ['*/*;q=0', 406, 406],
]

test('Accept is negotiated: every client that can read one of the answers gets one it can read [transports.request-answer-type]', async (t) => {
  const { url, port } = await start(t)
  const session = await TestSession.open(url)
  for (const [accept, quick, talking] of accepts) {
    for (const [name, expected] of [
      ['echo', quick],
      ['talk', talking],
    ] as const) {
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}"}}`
      const reply = await raw(
        port,
        httpText({ headers: { 'mcp-session-id': session.sessionId, accept }, body }),
      )
      if (expected === 406) {
        assert.equal(reply.status, 406, `${accept}`)
        assert.match(JSON.parse(reply.body).error.message, /Accept/)
        continue
      }
      assert.equal(reply.status, 200, `${accept}`)
      assert.equal(reply.headers['content-type'], expected, `${accept} ${name}`)
      assert.equal(reply.complete, true)
      assert.match(reply.body, /"result":\{"content":\[\{"type":"text"/)
    }
  }
})

test('a notification needs no Accept that fits, and what a JSON client missed is counted', async (t) => {
  const { url, serving } = await start(t)
  const session = await TestSession.open(url)
  const accepted = await session.notify('notifications/initialized', undefined, {
    headers: { accept: 'text/html' },
  })
  assert.equal(accepted.status, 202)
  const before = serving.stats().undeliverable
  assert.equal((await session.call('talk', {}, { headers: { accept: json } })).kind, 'json')
  assert.equal(serving.stats().undeliverable, before + 1)
})

test('strictAccept takes only clients that name both types, and one type for GET', async (t) => {
  const { url } = await start(t, { strictAccept: true })
  const session = await TestSession.open(url)
  for (const accept of [undefined, '*/*', json, sse, 'application/*, text/*']) {
    assert.equal((await post(url, initializeText, { accept })).status, 406, `${accept}`)
  }
  assert.equal((await post(url, initializeText, { accept: `${sse}; q=0.5, ${json}` })).status, 200)
  assert.equal((await get(url, { ...session.headers, accept: '*/*' })).status, 406)
  const stream = await session.listen()
  assert.equal(stream.status, 200)
  await stream.close()
  assert.equal((await session.delete({ accept: 'text/html' })).status, 200)
})

test('a GET that cannot read a stream opens none [transports.get-stream-or-405]', async (t) => {
  const { url, serving } = await start(t)
  const session = await TestSession.open(url)
  for (const accept of [json, 'text/html', 'text/event-stream;q=0']) {
    assert.equal((await get(url, { ...session.headers, accept })).status, 406)
  }
  assert.equal((await get(url)).status, 405)
  assert.equal(serving.stats().streams, 0)
  for (const accept of [undefined, '*/*', 'text/*', sse]) {
    const stream = await session.listen({ headers: { accept } })
    assert.equal(stream.headers['content-type'], sse)
    await stream.close()
  }
})

test('the version header: absent is fine, known is fine, anything else is 400 on every method [transports.version-unsupported-400]', async (t) => {
  const { url } = await start(t)
  const session = await TestSession.open(url)
  const id = { 'mcp-session-id': session.sessionId }
  const good = [undefined, '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']
  for (const version of good) {
    const reply = await post(url, pingText, { ...id, 'mcp-protocol-version': version })
    assert.equal(reply.status, 200, `${version}`)
  }
  const bad = ['', ' ', '2025-11-26', '1.0', 'draft', '2025-11-25, 2025-06-18', 'x'.repeat(5000)]
  for (const version of bad) {
    const headers = { ...id, 'mcp-protocol-version': version }
    const replies = [await post(url, pingText, headers), await get(url, headers)]
    for (const reply of replies) {
      assert.equal(reply.status, 400, `${version}`)
      assert.match(reply.json.error.message, /2025-03-26, 2025-06-18, 2025-11-25/)
      assert.ok(reply.text.length < 1000)
    }
  }
  assert.equal((await session.request('ping')).status, 200)
})

test('without version header and session the revision is 2025-03-26, which has batches [transports.version-absent-2025-03-26]', async (t) => {
  const { url } = await start(t, { sessions: false })
  const batch = '[{"jsonrpc":"2.0","id":1,"method":"ping"}]'
  const options = { revision: '2025-03-26' }
  const absent = await post(url, batch, {}, options)
  assert.deepEqual(absent.json, [{ jsonrpc: '2.0', id: 1, result: {} }])
  const later = await post(url, batch, { 'mcp-protocol-version': '2025-06-18' }, { check: 'none' })
  assert.equal(later.status, 400)
})

test('a session keeps its revision when a request says nothing of it or names another known one', async (t) => {
  const { url } = await start(t)
  const session = await TestSession.open(url, { protocolVersion: '2025-11-25' })
  for (const version of [undefined, '2025-03-26']) {
    const headers = { 'mcp-protocol-version': version }
    const talk = await session.call('talk', {}, { headers })
    assert.equal(talk.events[0]?.data, '', 'primed, as in 2025-11-25')
  }
})

test('messages leave as UTF-8 with every character as it was, in JSON and in streams [transports.utf8-sent]', async (t) => {
  const { url, server } = await start(t)
  server.registerTool(
    'say',
    { inputSchema: { type: 'object', properties: { text: { type: 'string' } } } },
    ({ text = '' }, ctx) => {
      ctx.log.info({ text })
      return text
    },
  )
  const session = await TestSession.open(url)
  const text = 'é € 😀 \u0085 \u2028 \u2029 \u0000 \u007f \r\n\t "\\" \ufeff \ufffd e\u0301'
  for (const accept of [json, sse]) {
    const reply = await session.call('say', { text }, { headers: { accept } })
    assert.equal(reply.headers['content-type'], accept)
    assert.equal(reply.result.content[0].text, text)
  }
  const stream = await session.call('say', { text })
  assert.equal(stream.messages[0].params.data.text, text)
})

test('an event stream can be split into lines by readers that take U+2028, U+2029 and U+0085 for line ends', async (t) => {
  const { url, port } = await start(t)
  const session = await TestSession.open(url)
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: 'a\u2028b\u2029c\u0085d\re\nf' } },
  })
  const headers = { 'mcp-session-id': session.sessionId, accept: sse }
  const reply = await raw(port, httpText({ headers, body }))
  const lines = reply.body.split(/[\u2028\u2029\u0085\r\n]/).filter((line) => line.startsWith('data: {'))
  assert.equal(lines.length, 1)
  assert.equal(
    JSON.parse((lines[0] as string).slice(6)).result.content[0].text,
    'a\u2028b\u2029c\u0085d\re\nf',
  )
})

test('a stream begins at once: head and first byte are there while the call still runs [basic.own-notification-no-id]', async (t) => {
  const { url, port, waiting } = await start(t)
  const session = await TestSession.open(url, { protocolVersion: '2025-06-18' })
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  await socket.write(httpText({ method: 'GET', headers: { 'mcp-session-id': session.sessionId } }))
  const opened = await socket.readUntil((text) => /\r\n\r\n[0-9a-f]+\r\n:/.test(text))
  assert.match(opened, /cache-control: no-cache, no-transform\r\n/i)
  assert.match(opened, /x-accel-buffering: no\r\n/i)
  const running = session.stream('tools/call', { name: 'talk-and-wait', arguments: {} })
  const call = await waiting()
  const stream = await running
  const notification = await stream.nextMessage()
  assert.equal(notification.method, 'notifications/message')
  assert.equal('id' in notification, false)
  call.release()
  await stream.end()
})

test('a result leaves with its exact length, in one piece', async (t) => {
  const { url, port } = await start(t)
  const session = await TestSession.open(url)
  const body =
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"repeat","arguments":{"length":70000}}}'
  const reply = await raw(port, httpText({ headers: { 'mcp-session-id': session.sessionId }, body }))
  assert.equal(reply.headers['content-length'], `${reply.bodyBytes.length}`)
  assert.equal(reply.headers['transfer-encoding'], undefined)
  assert.equal(JSON.parse(reply.body).result.content[0].text.length, 70_000)
})
