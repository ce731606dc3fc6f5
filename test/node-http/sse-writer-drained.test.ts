/** SseWriter.drained on real sockets: who may wait for a slow client, and everything that ends the wait. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { SseWriter } from '../../src/node-http/sse-writer.ts'
import { StreamedCall } from '../helpers/streamed-call.ts'
import { within } from '../helpers/within.ts'
import { attach, GET, listen } from './writer-connection.ts'

/** Far more than the buffers of the system hold, in the frames below. */
const MANY = 600
const frameOf = (size: number) => (n: number) => `data: {"progress":${n},"text":"${'x'.repeat(size)}"}\n\n`
const large = frameOf(100_000)

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Waits before each frame until `drained` resolves. @returns how many frames were taken */
async function patient(writer: SseWriter, count: number, frame = large): Promise<number> {
  for (let n = 1; n <= count; n++) {
    await writer.drained
    if (!writer.write(frame(n))) return n - 1
  }
  return count
}

/** Writes until the writer asks to wait. */
async function fill(writer: SseWriter): Promise<void> {
  for (let n = 1; n < MANY; n++) {
    assert.equal(writer.write(large(n)), true)
    // Frames leave at the end of their turn, and what the system takes is known in the next.
    await turn()
    await turn()
    if (writer.drained !== undefined) return
  }
  throw new Error('the system takes everything')
}

interface Opened {
  readonly server: Server
  readonly client: StreamedCall
  readonly response: ServerResponse
  readonly socket: Socket
}

/** Requests on one connection, each with its response. */
async function requested(t: TestContext, count = 1): Promise<Opened & { readonly last: ServerResponse }> {
  const { server, port } = await listen(t)
  const responses: ServerResponse[] = []
  const all = new Promise<void>((resolve) => {
    server.on('request', (_request, response) => {
      if (responses.push(response) === count) resolve()
    })
  })
  const client = await StreamedCall.open(port, GET.repeat(count))
  t.after(() => client.socket.destroy())
  await all
  const [response, last] = [responses[0] as ServerResponse, responses.at(-1) as ServerResponse]
  return { server, client, response, socket: response.socket as Socket, last }
}

/** An open stream whose client does not read. */
async function stalled(t: TestContext, limit = Number.POSITIVE_INFINITY) {
  const opened = await requested(t)
  opened.client.socket.pause()
  const { writer } = attach(opened.response, limit)
  writer.open()
  return { ...opened, writer }
}

test('SseWriter.drained is undefined, and nobody listens for it, as long as the client takes what it is sent', async (t) => {
  const { client, response, socket } = await requested(t)
  const { writer } = attach(response, 1 << 20)
  const before = socket.listenerCount('drain')
  writer.open()
  for (let n = 1; n <= 50; n++) {
    writer.write(frameOf(10)(n))
    assert.equal(writer.drained, undefined)
    await turn()
  }
  assert.equal(socket.listenerCount('drain'), before)
  writer.end()
  assert.deepEqual([await client.end(), client.count], ['complete', 50])
})

test('SseWriter.drained waits for a client that does not read, and resolves when it does', async (t) => {
  const { client, writer, socket } = await stalled(t)
  const before = socket.listenerCount('drain')
  await fill(writer)
  const drained = writer.drained as Promise<void>
  let isOver = false
  void drained.then(() => {
    isOver = true
  })
  for (let n = 0; n < 20; n++) await turn()
  assert.deepEqual([isOver, socket.listenerCount('drain')], [false, before + 1])
  client.socket.resume()
  await drained
  assert.deepEqual([isOver, writer.drained], [true, undefined])
  writer.end()
  assert.equal(await client.end(), 'complete')
  assert.equal(socket.listenerCount('drain'), before)
})

test('SseWriter loses no client that is slow where the writer awaits it, whatever the limit', async (t) => {
  for (const limit of [4_000, 100_000, 1_000_000]) {
    const { client, writer } = await stalled(t, limit)
    const size = limit / 8
    const count = Math.ceil(15_000_000 / size)
    const writing = patient(writer, count, frameOf(size))
    let most = 0
    for (let n = 0; n < 50; n++) {
      most = Math.max(most, writer.waitingBytes)
      await turn()
    }
    assert.ok(writer.drained !== undefined)
    assert.ok(most <= limit, `${most} bytes waited`)
    client.socket.resume()
    assert.equal(await within(writing, () => 'all frames to be written'), count)
    writer.end()
    assert.deepEqual([await client.end(), client.count, client.inOrder], ['complete', count, true])
  }
})

test('SseWriter.drained resolves when the client resets the connection', async (t) => {
  const { client, writer } = await stalled(t)
  await fill(writer)
  const drained = writer.drained as Promise<void>
  client.socket.resetAndDestroy()
  await within(drained, () => 'drained')
})

test('SseWriter.drained lets the event loop turn, even where the system takes everything at once', async (t) => {
  const { client, response } = await requested(t)
  const { writer } = attach(response, 1 << 20)
  let turns = 0
  const next = () => {
    turns += 1
    immediate = setImmediate(next)
  }
  let immediate = setImmediate(next)
  t.after(() => clearImmediate(immediate))
  writer.open()
  // Without anything to wait for, all of it would be one turn: nothing in it waits for anything else.
  await patient(writer, 20_000, frameOf(100))
  const before = turns
  writer.end()
  assert.ok(before > 20, `${before} turns`)
  assert.deepEqual([await client.end(), client.count, client.inOrder], ['complete', 20_000, true])
})

test('SseWriter.drained resolves when the stream is ended, and when it is dropped', async (t) => {
  const ended = await stalled(t)
  await fill(ended.writer)
  const first = ended.writer.drained as Promise<void>
  ended.writer.end()
  await within(first, () => 'drained, of an ended stream')
  const dropped = await stalled(t, 400_000)
  await fill(dropped.writer)
  const second = dropped.writer.drained as Promise<void>
  while (dropped.writer.write(large(1)));
  await within(second, () => 'drained, of a dropped stream')
  assert.deepEqual([ended.writer.drained, dropped.writer.drained], [undefined, undefined])
})

test('SseWriter.drained waits behind another response of the connection, whatever the limit', async (t) => {
  for (const limit of [4_000, 1_000_000]) {
    const { client, response, last } = await requested(t, 2)
    const { writer } = attach(last, limit)
    writer.open()
    const writing = patient(writer, 100, frameOf(limit / 8))
    for (let n = 0; n < 20; n++) await turn()
    assert.ok(writer.drained !== undefined)
    assert.ok(writer.waitingBytes <= limit, `${writer.waitingBytes} bytes waited`)
    response.end('first')
    assert.equal(await within(writing, () => 'all frames to be written'), 100)
    writer.end()
    assert.deepEqual([await client.end(), client.count, client.inOrder], ['complete', 100, true])
  }
})

test('SseWriter.drained resolves when the connection breaks that it waits behind', async (t) => {
  const { client, response, last } = await requested(t, 2)
  const { writer } = attach(last, 1_000_000)
  writer.open()
  await fill(writer)
  const drained = writer.drained as Promise<void>
  const gone = once(response, 'close')
  client.socket.resetAndDestroy()
  await gone
  // Keep-alive finds out.
  writer.comment()
  await within(drained, () => 'drained')
})

test('SseWriter.drained follows a response whose methods middleware has replaced', async (t) => {
  const { client, response } = await requested(t)
  const { write } = response
  response.write = ((...args: Parameters<typeof write>) => write.apply(response, args)) as typeof write
  client.socket.pause()
  const { writer } = attach(response, 1_000_000)
  writer.open()
  const writing = patient(writer, MANY)
  for (let n = 0; n < 200; n++) await turn()
  assert.ok(writer.drained !== undefined)
  client.socket.resume()
  assert.equal(await within(writing, () => 'all frames to be written'), MANY)
  writer.end()
  assert.deepEqual([await client.end(), client.count, client.inOrder], ['complete', MANY, true])
})

test('SseWriter.comment drops a client that has taken nothing for eight keep-alive intervals, and keeps a slow one', async (t) => {
  const { client, writer, response } = await stalled(t)
  await fill(writer)
  const { drained } = writer
  let ticks = 0
  const tick = (count: number) => {
    for (let n = 0; n < count; n++) {
      writer.idleTicks = ++ticks
      writer.comment()
    }
  }
  tick(250)
  assert.equal(writer.closed, false)
  client.socket.resume()
  await within(drained as Promise<void>, () => 'drained')
  client.socket.pause()
  await fill(writer)
  const again = writer.drained
  // From the last that it took on.
  tick(256)
  assert.equal(writer.closed, false)
  tick(1)
  assert.deepEqual([writer.closed, response.destroyed], [true, true])
  await within(again as Promise<void>, () => 'drained')
})

test('SseWriter.comment does not drop a client for what waits behind another response', async (t) => {
  const { response, last, client } = await requested(t, 2)
  const { writer } = attach(last, 1_000_000)
  writer.open()
  await fill(writer)
  for (writer.idleTicks = 1; writer.idleTicks < 1000; writer.idleTicks++) writer.comment()
  assert.equal(writer.closed, false)
  response.end('first')
  await within(writer.drained as Promise<void>, () => 'drained')
  writer.end()
  assert.equal(await client.end(), 'complete')
})
