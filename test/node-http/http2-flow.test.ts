/** Bodies and readers over HTTP/2 that are too large, too slow, or never end: what is stopped, and what stays open. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Http2Client, replyOf } from '../helpers/http2-client.ts'
import { within } from '../helpers/within.ts'
import { eventually } from '../session-era/serving.ts'
import { call, INITIALIZE, openSession, served, textOf } from './http2-serving.ts'

test('a body that is too large is refused, the upload is stopped, and the connection stays', async (t) => {
  const { client, serving } = await served(t, { maxBodyBytes: 100_000 })
  const upload = client.begin({})
  const reply = replyOf(upload)
  const piece = Buffer.alloc(16_384, 0x20)
  let sent = 0
  let go = () => {}
  upload
    .on('drain', () => go())
    .on('aborted', () => go())
    .on('close', () => go())
  while (!upload.closed && !upload.destroyed && sent < 64 * 1024 * 1024) {
    sent += piece.length
    const drained = new Promise<void>((resolve) => {
      go = resolve
    })
    if (!upload.write(piece)) await drained
  }
  const { status, json } = await reply
  await eventually(() => upload.closed, 'the reset of the upload')
  assert.deepEqual([status, upload.rstCode], [413, 0])
  assert.match(json.error.message, /the limit is 100000/)
  assert.ok(sent < 1024 * 1024, `${sent} bytes were sent`)
  const declared = client.begin({ headers: { 'content-length': '200000' } })
  assert.equal((await replyOf(declared)).status, 413)
  assert.equal((await client.post(INITIALIZE)).status, 200)
  assert.equal(serving.stats().bodyBytes, 0)
})

test('a body that does not end is given up after 70 seconds', async (t) => {
  const { client, serving } = await served(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const upload = client.begin({})
  upload.write(Buffer.alloc(10_000, 0x20))
  await eventually(() => serving.stats().bodyBytes > 0, 'the first part of the body')
  t.mock.timers.tick(70_000)
  assert.notEqual((await replyOf(upload)).code, 0)
  t.mock.timers.reset()
  await eventually(() => serving.stats().bodyBytes === 0, 'the end of the body')
})

test('a client that reads nothing of an event stream loses it above maxStreamBufferBytes, and keeps its connection', async (t) => {
  const { client, held, serving } = await served(t, { maxStreamBufferBytes: 100_000 })
  const session = await openSession(client)
  const stream = client.begin({
    body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold', {}, { progressToken: 1 }) }),
    headers: session,
  })
  const { ctx, finish } = await held.next()
  const closed = once(stream, 'close')
  const message = 'x'.repeat(20_000)
  for (let n = 0; n < 100; n++) void ctx.progress(n, undefined, message)
  await eventually(() => serving.stats().streams === 0, 'the end of the stream')
  stream.resume()
  await within(closed, () => 'the reset of the stream')
  assert.equal(stream.rstCode, 8)
  assert.equal(textOf((await client.post(call(2, 'echo', { text: 'still' }), session)).json), 'still')
  finish('')
})

test('a handler that awaits its messages waits for a reader that is slow', async (t) => {
  const { client, held } = await served(t)
  const session = await openSession(client)
  const stream = client.begin({
    body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold', {}, { progressToken: 1 }) }),
    headers: session,
  })
  const { ctx, finish } = await held.next()
  let sent = 0
  const sending = (async () => {
    for (; sent < 200; sent++) await ctx.progress(sent, undefined, 'x'.repeat(20_000))
  })()
  // It stops at what two windows and one buffer take: nothing more happens until the client reads.
  let before = -1
  while (before !== sent) {
    before = sent
    await client.session.ping(() => {})
    for (let turn = 0; turn < 200; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert.ok(sent < 100, `${sent} of 200 were sent to a client that reads nothing`)
  const reply = replyOf(stream)
  await sending
  finish('all')
  assert.equal((await reply).messages.length, 201)
})

test('a client that takes no replies is disconnected when they are more than the limit', async (t) => {
  const { client, serving } = await served(t, { maxStreamBufferBytes: 20_000 })
  const session = await openSession(client)
  const text = 'x'.repeat(20_000)
  const deaf = new Http2Client(serving.url, { initialWindowSize: 0 })
  t.after(() => deaf.close())
  const gone = once(deaf.session, 'close')
  for (let n = 0; n < 60; n++) {
    deaf.begin({ body: JSON.stringify({ jsonrpc: '2.0', ...call(n, 'echo', { text }) }), headers: session })
  }
  await within(gone, () => 'the end of the connection')
  assert.equal((await client.post(call('other', 'echo', { text }), session)).status, 200)
})
