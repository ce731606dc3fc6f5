/** httpFetch of barewire/client/http: what it does in place of the global fetch, and what it leaves to that. */

import assert from 'node:assert/strict'
import { globalAgent } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { httpFetch } from '../../src/client/http.ts'
import { connect } from '../../src/client/index.ts'
import { endOfTurn, within } from '../helpers/within.ts'
import { REVISIONS, served } from './offering.ts'
import { connected, json, response, result, scripted, session, stateless, stream } from './scripted-server.ts'

for (const revision of REVISIONS) {
  test(`${revision}: list, call, progress, questions and changes over httpFetch`, async (t) => {
    const { client, server } = await served(t, {
      revision,
      fetch: httpFetch,
      onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
      onSample: () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }),
      onRoots: () => [],
    })
    assert.equal((await client.tools().toArray()).length, 5)
    const sums = await Promise.all([1, 2, 3].map((a) => client.callTool('add', { a, b: 1 })))
    assert.deepEqual(
      sums.map(({ structuredContent }) => structuredContent),
      [{ sum: 2 }, { sum: 3 }, { sum: 4 }],
    )
    const reports: number[] = []
    await client.callTool('count', {}, { onProgress: ({ progress }) => reports.push(progress) })
    assert.deepEqual(reports, [1, 2, 3])
    assert.match(JSON.stringify((await client.callTool('ask')).content), /Ann/)
    await assert.rejects(client.readResource('note://none'), { name: 'RpcError' })
    const changes = client.changes({ tools: true })
    const next = changes.next()
    let isHeard = false
    void next.then(() => {
      isHeard = true
    })
    for (let n = 0; !isHeard; n++) {
      server.registerTool(`more${n}`, {}, () => 'x')
      await client.ping()
    }
    assert.deepEqual((await next).value, { kind: 'tools' })
    await changes.return()
  })
}

test('httpFetch decodes what is compressed, and maxMessageBytes counts after that', async (t) => {
  let body = Buffer.alloc(0)
  let encoding = ''
  const server = await scripted(
    t,
    stateless(({ response: reply, request }) => {
      assert.equal(request.headers['accept-encoding'], 'gzip, deflate, br')
      const headers = {
        'content-type': 'application/json',
        'content-encoding': encoding,
        'content-length': body.length,
      }
      reply.writeHead(200, headers).end(body)
    }),
  )
  const client = await connected(t, server.url, { fetch: httpFetch, maxMessageBytes: 1_000_000 })
  // Ids count from 1, and the first was for server/discover.
  let id = 1
  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const) {
    encoding = name
    body = compress(JSON.stringify(response(++id, { content: [{ type: 'text', text: name }] })))
    assert.deepEqual((await client.callTool('a')).content, [{ type: 'text', text: name }])
  }
  encoding = 'gzip'
  body = gzipSync(Buffer.alloc(50_000_000, ' '))
  await assert.rejects(client.callTool('a'), { code: 'ERR_MESSAGE_TOO_LARGE' })
  body = Buffer.from('no gzip')
  await assert.rejects(client.callTool('a'), { code: 'ERR_CONNECTION' })
})

test('httpFetch: an aborted call closes its connection, before the response and within it', async (t) => {
  for (const begins of [false, true]) {
    let closed: Promise<void> | undefined
    const server = await scripted(
      t,
      stateless((exchange) => {
        closed = new Promise((resolve) => exchange.response.once('close', () => resolve()))
        if (begins) stream(exchange).write(': begun\n\n')
      }),
    )
    const client = await connected(t, server.url, { fetch: httpFetch })
    const abort = new AbortController()
    const call = client.callTool('a', {}, { signal: abort.signal })
    while (closed === undefined) await new Promise((resolve) => setImmediate(resolve))
    abort.abort(new Error('enough'))
    await assert.rejects(call, { code: 'ERR_REQUEST_ABORTED', message: /enough/ })
    await closed
  }
})

test('httpFetch: a connection that is refused, breaks or never begins is ERR_CONNECTION', async (t) => {
  await assert.rejects(connect('http://127.0.0.1:1/mcp', { fetch: httpFetch, retryDelayMs: 1 }), {
    code: 'ERR_CONNECTION',
    message: /ECONNREFUSED/,
  })
  const server = await scripted(
    t,
    stateless(({ response: reply, request, message }) => {
      if (message.params.name === 'early') return request.socket.destroy()
      reply.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      return reply.write('{"json', () => request.socket.destroy())
    }),
  )
  const client = await connected(t, server.url, { fetch: httpFetch })
  for (const name of ['early', 'late'])
    await assert.rejects(client.callTool(name), { code: 'ERR_CONNECTION' })
})

/** A server of raw TCP, whose connections the test writes itself. */
async function rawServer(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => onConnection(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('httpFetch: a server that answers before it has read the request, and closes, does not end the process', async (t) => {
  const url = await rawServer(t, (socket) => {
    socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\nno')
    setImmediate(() => socket.destroy())
  })
  // More than the buffers of a connection take, so that it breaks while it is being sent.
  const body = 'x'.repeat(8_000_000)
  for (let times = 0; times < 10; times += 1) {
    const said = await httpFetch(url, { method: 'POST', redirect: 'manual', body })
      .then((response) => response.text())
      .catch((error: Error) => error)
    if (said instanceof Error) assert.match(said.message, /EPIPE|ECONNRESET|hang up|aborted|ended/)
    else assert.equal(said, 'no')
  }
})

test('httpFetch: a body that breaks before it is read is an error, however it is read', async (t) => {
  let closed = () => {}
  const url = await rawServer(t, (socket) => {
    socket.once('close', () => closed())
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half', () => socket.destroy())
    })
  })
  for (const read of [
    (response: Response) => response.text(),
    (response: Response) => new Response(response.body).text(),
  ]) {
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const response = await httpFetch(url, { redirect: 'manual' })
    await gone
    while (Object.keys(globalAgent.sockets).some((name) => name.includes(`:${new URL(url).port}:`)))
      await endOfTurn()
    await assert.rejects(
      within(read(response), () => 'the end of a body'),
      /ended before the body/,
    )
  }
})

test('httpFetch: a server that switches protocols gives no response, which is an error', async (t) => {
  const url = await rawServer(t, (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    )
  })
  const reply = httpFetch(url, { redirect: 'manual' })
  await assert.rejects(
    within(reply, () => 'an answer'),
    /before a response came/,
  )
})

test('httpFetch: a status line with characters that a Response refuses is no hindrance', async (t) => {
  const url = await rawServer(t, (socket) => {
    const head = 'HTTP/1.1 200 a\u0001b\r\nContent-Type: text/event-stream\r\nConnection: close'
    socket.once('data', () => socket.end(`${head}\r\n\r\ndata: 1\n\n`))
  })
  const response = await httpFetch(url, { redirect: 'manual' })
  assert.deepEqual([response.statusText, await response.clone().text()], ['ab', 'data: 1\n\n'])
})

test('httpFetch follows no redirect by itself: the client does, within the origin', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => {
      const { request, response: reply, message } = exchange
      if (message.params.name === 'away') return reply.writeHead(307, { location: 'http://127.0.0.2/' }).end()
      if (request.url === '/mcp') return reply.writeHead(307, { location: '/other' }).end('moved')
      return result(exchange, { content: [{ type: 'text', text: 'ä' }] })
    }),
  )
  const client = await connected(t, server.url, { fetch: httpFetch })
  assert.deepEqual((await client.callTool('a')).content, [{ type: 'text', text: 'ä' }])
  await assert.rejects(client.callTool('away'), { code: 'ERR_REDIRECT' })
})

test('httpFetch gives what a Response has, once, and leaves to the global fetch what it does not do', async (t) => {
  const server = await scripted(t, (exchange) => {
    const { request, response: reply } = exchange
    if (request.url === '/moved') return reply.writeHead(302, { location: '/mcp' }).end()
    if (request.url === '/empty') return reply.writeHead(204).end()
    return json(exchange, { a: 'ä' }, 201, { 'x-two': 'a' })
  })
  const manual = { redirect: 'manual' } as const
  const get = () => httpFetch(server.url, manual)
  const first = await get()
  assert.deepEqual(
    [first.status, first.ok, first.url, first.redirected, first.headers.get('X-Two'), first.bodyUsed],
    [201, true, server.url, false, 'a', false],
  )
  assert.deepEqual(await first.json(), { a: 'ä' })
  assert.equal(first.bodyUsed, true)
  assert.throws(() => first.body, TypeError)
  const twice = (await get()).clone()
  assert.equal(await twice.text(), '{"a":"ä"}')
  assert.equal(Buffer.from(await (await get()).arrayBuffer()).toString(), '{"a":"ä"}')
  assert.equal((await (await get()).blob()).size, 10)
  const empty = await httpFetch(new URL('/empty', server.url), manual)
  assert.deepEqual([empty.status, empty.body, await empty.text()], [204, null, ''])
  assert.equal((await httpFetch(`${server.origin}/moved`, manual)).status, 302)
  const followed = await httpFetch(`${server.origin}/moved`, {})
  assert.deepEqual([followed.status, followed.redirected], [201, true])
  const posted = await httpFetch(server.url, {
    ...manual,
    method: 'POST',
    body: '{"ä":1}',
    headers: new Headers({ 'x-a': 'b' }),
  })
  assert.equal(posted.status, 201)
  assert.deepEqual(server.seen.at(-1)?.message, { ä: 1 })
  assert.equal(server.seen.at(-1)?.request.headers['x-a'], 'b')
  const aborted = httpFetch(server.url, { ...manual, signal: AbortSignal.abort(new Error('before')) })
  await assert.rejects(aborted, /before/)
})
