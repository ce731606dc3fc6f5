/** The hard edges of HTTP, each on a raw socket: targets, repeated headers, HTTP/1.0, pipelining, half-close, bodies. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpText, initializeText, pingText, start } from './conversations/running-server.ts'
import { post, RawSocket, raw, TestSession } from './helpers/wire.ts'

const singletons: readonly (readonly [name: string, value: string])[] = [
  ['Host', '127.0.0.1'],
  ['Origin', 'http://localhost'],
  ['Content-Type', 'application/json'],
  ['Authorization', 'Bearer x'],
  ['Mcp-Session-Id', 'abc'],
  ['MCP-Protocol-Version', '2025-11-25'],
  ['Last-Event-ID', 'abc_1'],
  ['Mcp-Method', 'ping'],
  ['Mcp-Name', 'echo'],
]

test('a second Host or Origin behind more headers than Node shows is refused with 431', async (t) => {
  const { port, opened } = await start(t)
  // Short ones, so that the whole stays below Node's limit in bytes.
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`${i.toString(36)}`, '']))
  for (const last of [{ HOST: 'evil.example' }, { Origin: 'https://evil.example' }, {}]) {
    const reply = await raw(
      port,
      httpText({ method: 'POST', headers: { ...many, ...last }, body: initializeText }),
    )
    assert.equal(reply.status, 431)
  }
  assert.deepEqual(opened, [])
})

test('a server with a smaller maxHeadersCount hides no header either', async (t) => {
  const { port, serving, opened } = await start(t)
  serving.server.maxHeadersCount = 20
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-${i}`, '']))
  const reply = await raw(
    port,
    httpText({ method: 'POST', headers: { ...many, Origin: 'https://evil.example' }, body: initializeText }),
  )
  assert.equal(reply.status, 431)
  assert.deepEqual(opened, [])
})

for (const [name, value] of singletons) {
  test(`a repeated ${name} line is refused on every method, with equal values and in any case too`, async (t) => {
    const { port, opened } = await start(t)
    const lower = name.toLowerCase()
    for (const second of [value, 'other']) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const headers = { [lower]: undefined, [name]: value, [name.toUpperCase()]: second }
        const reply = await raw(
          port,
          httpText({ method, headers, body: method === 'POST' ? initializeText : '' }),
        )
        assert.equal(reply.status, 400)
        assert.match(
          JSON.parse(reply.body).error.message,
          new RegExp(`${lower} header occurs more than once`),
        )
      }
    }
    assert.deepEqual(opened, [])
  })
}

test('headers named like object properties are harmless', async (t) => {
  const { port, opened } = await start(t)
  const headers = { __proto__x: 'a', constructor: ['a', 'b'], toString: 'x', hasOwnProperty: 'x' }
  const text = httpText({ headers, body: initializeText }).replace('__proto__x', '__proto__')
  const reply = await raw(port, text)
  assert.equal(reply.status, 200)
  assert.equal(opened.length, 1)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  for (const id of ['__proto__', 'constructor', 'toString']) {
    const session = await raw(port, httpText({ headers: { 'mcp-session-id': id }, body: pingText }))
    assert.equal(session.status, 404, id)
    const version = await raw(port, httpText({ headers: { 'mcp-protocol-version': id }, body: pingText }))
    assert.equal(version.status, 400, id)
  }
})

test('the endpoint is one path: with a final slash, a query, or in absolute form, and never redirected [transports.single-endpoint]', async (t) => {
  const { port } = await start(t)
  const rows: readonly (readonly [target: string, status: number])[] = [
    ['/mcp', 200],
    ['/mcp/', 200],
    ['/mcp?key=value', 200],
    ['/mcp/?a=%2F&b=..%2f', 200],
    ['/mcp?', 200],
    [`http://127.0.0.1:${port}/mcp`, 200],
    [`HTTP://localhost:${port}/mcp/?q`, 200],
    ['/', 404],
    ['/MCP', 404],
    ['/mcp//', 404],
    ['//mcp', 404],
    ['/mcp/x', 404],
    ['/mcpx', 404],
    ['/%6dcp', 404],
    ['/mcp%2f', 404],
    ['/mcp%00', 404],
    ['/mcp/../mcp', 404],
    ['/x/..%2fmcp', 404],
    [`http://127.0.0.1:${port}`, 404],
    ['http://evil.example/mcp', 403],
    ['http://user@127.0.0.1/mcp', 403],
    ['http:///mcp', 403],
    ['*', 404],
  ]
  for (const [target, status] of rows) {
    const reply = await raw(port, httpText({ target, body: initializeText }))
    assert.equal(reply.status, status, `${target} ${reply.body}`)
    assert.equal(JSON.parse(reply.body).jsonrpc, '2.0')
    assert.equal(reply.headers['location'], undefined)
    // A GET on the same path is known too: 405 is its answer to a client without a session.
    const get = await raw(port, httpText({ method: 'GET', target }))
    assert.equal(get.status, status === 200 ? 405 : status, target)
  }
})

test('the Host of a request is compared whole, without regard to case, and with the port that is listed', async (t) => {
  const listed = await start(t, { allowedHosts: ['mcp.example', 'api.example:8443'] })
  const local = await start(t)
  const rows: readonly (readonly [port: number, host: string, status: number])[] = [
    [local.port, 'LocalHost:1', 200],
    [local.port, '[::1]', 200],
    [local.port, 'localhost.', 403],
    [local.port, 'localhost.evil.example', 403],
    [local.port, '127.0.0.1.nip.io', 403],
    [local.port, 'mcp.example', 403],
    [listed.port, 'MCP.example', 200],
    [listed.port, 'mcp.example:1234', 200],
    [listed.port, 'api.example:8443', 200],
    [listed.port, 'api.example', 403],
    [listed.port, 'api.example:443', 403],
    [listed.port, 'x.mcp.example', 403],
    [listed.port, 'localhost', 403],
    [listed.port, 'mcp.example, localhost', 403],
  ]
  for (const [port, host, status] of rows) {
    assert.equal(
      (await raw(port, httpText({ headers: { host }, body: initializeText }))).status,
      status,
      host,
    )
  }
})

test('a media type is parsed, not searched for', async (t) => {
  const { port } = await start(t)
  const rows: readonly (readonly [type: string | undefined, status: number])[] = [
    ['application/json; charset=utf-8', 200],
    ['Application/JSON;Charset="UTF-8"', 200],
    ['application/json;x=y', 200],
    [undefined, 415],
    ['', 415],
    ['text/plain', 415],
    ['text/plain; x=application/json', 415],
    ['application/json-patch+json', 415],
    ['application/json, text/plain', 415],
    ['application/json; charset=latin1', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=application/json', 415],
  ]
  for (const [type, status] of rows) {
    const reply = await raw(port, httpText({ headers: { 'content-type': type }, body: initializeText }))
    assert.equal(reply.status, status, type)
  }
})

test('HTTP/1.0 is answered, streams included, and the connection ends', async (t) => {
  const { port, url } = await start(t)
  const session = await TestSession.open(url)
  const headers = { 'mcp-session-id': session.sessionId }
  const plain = await raw(port, httpText({ version: '1.0', headers, body: pingText }))
  assert.deepEqual([plain.status, plain.headers['connection'], plain.complete], [200, 'close', true])
  assert.deepEqual(JSON.parse(plain.body), { jsonrpc: '2.0', id: 1, result: {} })
  const call = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"talk"}}'
  const stream = await raw(port, httpText({ version: '1.0', headers, body: call }))
  assert.equal(stream.headers['transfer-encoding'], undefined)
  assert.match(stream.body, /"id":2,"result":\{"content":\[\{"type":"text","text":"said"\}\]\}\}\n\n$/)
  const noHost = await raw(port, httpText({ version: '1.0', headers: { host: undefined }, body: pingText }))
  assert.equal(noHost.status, 403)
  assert.match(JSON.parse(noHost.body).error.message, /Host header is missing/)
})

test('pipelined requests are answered each, in order, a stream among them', async (t) => {
  const { port, url } = await start(t)
  const session = await TestSession.open(url)
  const headers = { 'mcp-session-id': session.sessionId }
  const ping = (id: number) => httpText({ headers, body: `{"jsonrpc":"2.0","id":${id},"method":"ping"}` })
  const talk = httpText({
    headers,
    body: '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"talk"}}',
  })
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  await socket.write(ping(1) + talk + httpText({ method: 'GET' }) + ping(3))
  assert.equal(JSON.parse((await socket.response()).body).id, 1)
  const stream = await socket.response()
  assert.deepEqual([stream.headers['content-type'], stream.complete], ['text/event-stream', true])
  assert.match(stream.body, /"id":2/)
  assert.equal((await socket.response()).status, 405)
  assert.equal(JSON.parse((await socket.response()).body).id, 3)
})

test('a client that half-closes after its request still gets the answer', async (t) => {
  const { port, url, waiting } = await start(t)
  const session = await TestSession.open(url)
  const headers = { 'mcp-session-id': session.sessionId }
  const quick = await raw(port, httpText({ headers, body: pingText }), { halfClose: true })
  assert.equal(quick.status, 200)
  const body = '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"wait"}}'
  const slow = raw(port, httpText({ headers, body }), { halfClose: true })
  const call = await waiting()
  call.release('still here')
  assert.match((await slow).body, /still here/)
})

test('the body limit is exact to the byte, declared or chunked', async (t) => {
  const { port } = await start(t, { maxBodyBytes: Buffer.byteLength(initializeText) })
  const chunked = (body: string) =>
    httpText({
      headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' },
      body: `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    })
  assert.equal((await raw(port, httpText({ body: initializeText }))).status, 200)
  assert.equal((await raw(port, chunked(initializeText))).status, 200)
  const oneMore = `${initializeText} `
  for (const text of [httpText({ body: oneMore }), chunked(oneMore)]) {
    const reply = await raw(port, text)
    assert.equal(reply.status, 413)
    assert.equal(reply.headers['connection'], 'close')
    assert.equal(JSON.parse(reply.body).error.code, -32000)
  }
})

test('a body of several pieces is decoded as one, split inside a character too [transports.utf8-received]', async (t) => {
  const { port, url } = await start(t)
  const session = await TestSession.open(url)
  const body = Buffer.from(
    '{"jsonrpc":"2.0","id":"é€😀","method":"tools/call","params":{"name":"echo","arguments":{"text":"ü😀"}}}',
  )
  const head = httpText({
    headers: { 'mcp-session-id': session.sessionId, 'content-length': `${body.length}` },
  })
  const cut = body.indexOf(Buffer.from('😀')) + 2
  const reply = await raw(port, [head, body.subarray(0, cut), body.subarray(cut)])
  const message = JSON.parse(reply.body)
  assert.deepEqual([message.id, message.result.content[0].text], ['é€😀', 'ü😀'])
  const broken = Buffer.concat([body.subarray(0, cut), Buffer.from([0xff]), body.subarray(cut + 1)])
  const refused = await raw(port, [head, broken])
  assert.deepEqual([refused.status, JSON.parse(refused.body).error.code], [400, -32700])
  assert.match(refused.body, /not valid UTF-8/)
})

test('Expect: 100-continue is granted to a good request', async (t) => {
  const { port } = await start(t)
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  const text = httpText({ headers: { expect: '100-continue' }, body: initializeText })
  await socket.write(text.slice(0, -initializeText.length))
  assert.equal((await socket.response()).status, 100)
  await socket.write(initializeText)
  const reply = await socket.response()
  assert.equal(reply.status, 200)
  assert.match(reply.headers['mcp-session-id'] ?? '', /./)
})

const refusedWithoutBody = [
  { name: 'host', headers: { host: 'evil.example' }, status: 403 },
  { name: 'origin', headers: { origin: 'https://evil.example' }, status: 403 },
  { name: 'media type', headers: { 'content-type': 'text/plain' }, status: 415 },
  { name: 'token', headers: {}, status: 401, auth: { verify: async () => undefined } },
  { name: 'size', headers: { 'content-length': '5000000' }, status: 413 },
]

for (const { name, headers, status, auth } of refusedWithoutBody) {
  test(`Expect: 100-continue with a bad ${name} is refused, and the body is never asked for`, async (t) => {
    const { port } = await start(t, auth === undefined ? {} : { auth })
    const all = { authorization: 'Bearer x', 'content-length': '50', expect: '100-continue', ...headers }
    const socket = await RawSocket.open(port)
    t.after(() => socket.destroy())
    await socket.write(httpText({ headers: all }))
    const reply = await socket.response()
    assert.equal(reply.status, status)
    assert.equal(reply.headers['connection'], 'close')
    socket.halfClose()
    await socket.ended
    assert.doesNotMatch(socket.received, /100 Continue/)
  })
}

test('an early refusal ends the connection, and what follows on it is not taken for a request', async (t) => {
  const { port, opened } = await start(t)
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  // The smuggled request is the body of the refused one, and would be served if the connection went on.
  const smuggled = httpText({ body: initializeText })
  await socket.write(httpText({ headers: { origin: 'https://evil.example' }, body: smuggled }))
  assert.equal((await socket.response()).status, 403)
  await socket.ended
  assert.equal(socket.received.match(/HTTP\/1\.1/g)?.length, 1)
  assert.deepEqual(opened, [])
})

test('deep, wide and heavy JSON is answered', async (t) => {
  const { url } = await start(t, { maxBodyDepth: Number.POSITIVE_INFINITY })
  const session = await TestSession.open(url)
  const depth = 20_000
  const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`
  const wide = `{${Array.from({ length: 60_000 }, (_, index) => `"k${index}":${index}`).join(',')}}`
  const call = (id: number, args: string) =>
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":${args}}}`
  for (const [index, args] of [
    `{"text":${deep}}`,
    `{"other":${deep}}`,
    wide,
    `{"text":{"text":${wide}}}`,
  ].entries()) {
    const reply = await post(url, call(index, args), session.headers)
    assert.equal(reply.status, 200)
    assert.equal(reply.json.id, index)
    assert.ok(reply.json.result !== undefined || reply.json.error !== undefined)
  }
  const whole = await post(url, deep, session.headers)
  assert.deepEqual([whole.status, whole.json.error.code], [400, -32600])
  assert.equal((await session.request('ping')).status, 200)
})

test('a body with a Content-Encoding is refused with 415 that names it, and what would be accepted', async (t) => {
  const { port } = await start(t)
  const refused = await raw(port, httpText({ headers: { 'content-encoding': 'gzip' }, body: initializeText }))
  assert.equal(refused.status, 415)
  assert.match(refused.body, /Content-Encoding \\"gzip\\" is not supported/)
  assert.equal(refused.headers['accept-encoding'], 'identity')
  const plain = await raw(
    port,
    httpText({ headers: { 'content-encoding': 'identity' }, body: initializeText }),
  )
  assert.equal(plain.status, 200)
})

test('a Content-Type in another charset is refused with 415 that asks for UTF-8', async (t) => {
  const { port } = await start(t)
  const type = 'application/json; charset=iso-8859-1'
  const refused = await raw(port, httpText({ headers: { 'content-type': type }, body: initializeText }))
  assert.equal(refused.status, 415)
  assert.match(refused.body, /application\/json in UTF-8/)
})

test('a body with more values than maxBodyValues gets 400 with the limit; by default 10 000 rows of 20 columns are within it', async (t) => {
  const row = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`column_${i}`, i]))
  const rows = Array(10_000).fill(row)
  const text = (more: unknown) =>
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'x', more } },
    })
  const limited = await start(t, { maxBodyValues: 300_000 })
  const usual = await start(t)
  for (const url of [limited.url, usual.url]) {
    const { headers } = await TestSession.open(url)
    const answer = await post(url, text(rows), headers)
    if (url === usual.url) assert.equal(answer.status, 200)
    else {
      assert.deepEqual([answer.status, answer.json.error.code], [400, -32700])
      assert.match(answer.json.error.message, /above 300000, the limit \(option maxBodyValues\)/)
    }
    const dense = await post(url, `[${'{},'.repeat(400_000)}{}]`, headers)
    assert.match(dense.json.error.message, /option maxBodyValues/)
  }
})

test('a body that is nested more deeply than maxBodyDepth gets 400 with the limit, in both eras', async (t) => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const call = (depth: number) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x","more":${nested(depth - 3)}}}}`
  for (const [maxBodyDepth, options] of [
    [512, {}],
    [20, { maxBodyDepth: 20 }],
  ] as const) {
    const { url } = await start(t, options)
    const session = await TestSession.open(url)
    for (const headers of [
      session.headers,
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' },
    ]) {
      const deep = await post(url, call(maxBodyDepth + 1), headers)
      assert.deepEqual([deep.status, deep.json.error.code, deep.json.id], [400, -32700, undefined])
      assert.match(deep.json.error.message, new RegExp(`more than ${maxBodyDepth} levels.*maxBodyDepth`))
    }
    const fits = await post(url, call(maxBodyDepth), session.headers)
    assert.equal(fits.json.id, 1)
    assert.notEqual(fits.json.error?.code, -32700)
  }
})
