/**
 * What node-internals.ts assumes of Node, each on a real server. A version of Node that keeps one of them no longer
 * fails here, by the number that it has there.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import {
  finishNow,
  hasOwnHead,
  isNative,
  isUnobserved,
  markFinished,
  markSent,
  occupy,
  serverSettings,
  uncork,
  vacate,
} from '../../src/node-http/node-internals.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { endOfTurn } from '../helpers/within.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

interface Seen {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function start(t: TestContext) {
  const server = createServer({ keepAliveTimeout: 5000 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const client = await RawSocket.open((server.address() as AddressInfo).port)
  t.after(() => client.destroy())
  return { server, client }
}

async function next(server: Server): Promise<Seen> {
  const [request, response] = await once(server, 'request')
  return { request, response }
}

test('1. finished and `finish` release the connection, and the next request begins', async (t) => {
  const { server, client } = await start(t)
  for (const end of [finishNow, (response: ServerResponse) => markFinished(response)()]) {
    const first = next(server)
    await client.write(GET)
    const { response } = await first
    const { socket } = response
    socket?.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na')
    const second = next(server)
    end(response)
    assert.equal(response.socket, null)
    assert.equal(response.writableEnded, true)
    await client.write(GET)
    const { response: following } = await second
    assert.equal(following.socket, socket)
    following.end()
    await once(following, 'close')
  }
})

test('2. node:http alone listens to the end of a response', async (t) => {
  const { server, client } = await start(t)
  const first = next(server)
  await client.write(GET)
  const { response } = await first
  assert.equal(isUnobserved(response), true)
  response.on('close', () => {})
  assert.equal(isUnobserved(response), false)
  response.end()
})

test('3. a connection that is occupied begins no request, is not idle, and gets no error page', async (t) => {
  const { server, client } = await start(t)
  const first = next(server)
  await client.write(GET)
  const { response } = await first
  const socket = response.socket as Socket
  response.writeHead(200, { 'Transfer-Encoding': 'chunked' })
  response.flushHeaders()
  finishNow(response)
  occupy(socket)
  assert.throws(() => new ServerResponse({ method: 'GET' } as IncomingMessage).assignSocket(socket))
  server.closeIdleConnections()
  await endOfTurn()
  assert.equal(socket.destroyed, false)
  vacate(socket)
  const second = next(server)
  await client.write(GET)
  assert.equal((await second).response.socket, socket)

  const other = await RawSocket.open((server.address() as AddressInfo).port)
  t.after(() => other.destroy())
  const third = next(server)
  await other.write(GET)
  const busy = (await third).response
  const connection = busy.socket as Socket
  busy.writeHead(200, { 'Transfer-Encoding': 'chunked' })
  busy.flushHeaders()
  finishNow(busy)
  occupy(connection)
  // Its error is node:http's to handle.
  const closed = new Promise((resolve) => connection.once('close', resolve))
  await other.write('no HTTP at all\r\n\r\n')
  await closed
  assert.doesNotMatch(await other.readUntil((text) => text.includes('200 OK')), /400 Bad Request/)
})

test('4. a response that waits for its turn has no socket, is given it later, and is destroyed when it hears of the lost connection', async (t) => {
  const { server, client } = await start(t)
  const seen: Seen[] = []
  server.on('request', (request, response) => {
    seen.push({ request, response })
    server.emit('seen')
  })
  await client.write(GET + GET + GET)
  while (seen.length < 3) await once(server, 'seen')
  const [first, second, third] = seen.map(({ response }) => response) as [
    ServerResponse,
    ServerResponse,
    ServerResponse,
  ]
  assert.deepEqual([second.socket, third.socket], [null, null])
  const given = once(second, 'socket')
  first.end()
  await given
  assert.notEqual(second.socket, null)
  let heard = false
  third.on('close', () => {
    heard = true
  })
  const lost = once(second, 'close')
  client.destroy()
  await lost
  await endOfTurn()
  // Up to Node 24 it does not hear of it, from 26 on it does.
  assert.equal(third.destroyed, heard)
})

test('5. a socket leads to the settings of its server', async (t) => {
  const { server, client } = await start(t)
  server.maxHeadersCount = 77
  const first = next(server)
  await client.write(GET)
  const { response } = await first
  const { keepAliveTimeout, maxHeadersCount, maxRequestsPerSocket } = serverSettings(response.socket)
  assert.deepEqual([keepAliveTimeout, maxHeadersCount, maxRequestsPerSocket], [5000, 77, 0])
  assert.deepEqual(serverSettings(null), {})
  response.end()
})

test('6. what a response writes in one turn can be offered to the system before the turn is over', async (t) => {
  const { server, client } = await start(t)
  const first = next(server)
  await client.write(GET)
  const { response } = await first
  response.writeHead(200)
  const socket = response.socket as Socket
  response.write('one')
  response.write('two')
  const waiting = () => response.writableLength + socket.writableLength
  assert.ok(waiting() > 0)
  uncork(response)
  assert.equal(waiting(), 0)
  response.end()
})

test('9. headersSent says whether a response has its head', async (t) => {
  const { server, client } = await start(t)
  const first = next(server)
  await client.write(GET)
  const { response } = await first
  assert.equal(response.headersSent, false)
  markSent(response, 201, 'HTTP/1.1 201 Created\r\n\r\n')
  assert.deepEqual(
    [response.headersSent, response.statusCode, response.statusMessage],
    [true, 201, 'Created'],
  )
  assert.throws(() => response.setHeader('X-Late', '1'), { code: 'ERR_HTTP_HEADERS_SENT' })
})

test('10. the methods of a response are known by their source text', async (t) => {
  const { server, client } = await start(t)
  const first = next(server)
  await client.write(GET)
  const { response } = await first
  assert.equal(isNative(response), true)
  assert.equal(hasOwnHead(response), true)
  response.setHeader('Vary', 'Origin')
  assert.equal(hasOwnHead(response), false)
  response.end()
})
