/** Keep-alive with mocked timers: on counting streams, and through a real socket. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SseWriter } from '../../src/node-http/sse-writer.ts'
import { type IdleStream, KeepAlive } from '../../src/sse/keep-alive.ts'
import { RawSocket } from '../helpers/raw-socket.ts'

class CountingStream implements IdleStream {
  idleTicks = 0
  closed = false
  blocked = false
  comments = 0

  comment(): void {
    if (this.blocked) return
    this.idleTicks = 0
    this.comments++
  }
}

const INTERVAL = 32_000
const LATEST = INTERVAL * 1.25

function setup(t: TestContext, streams: number, interval = INTERVAL) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const keepAlive = new KeepAlive(interval)
  t.after(() => keepAlive.close())
  const all = Array.from({ length: streams }, () => new CountingStream())
  for (const stream of all) keepAlive.add(stream)
  return { keepAlive, all, tick: (milliseconds: number) => t.mock.timers.tick(milliseconds) }
}

test('KeepAlive comments on a stream once it was idle for the interval, and no later than 1.25 times that', (t) => {
  const { all, tick } = setup(t, 20)
  const early = () => all.filter(({ comments }) => comments > 0).length
  tick(INTERVAL)
  assert.equal(early(), 0)
  tick(LATEST - INTERVAL)
  assert.equal(early(), 20)
  assert.ok(all.every(({ comments }) => comments === 1))
})

test('KeepAlive spreads the comments of streams that fell silent together', (t) => {
  const { all, tick } = setup(t, 800)
  tick(INTERVAL)
  let most = 0
  for (let done = 0; done < 800; ) {
    tick(INTERVAL / 32)
    const now = all.filter(({ comments }) => comments > 0).length
    most = Math.max(most, now - done)
    done = now
  }
  assert.ok(most <= 120, `${most} of 800 at once`)
})

test('KeepAlive leaves a busy stream alone and measures from its last write', (t) => {
  const { all, tick } = setup(t, 1)
  const stream = all[0] as CountingStream
  for (let i = 0; i < 50; i++) {
    tick(INTERVAL - 1000)
    stream.idleTicks = 0
  }
  assert.equal(stream.comments, 0)
  tick(INTERVAL)
  assert.equal(stream.comments, 0)
  tick(LATEST - INTERVAL)
  assert.equal(stream.comments, 1)
})

test('KeepAlive comments again after each further idle interval', (t) => {
  const { all, tick } = setup(t, 1)
  tick(LATEST * 10)
  const comments = all[0]?.comments ?? 0
  assert.ok(comments >= 10 && comments <= 12, String(comments))
})

test('KeepAlive tries a back-pressured stream again at each tick until it can be written', (t) => {
  const { all, tick } = setup(t, 1)
  const stream = all[0] as CountingStream
  stream.blocked = true
  tick(LATEST * 3)
  stream.blocked = false
  tick(INTERVAL / 32)
  assert.equal(stream.comments, 1)
})

test('KeepAlive runs a timer exactly while it has streams', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let running = 0
  const { setInterval: set, clearInterval: clear } = globalThis
  t.mock.method(globalThis, 'setInterval', (...args: Parameters<typeof set>) => {
    running++
    return set(...args)
  })
  t.mock.method(globalThis, 'clearInterval', (timer: NodeJS.Timeout | undefined) => {
    if (timer !== undefined) running--
    clear(timer)
  })
  const keepAlive = new KeepAlive(INTERVAL)
  const [a, b] = [new CountingStream(), new CountingStream()]
  assert.equal(running, 0)
  keepAlive.add(a)
  keepAlive.add(a)
  keepAlive.add(b)
  assert.deepEqual([running, keepAlive.size], [1, 2])
  keepAlive.delete(a)
  assert.equal(running, 1)
  keepAlive.delete(a)
  keepAlive.delete(b)
  assert.deepEqual([running, keepAlive.size], [0, 0])
  keepAlive.add(a)
  a.closed = true
  t.mock.timers.tick(INTERVAL / 32)
  assert.deepEqual([running, keepAlive.size, a.comments], [0, 0, 0])
  keepAlive.add(a)
  assert.equal(keepAlive.size, 0)
  keepAlive.add(b)
  keepAlive.close()
  assert.deepEqual([running, keepAlive.size], [0, 0])
})

test('KeepAlive does not keep the process alive', () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const keepAlive = new KeepAlive(INTERVAL)
  keepAlive.add(new CountingStream())
  const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  keepAlive.close()
  assert.equal(after, before)
})

test('KeepAlive of 0 sends nothing, and other intervals are checked and capped', (t) => {
  const { keepAlive, all, tick } = setup(t, 3, 0)
  tick(1e9)
  assert.deepEqual([keepAlive.size, all.map(({ comments }) => comments)], [3, [0, 0, 0]])
  assert.throws(() => new KeepAlive(-1), TypeError)
  assert.throws(() => new KeepAlive(Number.NaN), TypeError)
  const stream = new CountingStream()
  const slowest = new KeepAlive(Infinity)
  t.after(() => slowest.close())
  slowest.add(stream)
  t.mock.timers.tick(2 ** 31 - 1)
  assert.equal(stream.comments, 0)
  t.mock.timers.tick(2 ** 29)
  assert.equal(stream.comments, 1)
})

test('KeepAlive never comments early with intervals that do not divide into ticks', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  for (const interval of [1, 2, 5, 31, 33, 50, 100, 999, 1001]) {
    const keepAlive = new KeepAlive(interval)
    const stream = new CountingStream()
    keepAlive.add(stream)
    t.mock.timers.tick(interval - 1)
    assert.equal(stream.comments, 0, `${interval} ms`)
    // Timers count whole milliseconds, which matters below 8 of them only.
    t.mock.timers.tick(1 + Math.max(1, Math.floor(interval / 4)))
    assert.equal(stream.comments, 1, `${interval} ms`)
    keepAlive.close()
  }
})

test('KeepAlive writes a comment through a socket on an idle SseWriter only, and forgets closed ones', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const keepAlive = new KeepAlive(INTERVAL)
  t.after(() => keepAlive.close())
  const open = async () => {
    const socket = await RawSocket.open((server.address() as AddressInfo).port)
    t.after(() => socket.destroy())
    const requested = once(server, 'request')
    await socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const [, response] = (await requested) as [unknown, ServerResponse]
    const writer = new SseWriter(response, { maxBufferBytes: 1000, onClose: () => keepAlive.delete(writer) })
    writer.open(undefined, 'data: open\n\n')
    keepAlive.add(writer)
    await socket.readUntil((text) => text.includes('data: open'))
    return { socket, writer }
  }
  const idle = await open()
  const busy = await open()
  t.mock.timers.tick(INTERVAL - 1000)
  busy.writer.write('data: busy\n\n')
  t.mock.timers.tick(LATEST - INTERVAL + 1000)
  await idle.socket.readUntil((text) => text.includes('\n:\n\n'))
  busy.writer.write('data: end\n\n')
  const text = await busy.socket.readUntil((received) => received.includes('data: end'))
  assert.ok(!text.includes('\n:\n'), text)
  idle.writer.end()
  busy.writer.end()
  assert.equal(keepAlive.size, 0)
})
