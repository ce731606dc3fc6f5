/** Event streams as the body of a `Response`: slow readers, readers that leave, keep-alive, shutdown, `waitUntil`. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createFetchHandler, type FetchHandlerOptions, McpServer } from '../../src/fetch.ts'
import { within } from '../helpers/within.ts'
import { createPortableServer } from '../interop/portable-server.ts'
import { answerOf, callRequest, HEADERS, initializeRequest, readUntil } from './request.ts'

type Reader = ReadableStreamDefaultReader<Uint8Array>

function handlerOf(t: TestContext, options: FetchHandlerOptions = {}, server = createPortableServer()) {
  const handler = createFetchHandler(server, options)
  t.after(() => handler.close({ drainMs: 0 }))
  return handler
}

async function readerOf(response: Response): Promise<Reader> {
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  return (response.body as ReadableStream<Uint8Array>).getReader()
}

/** A server whose tool writes without waiting until its stream takes no more. */
function floodingServer() {
  const server = new McpServer({ name: 'flood', version: '1.0.0' }, { onError: () => {} })
  let ended: (reason: unknown) => void = () => {}
  const aborted = new Promise((resolve) => (ended = resolve))
  server.registerTool('flood', {}, async (_, ctx) => {
    ctx.signal.addEventListener('abort', () => ended(ctx.signal.reason))
    for (let i = 1; i <= 200 && !ctx.signal.aborted; i += 1) {
      ctx.progress(i, 200, 'x'.repeat(1000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    return 'done'
  })
  return { server, aborted }
}

test('a reader that takes nothing costs maxStreamBufferBytes at most, and then its stream breaks', async (t) => {
  const { server, aborted } = floodingServer()
  const handler = handlerOf(t, { maxStreamBufferBytes: 50_000 }, server)
  const response = await handler(callRequest('flood'))
  const reader = await readerOf(response)
  assert.match(String(await within(aborted, () => 'the call to be aborted')), /closed the connection/)
  let bytes = 0
  await assert.rejects(async () => {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      bytes += piece.value.length
  }, /its reader was too slow, or is gone/)
  assert.ok(bytes <= 50_000, `${bytes} bytes came`)
  assert.equal(handler.stats().streams, 0)
})

test('a handler that awaits its messages waits for a slow reader, and none is lost', async (t) => {
  const handler = handlerOf(t, { maxStreamBufferBytes: 50_000 })
  const reader = await readerOf(await handler(callRequest('progress', { count: 1000 })))
  let received = ''
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    received += Buffer.from(piece.value).toString()
    // What comes in other turns of the event loop waits meanwhile.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const numbers = [...received.matchAll(/"progress":(\d+),/g)].map(([, number]) => Number(number))
  assert.deepEqual(
    numbers,
    Array.from({ length: 1000 }, (_, index) => index + 1),
  )
  assert.match(received, /"text":"done"/)
})

for (const how of ['cancels the stream', 'aborts the request'] as const) {
  test(`a client that ${how} ends its call`, async (t) => {
    const handler = handlerOf(t)
    const abort = new AbortController()
    const response = await handler(callRequest('wait', {}, { signal: abort.signal }))
    const reader = await readerOf(response)
    await readUntil(reader, '"progress":1')
    if (how === 'cancels the stream') await reader.cancel()
    else abort.abort()
    const { json } = await within(answerOf(handler, callRequest('aborted')), () => 'the call to be aborted')
    assert.equal(json.result.content[0].text, 'aborted')
    assert.deepEqual([handler.stats().streams, handler.stats().callsInProgress], [0, 0])
  })
}

test('a client that leaves before its call has answered ends the promise and the call', async (t) => {
  const server = new McpServer({ name: 'x', version: '1.0.0' })
  let started = () => {}
  const begun = new Promise<void>((resolve) => (started = resolve))
  let reason: unknown
  server.registerTool('wait', {}, async (_, ctx) => {
    started()
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    reason = ctx.signal.reason
  })
  const handler = handlerOf(t, {}, server)
  const abort = new AbortController()
  const response = handler(callRequest('wait', {}, { signal: abort.signal }))
  await begun
  abort.abort()
  assert.equal((await response).status, 499)
  assert.match(String(reason), /closed the connection/)
  assert.equal((await handler(callRequest('wait', {}, { signal: AbortSignal.abort() }))).status, 499)
})

test('a silent stream gets comments, and a reader that takes none of them for long is dropped', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const handler = handlerOf(t, { keepAliveMs: 320 })
  const reader = await readerOf(await handler(callRequest('wait')))
  await readUntil(reader, '"progress":1')
  const comment = reader.read()
  t.mock.timers.tick(400)
  assert.equal(Buffer.from((await comment).value as Uint8Array).toString(), ':\n\n')
  assert.equal(handler.stats().streams, 1)
  // The next comment is not taken.
  t.mock.timers.tick(400)
  t.mock.timers.tick(320 * 10)
  assert.equal(handler.stats().streams, 0)
  await assert.rejects(reader.read(), /too slow, or is gone/)
})

test('GET listens on the stream of a session, and close ends it properly', async (t) => {
  const handler = handlerOf(t)
  const opened = await handler(initializeRequest())
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') as string }
  const headers = { ...HEADERS, ...session, 'mcp-protocol-version': '2025-11-25' }
  const response = await handler(new Request('http://localhost:3000/mcp', { headers }))
  const reader = await readerOf(response)
  await readUntil(reader, 'id: ')
  const changed = readUntil(reader, 'list_changed')
  await answerOf(handler, callRequest('change'))
  await within(changed, () => 'the notice')
  const rest = reader.read()
  await handler.close({ drainMs: 0 })
  const last = await rest
  if (!last.done) assert.equal((await reader.read()).done, true)
  assert.equal((await handler(callRequest('echo'))).status, 503)
})

test('a reader that brings its own buffer gets the stream and its end', async (t) => {
  const handler = handlerOf(t)
  const response = await handler(callRequest('progress'))
  const reader = (response.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' })
  let received = ''
  for (;;) {
    const { value, done } = await reader.read(new Uint8Array(64))
    if (done) break
    received += Buffer.from(value).toString('latin1')
  }
  assert.match(received, /"progress":3,/)
  assert.match(received, /"text":"done"/)
})

test('waitUntil is told of a call that goes on when its client has left, and of nothing else', async (t) => {
  const server = createPortableServer()
  let finish = () => {}
  let started = () => {}
  const begun = new Promise<void>((resolve) => (started = resolve))
  server.registerTool('hold', {}, async () => {
    started()
    await new Promise<void>((resolve) => (finish = resolve))
    return 'held'
  })
  const handler = handlerOf(t, {}, server)
  const works: Promise<unknown>[] = []
  const platform = {
    waitUntil(work: Promise<unknown>) {
      assert.equal(this, platform)
      works.push(work)
    },
  }
  // As Workers pass it: the bindings, and then the context.
  await (await handler(callRequest('echo'), { binding: 'x' }, platform)).text()
  assert.equal(works.length, 0)
  const opened = await handler(initializeRequest())
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') as string }
  const headers = { ...HEADERS, ...session, 'mcp-protocol-version': '2025-11-25' }
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hold' } }
  const abort = new AbortController()
  const init = { method: 'POST', body: JSON.stringify(message), headers, signal: abort.signal }
  const response = handler(new Request('http://localhost:3000/mcp', init), {}, platform)
  await begun
  abort.abort()
  assert.equal((await response).status, 499)
  assert.equal(works.length, 1)
  let isOver = false
  const over = works[0]?.then(() => (isOver = true))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isOver, false)
  finish()
  await within(over as Promise<unknown>, () => 'the work to be over')
})
