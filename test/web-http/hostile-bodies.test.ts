/** Bodies of clients that send slowly, or leave, to a fetch handler: what is kept of them is counted and released. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFetchHandler } from '../../src/fetch.ts'
import { collectGarbage } from '../helpers/heap.ts'
import { within } from '../helpers/within.ts'
import { createPortableServer } from '../interop/portable-server.ts'
import { eventually } from '../session-era/serving.ts'
import { postOf } from './request.ts'

/** A body of which the test gives piece by piece, and that never ends by itself. */
function dribbled() {
  let controller: ReadableStreamDefaultController | undefined
  const body = new ReadableStream({
    start: (given) => {
      controller = given
    },
  })
  return { body, push: (bytes: Uint8Array) => controller?.enqueue(bytes) }
}

test('a body that counts, and hangs, is given up when the signal of its request aborts, whether it says its length or not', async (t) => {
  const handler = createFetchHandler(createPortableServer())
  t.after(() => handler.close({ drainMs: 0 }))
  for (const length of [undefined, '100000']) {
    const leaving = new AbortController()
    const { body, push } = dribbled()
    const headers = length === undefined ? {} : { 'content-length': length }
    const answer = handler(postOf(body, { headers, signal: leaving.signal }))
    push(Buffer.alloc(9000, 0x20))
    await eventually(() => handler.stats().bodyBytes > 0, 'the first part of the body')
    leaving.abort()
    assert.equal((await within(answer, () => `the end of a body of ${length}`)).status, 499)
    assert.equal(handler.stats().bodyBytes, 0)
  }
})

test('a body that says its length counts while it is read, and pieces of one byte cost no buffer each', async (t) => {
  const handler = createFetchHandler(createPortableServer())
  t.after(() => handler.close({ drainMs: 0 }))
  const used = () => {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const bodies = Array.from({ length: 10 }, dribbled)
  const leaving = new AbortController()
  const answers = bodies.map(({ body }) =>
    handler(postOf(body, { headers: { 'content-length': '60000' }, signal: leaving.signal })),
  )
  const before = used()
  for (let sent = 0; sent < 50_000; sent += 500) {
    for (const { push } of bodies) for (let n = 0; n < 500; n++) push(Uint8Array.of(0x20))
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  await eventually(() => handler.stats().bodyBytes > 400_000, `the bodies: ${handler.stats().bodyBytes}`)
  const grown = used() - before
  assert.ok(grown < 6_000_000, `500 000 bytes of bodies took ${grown} bytes`)
  leaving.abort()
  for (const { status } of await Promise.all(answers)) assert.equal(status, 499)
  assert.equal(handler.stats().bodyBytes, 0)
  // A carrier keeps its requests: without a use of these, they would be collected.
  for (const { push } of bodies) push(Uint8Array.of(0x20))
  await eventually(() => handler.stats().bodyBytes === 0, 'late pieces to be dropped')
})
