import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { RpcError } from '../../src/jsonrpc/rpc-error.ts'
import { readBody } from '../../src/node-http/body.ts'
import { sendEmpty, sendError, sendJson } from '../../src/node-http/response.ts'
import { RawSocket, raw } from '../helpers/raw-socket.ts'
import { within } from '../helpers/within.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

async function start(t: TestContext, listener: Listener): Promise<number> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function open(t: TestContext, port: number): Promise<RawSocket> {
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  return socket
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (headers: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n`

test('sendJson sends exactly application/json with a byte length, and keeps the connection', async (t) => {
  const port = await start(t, (_, response) => {
    assert.equal(sendJson(response, 201, '{"a":"é€"}', ['X-One', '1', 'Vary', 'Origin']), true)
  })
  const socket = await open(t, port)
  for (let round = 0; round < 2; round += 1) {
    await socket.write(GET)
    const response = await socket.response()
    assert.equal(response.status, 201)
    assert.equal(response.headers['content-type'], 'application/json')
    assert.equal(response.headers['content-length'], '13')
    assert.equal(response.headers['x-one'], '1')
    const { vary } = response.headers
    assert.equal(vary, 'Origin')
    assert.equal(response.headers['transfer-encoding'], undefined)
    assert.equal(response.body, '{"a":"é€"}')
  }
})

test('sendJson leaves in one write', async (t) => {
  let writes = 0
  const port = await start(t, (_, response) => {
    const socket = response.socket
    assert.ok(socket !== null)
    const write = socket.write
    socket.write = ((...args: Parameters<typeof write>) => {
      // Node ends a response with an empty write, which sends nothing.
      if (args[0].length > 0) writes += 1
      return Reflect.apply(write, socket, args)
    }) as typeof write
    sendJson(response, 200, '{"a":1}')
  })
  assert.equal((await raw(port, GET)).body, '{"a":1}')
  assert.equal(writes, 1)
})

test('sendJson keeps headers that a framework has set before', async (t) => {
  const port = await start(t, (_, response) => {
    response.setHeader('X-Powered-By', 'a framework')
    response.setHeader('Content-Type', 'text/html')
    sendJson(response, 200, '{}', ['X-One', '1'])
  })
  const { headers } = await raw(port, GET)
  assert.equal(headers['x-powered-by'], 'a framework')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['x-one'], '1')
})

test('sendJson answers HEAD with the length and no body', async (t) => {
  const port = await start(t, (_, response) => {
    sendJson(response, 200, '{"a":1}')
  })
  const socket = await open(t, port)
  await socket.write('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const response = await socket.response({ head: true })
  assert.equal(response.headers['content-length'], '7')
  await socket.ended
  assert.ok(socket.received.endsWith('\r\n\r\n'))
})

test('sendEmpty sends 202 with Content-Length 0 and no Content-Type', async (t) => {
  const port = await start(t, (_, response) => {
    sendEmpty(response, 202, ['X-One', '1'])
  })
  const response = await raw(port, GET)
  assert.equal(response.status, 202)
  assert.equal(response.headers['content-length'], '0')
  assert.equal(response.headers['content-type'], undefined)
  assert.equal(response.headers['transfer-encoding'], undefined)
  assert.equal(response.headers['x-one'], '1')
  assert.equal(response.body, '')
})

test('sendEmpty sends 204 without Content-Length', async (t) => {
  const port = await start(t, (_, response) => {
    sendEmpty(response, 204)
  })
  const response = await raw(port, GET)
  assert.equal(response.status, 204)
  assert.equal(response.headers['content-length'], undefined)
  assert.equal(response.headers['transfer-encoding'], undefined)
})

test('sendError sends a JSON-RPC error, with the id when it is known', async (t) => {
  const ids = [undefined, 0, 'x']
  const port = await start(t, (_, response) => {
    sendError(response, 404, ids.shift(), new RpcError(-32001, 'Session not found'), ['X-One', '1'])
  })
  const error = { code: -32001, message: 'Session not found' }
  for (const id of [{}, { id: 0 }, { id: 'x' }]) {
    const response = await raw(port, GET)
    assert.equal(response.status, 404)
    assert.equal(response.headers['content-type'], 'application/json')
    assert.equal(response.headers['x-one'], '1')
    assert.deepEqual(JSON.parse(response.body), { jsonrpc: '2.0', ...id, error })
  }
})

test('a reply after another reply, or after the client has gone, is dropped without a throw', async (t) => {
  let responses: ServerResponse[] = []
  const outcomes: boolean[] = []
  const port = await start(t, (_, response) => {
    responses.push(response)
    if (responses.length > 1) return
    outcomes.push(
      sendJson(response, 200, '{}'),
      sendEmpty(response, 202),
      sendJson(response, 500, '{}', [], { closeAfter: true }),
    )
  })
  assert.equal((await raw(port, GET)).status, 200)
  assert.deepEqual(outcomes, [true, false, false])

  const socket = await open(t, port)
  await socket.write(GET)
  const gone = responses[1]
  assert.ok(gone !== undefined)
  socket.reset()
  if (!gone.closed) await once(gone, 'close')
  const error = new RpcError(-32603, 'x')
  assert.equal(sendError(gone, 500, 1, error), false)
  assert.equal(sendError(gone, 500, 1, error, [], { closeAfter: true }), false)
  responses = []
})

test('a reply with a header that cannot be sent ends the connection instead of throwing or hanging', async (t) => {
  let outcome: boolean | undefined
  const port = await start(t, (_, response) => {
    outcome = sendJson(response, 200, '{}', ['X-One', 'a\r\nSet-Cookie: b'])
  })
  const socket = await open(t, port)
  await socket.write(GET)
  await within(socket.ended, () => 'the end of the connection')
  assert.equal(outcome, false)
  assert.equal(socket.received, '')
})

test('closeAfter lets a client that is still uploading read the reply, and then ends the connection', async (t) => {
  const port = await start(t, (_, response) => {
    sendError(response, 413, undefined, new RpcError(-32000, 'too large'), undefined, { closeAfter: true })
  })
  const socket = await open(t, port)
  await socket.write(post('Content-Length: 100000000'))
  const response = await socket.response()
  assert.equal(response.status, 413)
  const { connection } = response.headers
  assert.equal(connection, 'close')
  assert.equal(JSON.parse(response.body).error.message, 'too large')
  // The FIN comes although the upload has not ended.
  assert.equal((await within(socket.ended, () => 'FIN')).error, undefined)
  // And the connection still takes in what the client had under way.
  for (let round = 0; round < 20; round += 1) await socket.write(Buffer.alloc(65_536))
  assert.equal(socket.error, undefined)
})

test('closeAfter gives the reply to a client that uploads everything before it reads', async (t) => {
  const limit = 1000
  const length = 4_000_000
  const port = await start(t, (request, response) => {
    readBody(request, limit, (error) => {
      assert.equal(error?.kind, 'too-large')
      sendError(response, 413, undefined, new RpcError(-32000, 'too large'), undefined, { closeAfter: true })
    })
  })
  for (const framing of [`Content-Length: ${length}`, 'Transfer-Encoding: chunked']) {
    const body = Buffer.alloc(length, 'x')
    const parts = framing.startsWith('C') ? [body] : [`${length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n']
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    socket.pause()
    const errors: Error[] = []
    socket.on('error', (error) => errors.push(error))
    socket.write(post(framing))
    for (const part of parts.slice(0, -1)) socket.write(part)
    await within(
      new Promise((resolve) => socket.write(parts.at(-1) ?? '', resolve)),
      () => 'the whole upload to be taken',
    )
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString()
    })
    socket.resume()
    await within(once(socket, 'end'), () => 'the end of the connection')
    assert.deepEqual(errors, [], framing)
    assert.match(received, /^HTTP\/1\.1 413 /)
    assert.match(received, /"too large"\}\}$/)
  }
})

test('closeAfter closes at once when there is no upload', async (t) => {
  let finished = 0
  const port = await start(t, (_, response) => {
    response.on('finish', () => {
      finished += 1
    })
    sendEmpty(response, 403, undefined, { closeAfter: true })
  })
  for (const request of [GET, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', `${post('Content-Length: 2')}ab`]) {
    const socket = await open(t, port)
    await socket.write(request)
    await within(socket.ended, () => 'the end of the connection')
    assert.match(socket.received, /^HTTP\/1\.1 403 [\s\S]*\r\n\r\n$/)
    assert.equal(socket.error, undefined)
  }
  assert.equal(finished, 3)
})

test('closeAfter answers HEAD with its head', async (t) => {
  const port = await start(t, (_, response) => {
    sendJson(response, 403, '{"a":1}', undefined, { closeAfter: true })
  })
  const socket = await open(t, port)
  await socket.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
  await within(socket.ended, () => 'the end of the connection')
  assert.match(socket.received, /^HTTP\/1\.1 403 [\s\S]*Content-Length: 7\r\n[\s\S]*\r\n\r\n$/i)
})

test('closeAfter gives a client up that keeps the connection open without sending', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const closed = new Promise<void>((resolve) => {
    start(t, (_, response) => {
      response.on('close', resolve)
      sendEmpty(response, 413, undefined, { closeAfter: true })
    }).then(async (port) => {
      const socket = await open(t, port)
      await socket.write(post('Content-Length: 1000'))
      await socket.ended
      t.mock.timers.tick(2000)
    })
  })
  await within(closed, () => 'the response to close')
})

test('closeAfter stops reading an upload that goes on for too long', async (t) => {
  const port = await start(t, (_, response) => {
    sendEmpty(response, 413, undefined, { closeAfter: true })
  })
  const socket = await open(t, port)
  await socket.write(post('Transfer-Encoding: chunked'))
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')])
  let sent = 0
  while (socket.error === undefined && sent < 200) {
    await socket.write(chunk)
    sent += 1
  }
  assert.ok(socket.error !== undefined, 'the connection was cut')
  assert.ok(sent > 2, 'but not at once')
  assert.match(socket.received, /^HTTP\/1\.1 413 /)
})

test('closeAfter waits its turn behind an earlier response of a pipelining client', async (t) => {
  let first: ServerResponse | undefined
  const port = await start(t, (request, response) => {
    if (request.url === '/first') {
      first = response
      return
    }
    sendJson(response, 413, '"second"', undefined, { closeAfter: true })
    assert.ok(first !== undefined)
    sendJson(first, 200, '"first"')
  })
  const socket = await open(t, port)
  await socket.write(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${post('Content-Length: 2')}ab`)
  assert.equal((await socket.response()).body, '"first"')
  assert.equal((await socket.response()).body, '"second"')
  assert.equal((await within(socket.ended, () => 'the end of the connection')).error, undefined)
})
