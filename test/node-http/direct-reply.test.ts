/**
 * Replies that go directly to the socket against those that node:http's methods send: the same bytes for every request
 * and reply, in fewer writes.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { RpcError } from '../../src/jsonrpc/rpc-error.ts'
import { sendEmpty, sendError, sendJson } from '../../src/node-http/response.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { typescript } from '../helpers/typescript.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => void
type Settings = { readonly keepAliveTimeout?: number; readonly maxRequestsPerSocket?: number }

async function start(
  t: TestContext,
  listener: Listener,
  { maxRequestsPerSocket = 0, ...settings }: Settings = {},
): Promise<number> {
  const server = createServer(settings, listener)
  server.maxRequestsPerSocket = maxRequestsPerSocket
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const json: Listener = (_, response) => void sendJson(response, 200, '{"a":1}')

/** The same replies, by the methods of node:http: one of them is replaced by itself. */
function byNode(listener: Listener): Listener {
  return (request, response) => {
    response.end = response.end.bind(response)
    listener(request, response)
  }
}

const CASES: readonly {
  readonly name: string
  readonly request?: string
  readonly listener?: Listener
  readonly settings?: Settings
  readonly head?: boolean
}[] = [
  { name: 'JSON' },
  { name: 'JSON beyond ASCII', listener: (_, response) => void sendJson(response, 200, '"é€😀\u2028"') },
  { name: '100 KB', listener: (_, response) => void sendJson(response, 200, `"${'é'.repeat(50_000)}"`) },
  {
    name: 'more headers',
    listener: (_, response) => void sendJson(response, 200, '1', ['X-One', '1', 'x-two', '2']),
  },
  { name: '202', listener: (_, response) => void sendEmpty(response, 202) },
  { name: '204', listener: (_, response) => void sendEmpty(response, 204, ['Allow', 'GET']) },
  {
    name: 'a refusal',
    listener: (_, response) => void sendError(response, 403, 1, new RpcError(-32_000, 'no')),
  },
  {
    name: 'an unread body',
    listener: (_, response) => void sendJson(response, 400, '1', undefined, { closeAfter: true }),
  },
  {
    name: 'headers set before',
    listener: (_, response) => void sendJson(response.setHeader('Vary', 'Origin'), 200, '1'),
  },
  {
    name: 'no Date',
    listener: (_, response) => {
      response.sendDate = false
      sendJson(response, 200, '1')
    },
  },
  {
    name: 'a status message of its own',
    listener: (_, response) => {
      response.statusMessage = 'Fine'
      sendJson(response, 200, '1')
    },
  },
  {
    name: 'a header value that is not ASCII',
    listener: (_, response) => void sendJson(response, 200, '1', ['X-One', 'é']),
  },
  { name: 'HEAD', request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', head: true },
  { name: 'HTTP/1.0', request: 'GET / HTTP/1.0\r\n\r\n' },
  { name: 'HTTP/1.0 that stays', request: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n' },
  { name: 'Connection: close', request: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' },
  { name: 'a body that was not read', request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc' },
  { name: 'no keep-alive hint', settings: { keepAliveTimeout: 0 } },
  { name: 'half seconds of keep-alive', settings: { keepAliveTimeout: 7_500 } },
  { name: 'a limit of requests', settings: { maxRequestsPerSocket: 2 } },
]

for (const { name, request = GET, listener = json, settings, head = false } of CASES) {
  test(`a direct reply is what node:http would have sent: ${name}`, async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 10, 21) })
    const seen = []
    for (const wanted of [byNode(listener), listener]) {
      const port = await start(t, wanted, settings)
      const client = await RawSocket.open(port)
      t.after(() => client.destroy())
      await client.write(request)
      const { rawHead, bodyBytes } = await client.response({ head })
      // Node's own date does not know the mocked clock.
      seen.push({ head: rawHead.replace(/^Date: .* GMT$/m, 'Date: now'), body: bodyBytes.toString() })
    }
    assert.deepEqual(seen[1], seen[0])
  })
}

test('a direct reply has the Date of its own second', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 10, 21, 1, 2, 3, 999) })
  const port = await start(t, json)
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const dates = []
  for (let i = 0; i < 3; i++) {
    await client.write(GET)
    dates.push((await client.response()).headers['date'])
    if (i === 0) t.mock.timers.tick(1)
  }
  const next = 'Sat, 21 Nov 2026 01:02:04 GMT'
  assert.deepEqual(dates, ['Sat, 21 Nov 2026 01:02:03 GMT', next, next])
})

test('a direct reply is one write, and its listeners are told as by node:http', async (t) => {
  const events: unknown[] = []
  let writes = 0
  const port = await start(t, (_, response) => {
    const { socket } = response
    assert.ok(socket !== null)
    const write = t.mock.method(socket, 'write')
    events.push(response.headersSent, response.writableEnded)
    response.on('finish', () => events.push('finish'))
    response.on('close', () => {
      events.push('close', response.destroyed)
      writes = write.mock.callCount()
    })
    sendJson(response, 201, '1')
    events.push(response.headersSent, response.writableEnded, response.statusCode, response.statusMessage)
    assert.throws(() => response.setHeader('X-Late', '1'), { code: 'ERR_HTTP_HEADERS_SENT' })
    assert.equal(sendJson(response, 200, '2'), false)
    response.end()
  })
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  await client.write(GET)
  assert.equal((await client.response()).body, '1')
  await client.write(GET)
  assert.equal((await client.response()).body, '1')
  assert.equal(writes, 1)
  assert.deepEqual(events.slice(0, 9), [false, false, true, true, 201, 'Created', 'finish', 'close', true])
})

test('direct replies to pipelined requests leave in their order', async (t) => {
  const waiting: ServerResponse[] = []
  const port = await start(t, (request, response) => {
    if (request.url === '/slow') waiting.push(response)
    else sendJson(response, 200, JSON.stringify(request.url))
    if (request.url === '/b') for (const slow of waiting) sendJson(slow, 200, '"slow"')
  })
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  await client.write(['/slow', '/a', '/b', '/c'].map((url) => GET.replace('/', url)).join(''))
  const bodies = []
  for (let i = 0; i < 4; i++) bodies.push((await client.response()).body)
  assert.deepEqual(bodies, ['"slow"', '"/a"', '"/b"', '"/c"'])
})

test('no reply is direct where a method of its response was replaced', async (t) => {
  const port = await start(t, (_, response) => {
    const { end } = response
    response.end = ((text: string) => end.call(response, text.replace('1', '2'), 'utf8')) as typeof end
    sendJson(response, 200, '1')
  })
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  await client.write(GET)
  assert.equal((await client.response()).body, '2')
})

test('a direct reply to a client that is gone is dropped', async (t) => {
  let answered: (sent: boolean) => void = () => {}
  const sent = new Promise<boolean>((resolve) => {
    answered = resolve
  })
  const port = await start(t, (_, response) => {
    response.on('close', () => answered(sendJson(response, 200, '1')))
  })
  const client = await RawSocket.open(port)
  await client.write(GET)
  client.reset()
  assert.equal(await sent, false)
})

/** Replaces a method before anything of src is loaded, as instrumentation does, and counts its calls for one reply. */
const INSTRUMENTED = `
import { createServer, get, ServerResponse } from 'node:http'
const [, method, module] = process.argv
const original = ServerResponse.prototype[method]
let calls = 0
ServerResponse.prototype[method] = function (...args) {
  calls += 1
  return original.apply(this, args)
}
const { sendJson } = await import(module)
const server = createServer((_, response) => sendJson(response, 200, '1')).listen(0, '127.0.0.1', () => {
  get({ port: server.address().port, agent: false }, (response) => {
    response.resume().on('end', () => server.close(() => console.log(calls)))
  })
})
`

for (const method of ['writeHead', 'end']) {
  test(`instrumentation that was loaded earlier has its ${method} called`, async () => {
    const module = new URL('../../src/node-http/response.ts', import.meta.url).href
    const args = [...typescript, '--input-type=module', '--eval', INSTRUMENTED, method, module]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 })
    assert.equal(stdout, '1\n')
  })
}
