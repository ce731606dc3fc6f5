/** The SSE writer and a client that reads slowly or not at all: what may wait, and what is done past that. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { encodeEvent } from '../../src/sse/frame.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { attach, connect, listen, request, turn } from './writer-connection.ts'

test('SseWriter drops a client that does not read once more than maxBufferBytes wait, never more', async (t) => {
  const limit = 200_000
  const { client, writer, response, closes } = await connect(t, limit)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.pause()
  // Three bytes of UTF-8 for each code unit: a limit that counted code units would let three times as much wait.
  const frame = encodeEvent({ data: '日'.repeat(3000) })
  let most = 0
  let pressed = false
  let written = 0
  while (writer.write(frame)) {
    written++
    most = Math.max(most, writer.waitingBytes)
    pressed ||= writer.backPressured
    if (written % 5 === 0) await turn()
  }
  // Chunk sizes and their line ends, for each frame that waits, come on top of the frames.
  assert.ok(most <= limit + 8 * (limit / frame.length), `${most} bytes waited`)
  assert.ok(most > limit / 2, `only ${most} bytes waited`)
  assert.equal(pressed, true)
  assert.deepEqual([writer.closed, closes(), response.destroyed], [true, 1, true])
})

test('SseWriter counts what waits in UTF-8 bytes', async (t) => {
  const { client, writer, response } = await connect(t, 13_000)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  // Corked twice, so that nothing leaves: what is accepted is what waits.
  response.socket?.cork()
  response.socket?.cork()
  const frame = encodeEvent({ data: '日'.repeat(3000) })
  let accepted = 0
  while (writer.write(frame)) accepted++
  // 9008 bytes, though 3008 code units: two do not fit.
  assert.equal(accepted, 1)
})

test('SseWriter skips comments while the client does not read, and writes them again when it does', async (t) => {
  const { client, writer, response } = await connect(t, Infinity)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.pause()
  while (!writer.backPressured || response.writableLength < 100_000) {
    writer.write(`data: ${'x'.repeat(50_000)}\n\n`)
    await turn()
  }
  const waiting = writer.waitingBytes
  writer.idleTicks = 9
  for (let i = 0; i < 100; i++) writer.comment()
  assert.deepEqual([writer.waitingBytes, writer.idleTicks], [waiting, 9])
  const drained = once(response.socket as Socket, 'drain')
  client.resume()
  await drained
  writer.comment()
  assert.equal(writer.idleTicks, 0)
  writer.end()
  assert.match((await client.response()).body, /\n:\n\n$/)
})

test('SseWriter does not take a burst in one turn for a slow client', async (t) => {
  const limit = 20_000
  const { client, writer } = await connect(t, limit)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  const frame = `data: ${'x'.repeat(990)}\n\n`
  // Four times the limit, which the kernel's buffers take easily.
  for (let i = 0; i < 80; i++) assert.equal(writer.write(frame), true)
  writer.end()
  assert.equal((await client.response()).body.split('\n\n').length - 1, 81)
})

test('SseWriter delivers a frame larger than maxBufferBytes when little waits', async (t) => {
  const { client, writer } = await connect(t, 1000)
  const large = encodeEvent({ data: 'x'.repeat(3_000_000) })
  writer.open(undefined, 'data: a\n\n')
  assert.equal(writer.write(large), true)
  // Waits until that one is gone, since it fills the limit by itself.
  await client.readUntil((received) => received.includes(large.slice(-100)))
  assert.equal(writer.end(large), true)
  assert.equal((await client.response()).body.length, 9 + 2 * large.length)
})

test('SseWriter.end drops a client that has left no room for the last frame', async (t) => {
  const { client, writer, response, closes } = await connect(t, 1_000)
  writer.open()
  await client.readUntil((received) => received.includes(':\n\n'))
  client.pause()
  // Far more than the kernel's buffers hold.
  assert.equal(writer.write(`data: ${'x'.repeat(50_000_000)}\n\n`), true)
  assert.ok(writer.waitingBytes > 1_000)
  assert.equal(writer.end('data: last\n\n'), false)
  assert.deepEqual([writer.closed, closes(), response.destroyed], [true, 1, true])
})

test('SseWriter measures and joins each frame once, however many frames of its turn wait', async (t) => {
  for (const isBehind of [false, true]) {
    const { server, port } = await listen(t)
    const client = await RawSocket.open(port)
    t.after(() => client.destroy())
    // Behind another response, frames go through the response, and wait there.
    const first = isBehind ? await request(server, client) : undefined
    const { writer } = attach(await request(server, client), 1 << 20)
    writer.open()
    const frame = `data: ${'x'.repeat(150)}\n\n`
    const measured = t.mock.method(Buffer, 'byteLength')
    for (let i = 0; i < 6000; i++) assert.equal(writer.write(frame), true)
    writer.end()
    const sizes = measured.mock.calls.map(({ arguments: [text] }) => String(text).length)
    measured.mock.restore()
    first?.end('first')
    if (isBehind) await client.response()
    assert.equal((await client.response()).body, `:\n\n${frame.repeat(6000)}`)
    const all = sizes.reduce((sum, size) => sum + size, 0)
    assert.ok(all <= 2 * 6000 * frame.length, `${all} characters were measured for ${6000 * frame.length}`)
  }
})
