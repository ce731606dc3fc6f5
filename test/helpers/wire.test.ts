/** The wire client against hand-written servers: it must show exactly what passed, and fail when it is wrong. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import {
  answerTo,
  bodyOf,
  callEcho,
  frame,
  openStream,
  progress,
  serveHttp,
  tinyServer,
} from './tiny-servers.ts'
import {
  ErrorAnswer,
  get,
  openSse,
  options,
  post,
  SseParser,
  TestSession,
  type WireJson,
  within,
} from './wire.ts'

test('post sends the default headers, lets each be replaced or removed, and shows the raw headers', async (t) => {
  const { url } = await serveHttp(t, async (req, res) => {
    const message = JSON.parse(await bodyOf(req))
    res.setHeader('X-Seen', JSON.stringify(req.headers))
    res.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
    res.end(JSON.stringify(answerTo(message.id)))
  })
  const reply = await post(url, callEcho, { Accept: '*/*', 'X-Two': ['a', 'b'] })
  const seen = JSON.parse(String(reply.headers['x-seen']))
  assert.equal(seen.accept, '*/*')
  assert.equal(seen['content-type'], 'application/json')
  assert.equal(seen['x-two'], 'a, b')
  assert.equal(reply.json.result.content[0].text, 'é')
  assert.deepEqual(reply.messages, [answerTo(7)])
  assert.ok(reply.rawHeaders.includes('X-Seen'))
  const bare = await post(url, callEcho, { 'content-type': undefined })
  assert.equal(JSON.parse(String(bare.headers['x-seen']))['content-type'], undefined)
})

test('post sends a string as it is, and reads a finished event stream', async (t) => {
  const { url } = await serveHttp(t, async (req, res) => {
    assert.equal(await bodyOf(req), '{"not json')
    openStream(res).end(frame(progress(1), 'a_1') + frame(answerTo(7), 'a_2'))
  })
  const reply = await post(url, '{"not json')
  assert.equal(reply.json, undefined)
  assert.deepEqual(reply.messages, [progress(1), answerTo(7)])
  assert.deepEqual(
    reply.events.map((event) => event.id),
    ['a_1', 'a_2'],
  )
})

test('post refuses to send a bad message unless check is off, and then still checks the answer', async (t) => {
  let answer: object = { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'no' } }
  const { url } = await serveHttp(t, async (req, res) => {
    await bodyOf(req)
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  const bad = { jsonrpc: '2.0', id: 1, method: 'no/such' }
  await assert.rejects(post(url, bad), /no client-to-server request "no\/such"/)
  assert.equal((await post(url, bad, {}, { check: false })).json.error.code, -32601)
  answer = { jsonrpc: '2.0', id: 1, error: { code: 'x' } }
  await assert.rejects(post(url, bad, {}, { check: false }), /\/error/)
  assert.equal((await post(url, bad, {}, { check: 'none' })).json.error.code, 'x')
})

test('post holds an answer against the method asked and the revision of the header', async (t) => {
  let result: object = {}
  const { url } = await serveHttp(t, async (req, res) => {
    const { id } = JSON.parse(await bodyOf(req))
    res
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  await assert.rejects(post(url, callEcho), /content/)
  result = answerTo(7).result
  assert.equal((await post(url, callEcho)).status, 200)
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const stateless = { ...callEcho, params: { name: 'echo', _meta } }
  await assert.rejects(post(url, stateless, { 'MCP-Protocol-Version': '2026-07-28' }), /resultType/)
})

test('post takes a batch in 2025-03-26 only', async (t) => {
  const { url } = await serveHttp(t, async (req, res) => {
    const batch: WireJson[] = JSON.parse(await bodyOf(req))
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(batch.map((message) => answerTo(message.id))))
  })
  const batch = [callEcho, { ...callEcho, id: 8 }]
  const reply = await post(url, batch, {}, { revision: '2025-03-26' })
  assert.deepEqual(
    reply.messages.map((message) => message.id),
    [7, 8],
  )
  await assert.rejects(post(url, batch, {}, { revision: '2025-06-18' }), /only 2025-03-26 has batches/)
})

test('get refuses an event stream, and options gives the status and headers', async (t) => {
  const { url } = await serveHttp(t, (req, res) => {
    if (req.method === 'GET') openStream(res).write(':\n\n')
    else res.writeHead(204, { allow: String(req.method) }).end()
  })
  await assert.rejects(get(url), /read it with openSse/)
  const reply = await options(url)
  assert.deepEqual([reply.status, reply.headers.allow], [204, 'OPTIONS'])
})

test('SseParser gives the same items for every split of the bytes and every line end', () => {
  const text =
    ': note\n\nid: a_1\ndata:\n\nevent: message\nid: a_2\ndata: {"x":"é"}\ndata: \n\nretry: 50\nwhat: 1\n\n'
  const expected = [
    { comment: 'note' },
    { id: 'a_1', data: '' },
    { event: 'message', id: 'a_2', data: '{"x":"é"}\n', json: { x: 'é' } },
    { retry: 50, unknownFields: ['what: 1'] },
  ]
  for (const lineEnd of ['\n', '\r', '\r\n']) {
    const bytes = Buffer.from(text.replaceAll('\n', lineEnd))
    for (let at = 0; at <= bytes.length; at += 1) {
      const parser = new SseParser()
      const items = [...parser.push(bytes.subarray(0, at)), ...parser.push(bytes.subarray(at))]
      assert.deepEqual(items, expected, `${JSON.stringify(lineEnd)} split at ${at}`)
      assert.equal(parser.unfinished, undefined)
    }
  }
})

test('SseParser reports an unfinished block and throws on invalid UTF-8', () => {
  const parser = new SseParser()
  assert.deepEqual(parser.push(Buffer.from('data: x\n')), [])
  assert.match(String(parser.unfinished), /"data":"x"/)
  assert.throws(() => new SseParser().push(Uint8Array.of(0xff)))
})

test('openSse gives events as they come and tells that the server ended the stream', async (t) => {
  let more: () => void = () => {}
  const { url } = await serveHttp(t, async (req, res) => {
    await bodyOf(req)
    openStream(res).write(`: open\n\n${frame(progress(1), 'a_1')}`)
    more = () => void res.end(frame(answerTo(7), 'a_2'))
  })
  const stream = await openSse(url, { message: callEcho })
  assert.equal((await stream.next()).id, 'a_1')
  assert.equal(stream.events[0]?.comment, 'open')
  more()
  assert.deepEqual(await stream.nextMessage((message) => message.id === 7), answerTo(7))
  assert.equal(stream.lastEventId, 'a_2')
  assert.deepEqual(await stream.ended, { complete: true, error: undefined })
  await assert.rejects(stream.next(), /ended before the awaited event; 3 events received/)
})

test('SseStream.ended tells a broken connection from a finished stream', async (t) => {
  const { url } = await serveHttp(t, (_req, res) => {
    openStream(res).write(frame(progress(1)), () => res.destroy())
  })
  const stream = await openSse(url)
  const seen = []
  for await (const event of stream) seen.push(event.json)
  assert.deepEqual(seen, [progress(1)])
  assert.equal((await stream.ended).complete, false)
})

test('openSse rejects an answer that is not an event stream, with what it was', async (t) => {
  const { url } = await serveHttp(t, (_req, res) => void res.writeHead(405).end('nothing here'))
  await assert.rejects(openSse(url), /expected an event stream, got 405 no type nothing here/)
})

test('SseStream fails whoever waits when a message is not valid', async (t) => {
  const { url } = await serveHttp(t, (_req, res) => {
    openStream(res).write(frame({ jsonrpc: '2.0', method: 'notifications/progress', params: {} }))
  })
  const stream = await openSse(url)
  await assert.rejects(
    stream.until(() => false),
    /progressToken/,
  )
  await assert.rejects(stream.end(), /progressToken/)
})

test('SseStream.close and destroy both reach the server as the end of the connection', async (t) => {
  const closed: Promise<unknown>[] = []
  const { url } = await serveHttp(t, (_req, res) => {
    closed.push(once(res, 'close'))
    openStream(res).write(':\n\n')
  })
  for (const way of ['close', 'destroy'] as const) {
    const stream = await openSse(url)
    await stream[way]()
    await closed.at(-1)
    assert.equal((await stream.ended).complete, false)
  }
  assert.equal(closed.length, 2)
})

test('TestSession answers the server while it reads the stream of its request', async (t) => {
  const { url } = await serveHttp(t, tinyServer())
  const asked: unknown[] = []
  const session = await TestSession.open(url, {
    capabilities: { sampling: {} },
    onRequest: (method, params) => {
      asked.push(method, params.maxTokens)
      return { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } }
    },
  })
  t.after(() => session.close())
  assert.deepEqual([session.sessionId, session.revision], ['s1', '2025-11-25'])
  const reply = await session.call('ask')
  assert.deepEqual(asked, ['sampling/createMessage', 5])
  assert.deepEqual([reply.kind, reply.status, reply.complete, reply.messages.length], ['sse', 200, true, 2])
  const { answer, seen, session: id } = JSON.parse(reply.result.content[0].text)
  assert.equal(answer.result.model, 'm')
  assert.deepEqual([seen, id], ['2025-11-25', 's1'])
  assert.equal((await session.delete()).status, 200)
})

test('TestSession turns an ErrorAnswer into an error response', async (t) => {
  const { url } = await serveHttp(t, tinyServer())
  const session = await TestSession.open(url, {
    onRequest: () => {
      throw new ErrorAnswer(-1, 'User rejected')
    },
  })
  const reply = await session.call('ask')
  const { answer } = JSON.parse(reply.result.content[0].text)
  assert.deepEqual(answer.error, { code: -1, message: 'User rejected' })
})

test('TestSession.request fails when the answer of onRequest is not what its method defines', async (t) => {
  const { url } = await serveHttp(t, tinyServer('no-end'))
  const session = await TestSession.open(url, { onRequest: () => ({ roots: [] }), limitMs: 300 })
  t.after(() => session.close())
  await assert.rejects(session.call('ask'), /waited 300 ms for the end of the stream/)
  await assert.rejects(session.settled(), /CreateMessageResult/)
})

test('TestSession.stream leaves the answering to the test, and reply tells a missing end', async (t) => {
  const { url } = await serveHttp(t, tinyServer('no-end'))
  const session = await TestSession.open(url)
  const stream = await session.stream('tools/call', { name: 'ask' }, { id: 'mine' })
  const { id, method } = await stream.nextMessage()
  assert.equal(method, 'sampling/createMessage')
  const content = { type: 'text', text: 'hi' }
  assert.equal((await session.respond(id, { role: 'assistant', model: 'm', content })).status, 202)
  assert.equal((await stream.nextMessage()).id, 'mine')
  assert.equal((await stream.end()).complete, false)
})

test('TestSession.request rejects a result that is not what its method defines', async (t) => {
  const { url } = await serveHttp(t, tinyServer('wrong-result'))
  const session = await TestSession.open(url)
  await assert.rejects(session.request('tools/list'), /\/result\/tools: must be array/)
})

test('TestSession.resume sends the last event id, and knows the method of an earlier request', async (t) => {
  const { url } = await serveHttp(t, tinyServer())
  const session = await TestSession.open(url)
  await session.request('tools/list')
  const stream = await session.resume('a_1')
  await assert.rejects(stream.next(), /ListToolsResult|tools/)
})

test('TestSession of 2025-03-26 sends no version header', async (t) => {
  const { url } = await serveHttp(t, tinyServer())
  const session = await TestSession.open(url, { protocolVersion: '2025-03-26' })
  assert.deepEqual(session.headers, { 'mcp-session-id': 's1', 'mcp-protocol-version': undefined })
})

test('within rejects after its limit with what was awaited, even when timers are mocked', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await assert.rejects(
    within(new Promise(() => {}), () => 'nothing', 1),
    /waited 1 ms for nothing/,
  )
})
