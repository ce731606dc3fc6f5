/** Streams that have let go of their response: what node:http and the client see of it, on raw sockets. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { checkRuntime } from '../../src/node-http/node-internals.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { attach, connect, GET, listen, request, turn } from './writer-connection.ts'

test('SseWriter.detach finishes the response and goes on with the stream', async (t) => {
  const { client, writer, response, closes } = await connect(t)
  writer.open(undefined, 'data: 1\n\n')
  writer.write('data: 2\n\n')
  writer.detach()
  assert.deepEqual([response.writableEnded, response.socket], [true, null])
  assert.equal(writer.write('data: é\n\n'), true)
  await client.readUntil((received) => received.includes('data: é'))
  writer.comment()
  assert.equal(writer.end('data: 3\n\n'), true)
  const { body, complete } = await client.response()
  assert.deepEqual([body, complete], ['data: 1\n\ndata: 2\n\ndata: é\n\n:\n\ndata: 3\n\n', true])
  assert.deepEqual([writer.closed, closes(), writer.write('late')], [true, 1, false])
})

test('SseWriter.writeNow leaves within its turn, behind what waits, and obeys the limit', async (t) => {
  const { client, writer, response } = await connect(t, 1000)
  const socket = response.socket as Socket
  const writes = t.mock.method(socket, '_write')
  writer.open(undefined, 'data: 1\n\n')
  assert.equal(writer.writeNow('data: 2\n\n'), true)
  writer.detach()
  const before = writes.mock.callCount()
  assert.equal(writer.writeNow('data: 3\n\n'), true)
  assert.equal(writes.mock.callCount(), before + 1)
  writer.write('data: 4\n\n')
  assert.equal(writer.writeNow('data: é\n\n'), true)
  assert.equal(writes.mock.callCount(), before + 1)
  const text = await client.readUntil((received) => received.includes('data: é'))
  assert.deepEqual(
    text.match(/data: ./g),
    [1, 2, 3, 4, 'é'].map((data) => `data: ${data}`),
  )
  // The socket takes nothing more until it has taken this.
  socket.cork()
  assert.equal(writer.writeNow(`data: ${'x'.repeat(600)}\n\n`), true)
  assert.equal(writer.writeNow(`data: ${'x'.repeat(600)}\n\n`), false)
  assert.equal(writer.closed, true)
  assert.equal(writer.writeNow('late'), false)
})

test('SseWriter.detach: the connection serves the next requests after the end', async (t) => {
  const { server, client, writer } = await connect(t)
  writer.open()
  writer.detach()
  writer.end()
  assert.equal((await client.response()).body, ':\n\n')
  const second = attach(await request(server, client), 1000).writer
  second.open()
  second.detach()
  second.end('data: again\n\n')
  assert.match((await client.response()).body, /again/)
  const third = await request(server, client)
  third.end('plain')
  assert.equal((await client.response()).body, 'plain')
})

test('SseWriter.detach: a request behind the stream waits, and the connection ends with the stream', async (t) => {
  const { server, client, writer } = await connect(t)
  writer.open()
  writer.detach()
  const behind = await request(server, client)
  behind.end('too early')
  writer.write('data: 1\n\n')
  await client.readUntil((received) => received.includes('data: 1'))
  await turn()
  writer.end('data: end\n\n')
  const { body, complete } = await client.response()
  assert.deepEqual([body, complete], [':\n\ndata: 1\n\ndata: end\n\n', true])
  assert.equal((await client.ended).error, undefined)
})

test('SseWriter.detach with a request that waits already: the response stays, or the connection ends', async (t) => {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const responses: ServerResponse[] = []
  const both = new Promise<void>((resolve) => {
    server.on('request', (_, response) => responses.push(response) === 2 && resolve())
  })
  await client.write(GET + GET)
  await both
  const { writer, closes } = attach(responses[0] as ServerResponse, 1000)
  writer.open(undefined, 'data: 1\n\n')
  writer.detach()
  responses[1]?.end('second')
  writer.end('data: 2\n\n')
  // Whatever becomes of the second: its answer must not be inside the first one's stream.
  const { body } = await client.response()
  assert.ok('data: 1\n\ndata: 2\n\n'.startsWith(body), body)
  assert.equal(closes(), 1)
})

test('SseWriter.detach: what is not HTTP on the same connection gets no error page into the stream', async (t) => {
  const { client, writer, closed } = await connect(t)
  writer.open()
  writer.detach()
  await client.readUntil((received) => received.includes(':\n\n'))
  await client.write('nonsense\r\n\r\n')
  await closed
  await client.ended
  assert.doesNotMatch(client.received, /400/)
})

test('SseWriter.detach: node:http takes the connection for busy', async (t) => {
  const { server, client, writer, response } = await connect(t)
  server.keepAliveTimeout = 1
  const { socket } = response
  writer.open()
  writer.detach()
  assert.equal(socket?.timeout, 0)
  server.closeIdleConnections()
  await turn()
  assert.equal(writer.write('data: 1\n\n'), true)
  await client.readUntil((received) => received.includes('data: 1'))
  writer.end()
  await client.response()
})

test('SseWriter.detach: a timeout that was set on the connection stays', async (t) => {
  const { writer, response } = await connect(t)
  const { socket } = response
  socket?.setTimeout(12_345)
  writer.open()
  writer.detach()
  assert.equal(socket?.timeout, 12_345)
})

test('SseWriter.detach: after the end the connection is idle, and closed after its keep-alive time', async (t) => {
  const { server, client, writer, response } = await connect(t)
  const { socket } = response
  server.keepAliveTimeout = 20
  writer.open()
  writer.detach()
  writer.end()
  assert.equal(socket?.timeout, 1020)
  await client.response()
  assert.equal((await client.ended).error, undefined)
})

test('SseWriter.detach: a client that leaves is noticed, once', async (t) => {
  for (const leave of ['reset', 'halfClose'] as const) {
    const { client, writer, closes, closed } = await connect(t)
    writer.open()
    writer.detach()
    await client.readUntil((received) => received.includes(':\n\n'))
    client[leave]()
    await closed
    await turn()
    assert.deepEqual([writer.closed, closes(), writer.write('data: x\n\n')], [true, 1, false])
  }
})

test('SseWriter.detach: a client that does not read is dropped at the limit', async (t) => {
  const { client, writer, closes } = await connect(t, 200_000)
  writer.open()
  writer.detach()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.pause()
  let most = 0
  while (writer.write(`data: ${'日'.repeat(3000)}\n\n`)) {
    most = Math.max(most, writer.waitingBytes)
    await turn()
  }
  assert.ok(most > 150_000 && most <= 200_000, `${most}`)
  assert.deepEqual([writer.closed, closes()], [true, 1])
})

test('SseWriter.detach leaves a response that somebody else needs', async (t) => {
  const needs: Record<string, (response: ServerResponse) => void> = {
    'a close listener': (response) => void response.on('close', () => {}),
    'a finish listener': (response) => void response.on('finish', () => {}),
    'another write': (response) => {
      const { write } = response
      response.write = ((...args: Parameters<typeof write>) => write.apply(response, args)) as typeof write
    },
    'another end': (response) => {
      const { end } = response
      response.end = ((...args: Parameters<typeof end>) => end.apply(response, args)) as typeof end
    },
  }
  for (const [name, need] of Object.entries(needs)) {
    const { client, writer, response } = await connect(t)
    need(response)
    writer.open()
    writer.detach()
    assert.equal(response.writableEnded, false, name)
    writer.write('data: 1\n\n')
    writer.end('data: 2\n\n')
    assert.equal((await client.response()).body, ':\n\ndata: 1\n\ndata: 2\n\n', name)
  }
})

test('SseWriter.detach leaves a connection that ends with its response', async (t) => {
  for (const bytes of ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n']) {
    const { client, writer, response } = await connect(t, 1000, bytes)
    writer.open()
    writer.detach()
    assert.equal(response.writableEnded, false)
    writer.end('data: 1\n\n')
    assert.equal((await client.response()).body, ':\n\ndata: 1\n\n')
    await client.ended
  }
})

test('SseWriter.detach before open, and of a stream behind another response, does nothing', async (t) => {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const first = await request(server, client)
  const { writer } = attach(await request(server, client), 1000)
  writer.detach()
  writer.open()
  writer.detach()
  first.end('first')
  assert.equal((await client.response()).body, 'first')
  writer.end('data: 1\n\n')
  assert.equal((await client.response()).body, ':\n\ndata: 1\n\n')
})

test('SseWriter.detach: many streams share the stand-in, and each ends alone', async (t) => {
  const { server, port } = await listen(t)
  const streams = []
  for (let i = 0; i < 20; i++) {
    const client = await RawSocket.open(port)
    t.after(() => client.destroy())
    const { writer } = attach(await request(server, client), 1000)
    writer.open()
    writer.detach()
    streams.push({ client, writer })
  }
  for (const [i, { client, writer }] of streams.entries()) {
    if (i % 3 === 0) client.reset()
    else if (i % 3 === 1) writer.end(`data: ${i}\n\n`)
  }
  for (const [i, { client, writer }] of streams.entries()) {
    if (i % 3 === 1) assert.match((await client.response()).body, new RegExp(`data: ${i}\n`))
    if (i % 3 !== 2) continue
    assert.equal(writer.write(`data: ${i}\n\n`), true)
    await client.readUntil((received) => received.includes(`data: ${i}\n`))
  }
  const closed = once(server, 'close')
  for (const { writer } of streams) writer.end()
  server.close()
  server.closeIdleConnections()
  await closed
})

test('checkRuntime refuses a Bun that does not report clients that left, and names what to use', () => {
  for (const version of ['1.0.0', '1.3.14', '0.8.1']) {
    assert.throws(() => checkRuntime(version), new RegExp(`Bun ${version} .*use Bun 1\\.4 or later`))
  }
  for (const version of ['1.4.0', '1.10.2', '2.0.0', undefined]) checkRuntime(version)
})
