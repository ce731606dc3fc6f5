/** A client that does not read: it costs no more than its budget, loses its connection, and can come back. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawSocket, type TestSession } from '../../helpers/wire.ts'
import { eventually, type Fixture, progressOf, responsesOf, serving, textOf } from '../serving.ts'

const BUDGET = 200_000
const CHUNK = 'x'.repeat(20_000)

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Sends a request on a raw connection, and stops reading once the answer has begun. */
async function stalled(fixture: Fixture, session: TestSession, message?: object): Promise<RawSocket> {
  const body = message === undefined ? '' : JSON.stringify(message)
  const socket = await RawSocket.open(fixture.port)
  await socket.write(
    [
      `${message === undefined ? 'GET' : 'POST'} /mcp HTTP/1.1`,
      'Host: localhost',
      'Accept: application/json, text/event-stream',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      `Mcp-Session-Id: ${session.sessionId}`,
      '',
      body,
    ].join('\r\n'),
  )
  return socket
}

test('a POST stream that is not read is dropped at its budget, the call goes on, and all of it is resumed', async (t) => {
  const fixture = await serving(t, {
    maxStreamBufferBytes: BUDGET,
    replay: { maxEvents: 10_000, maxBytes: 64 * 1024 * 1024 },
  })
  const [session, other] = [await fixture.open(), await fixture.open()]
  const params = { name: 'hold', arguments: {}, _meta: { progressToken: 1 } }
  const socket = await stalled(fixture, session, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  t.after(() => socket.destroy())
  const call = await fixture.held.next()
  call.ctx.progress(0)
  const received = await socket.readUntil((text) => /\nid: \S+_1\n/.test(text))
  const primed = /\nid: (\S+_0)\n/.exec(received)?.[1] ?? ''
  socket.pause()
  let step = 0
  while (fixture.stats().streams > 0) {
    step += 1
    assert.ok(step < 5000, 'the connection is never dropped')
    call.ctx.progress(step, undefined, CHUNK)
    await turn()
  }
  // Another client is served meanwhile.
  assert.equal(textOf(await other.call('echo', { text: 'other' })), 'other')
  assert.equal(call.ctx.signal.aborted, false)
  call.ctx.progress(step + 1)
  call.finish('all of it')
  const resumed = await session.resume(primed)
  assert.equal((await resumed.end()).complete, true)
  assert.deepEqual(
    progressOf(resumed),
    Array.from({ length: step + 2 }, (_, index) => index),
  )
  assert.equal(textOf(responsesOf(resumed)[0]), 'all of it')
})

test('a GET stream that is not read is dropped at its budget, and the news is there for the next', async (t) => {
  const uri = (n: number) => `test:${n}?${'u'.repeat(8000)}`
  const fixture = await serving(t, {
    maxStreamBufferBytes: BUDGET,
    replay: { maxEvents: 10_000, maxBytes: 64 * 1024 * 1024 },
    setup: (server) => {
      for (let n = 0; n < 20; n++) server.registerResource(`r${n}`, uri(n), { subscribe: true }, () => 'text')
    },
  })
  const [slow, quick] = [await fixture.open(), await fixture.open()]
  for (const session of [slow, quick]) {
    for (let n = 0; n < 20; n++) await session.request('resources/subscribe', { uri: uri(n) })
  }
  const own = await quick.listen()
  const socket = await stalled(fixture, slow)
  t.after(() => socket.destroy())
  const received = await socket.readUntil((text) => /\nid: \S+_0\n/.test(text) || /id: \S+_0\n/.test(text))
  const primed = /id: (\S+_0)\n/.exec(received)?.[1] ?? ''
  socket.pause()
  let rounds = 0
  while (fixture.stats().streams > 1) {
    rounds += 1
    assert.ok(rounds < 1000, 'the connection is never dropped')
    for (let n = 0; n < 20; n++) fixture.server.notifyResourceUpdated(uri(n))
    await turn()
  }
  const count = rounds * 20
  await eventually(() => own.messages.length === count, 'the quick client to have all')
  const resumed = await slow.resume(primed)
  await eventually(() => resumed.messages.length === count, 'the slow client to have all')
  assert.deepEqual(
    resumed.messages.map(({ params }) => params.uri),
    Array.from({ length: count }, (_, index) => uri(index % 20)),
  )
})
