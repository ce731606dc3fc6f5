/** Inbox: what ends the reading of a stream, and what does not. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Inbox } from '../../src/client/inbox.ts'
import type { Outgoing } from '../../src/client/transport.ts'
import { event, response } from './scripted-server.ts'

const out = { id: 1, signal: new AbortController().signal } as Outgoing

/** A stream that stays open after what was written, and says when its reader has cancelled it. */
function openStream(text: string) {
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    cancel: () => {
      cancelled = true
    },
  })
  const headers = { 'content-type': 'text/event-stream' }
  return { response: new Response(body, { headers }), isCancelled: () => cancelled }
}

async function read(t: TestContext, of: Outgoing | undefined) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = openStream(event(response(1)))
  const received: unknown[] = []
  const receiver = { receive: (value: unknown) => received.push(value) > 0, failed: () => {} }
  const inbox = new Inbox({ receiver, maxMessageBytes: 1000, out: of })
  const reading = inbox.read(stream.response)
  reading.catch(() => {})
  while (received.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  t.mock.timers.tick(100_000)
  await new Promise((resolve) => setImmediate(resolve))
  return { answered: inbox.answered, isCancelled: stream.isCancelled() }
}

test('the stream of one request is closed some time after its answer, if the server does not', async (t) => {
  assert.deepEqual(await read(t, out), { answered: true, isCancelled: true })
})

test('a stream that requests share stays open after an answer', async (t) => {
  assert.deepEqual(await read(t, undefined), { answered: false, isCancelled: false })
})
