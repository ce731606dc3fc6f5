/** The end of a session or of the server while calls are in progress. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createMcpHandler, McpServer } from '../../src/index.ts'
import { get, post, RawSocket, TestSession } from '../helpers/wire.ts'
import { endOfTurn } from '../helpers/within.ts'
import { eventually, HeldCalls, responsesOf, serving, streaming, textOf } from './serving.ts'

test('DELETE aborts the calls of the session, answers them, and ends their streams', async (t) => {
  const { open, held, ended, stats } = await serving(t)
  const [session, other] = [await open(), await open()]
  const silent = session.call('hold', {}, { id: 'silent' })
  const silentCall = await held.next()
  const { call, stream } = await streaming(session, held, { id: 'streaming' })
  const theirs = other.call('hold')
  const theirCall = await held.next()
  assert.equal((await session.delete()).status, 200)
  assert.match((await call.aborted()).message, /deleted/)
  await silentCall.aborted()
  const reply = await silent
  assert.deepEqual([reply.status, reply.error.code, reply.messages[0].id], [404, -32001, 'silent'])
  assert.equal((await stream.end()).complete, true)
  const [response] = responsesOf(stream)
  assert.deepEqual([response.id, response.error.code], ['streaming', -32001])
  call.finish('too late')
  silentCall.finish('too late')
  assert.equal(theirCall.ctx.signal.aborted, false)
  theirCall.finish('unharmed')
  assert.equal(textOf(await theirs), 'unharmed')
  assert.deepEqual(ended, [[session.sessionId, 'deleted']])
  assert.deepEqual([stats().sessions, stats().callsInProgress, stats().streams], [1, 0, 0])
})

test('DELETE of a session with a batch in progress answers the batch once', async (t) => {
  const { open, held, errors } = await serving(t)
  const session = await open({ protocolVersion: '2025-03-26' })
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'hold' } })
  const sending = session.send([call(1), call(2)])
  const calls = [await held.next(), await held.next()]
  await session.delete()
  for (const each of calls) await each.aborted()
  const reply = await sending
  assert.deepEqual([reply.status, reply.json.error.code], [404, -32001])
  assert.deepEqual(errors, [])
})

test('closing lets calls finish, refuses what is new, and answers through to the end', async (t) => {
  const { open, held, close, url, ended } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held)
  const reply = session.call('hold')
  const silent = await held.next()
  const closed = close({ drainMs: 60_000 })
  call.ctx.progress(1)
  await stream.until(({ json }) => json?.params?.progress === 1)
  assert.equal(call.ctx.signal.aborted, false)
  await assert.rejects(post(url, { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers))
  call.finish('finished')
  silent.finish('finished too')
  await Promise.all([stream.end(), closed])
  assert.equal(textOf(responsesOf(stream)[0]), 'finished')
  assert.equal(textOf(await reply), 'finished too')
  assert.deepEqual(ended, [[session.sessionId, 'shutdown']])
})

test('calls that do not finish in time are aborted and answered when the server closes', async (t) => {
  const { open, held, close } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held)
  const reply = session.call('hold', {}, { id: 'silent' })
  const silent = await held.next()
  const closed = close({ drainMs: 0 })
  await Promise.all([call.aborted(), silent.aborted()])
  assert.equal((await stream.end()).complete, true)
  const [response] = responsesOf(stream)
  assert.match(response.error.message, /shutting down/)
  assert.deepEqual([(await reply).status, (await reply).messages[0].id], [503, 'silent'])
  await closed
})

test('a connection that ends leaves nothing behind of a finished call', async (t) => {
  const { open, held, stats, url } = await serving(t, { replay: { maxEvents: 8 } })
  const session = await open()
  // More streams than are kept of one session: the oldest are forgotten.
  const first: string[] = []
  for (let count = 0; count < 70; count++) {
    const { call, stream } = await streaming(session, held)
    call.finish(`call ${count}`)
    await stream.end()
    first.push(stream.events[0]?.id ?? '')
  }
  await eventually(() => stats().streams === 0, 'the streams to end')
  assert.equal((await get(url, { ...session.headers, 'last-event-id': first[0] })).status, 400)
  const resumed = await session.resume(first[69] ?? '')
  await resumed.end()
  assert.equal(textOf(responsesOf(resumed)[0]), 'call 69')
})

/** An http.Server of the application's own, which goes on when the handler closes. */
async function mounted(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}/mcp` }
}

test('while the handler closes, a call that it waits for gets the answers of its client', async (t) => {
  const server = new McpServer({ name: 'mounted', version: '1' })
  const held = new HeldCalls()
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  const handler = createMcpHandler(server)
  const { url } = await mounted(t, handler)
  const session = await TestSession.open(url, { capabilities: { roots: {} } })
  const { call, stream } = await streaming(session, held)
  const other = await streaming(session, held, { id: 'other' })
  const roots = call.ctx.listRoots()
  const { json } = await stream.until((event) => event.json?.method === 'roots/list')
  let ends = 0
  const closing = [handler.close({ drainMs: 60_000 }), handler.close({ drainMs: 0 })]
  for (const closed of closing) void closed.then(() => ends++)
  const refused = await post(url, { jsonrpc: '2.0', id: 'new', method: 'ping' }, session.headers)
  assert.deepEqual([refused.status, refused.json.id, refused.headers.connection], [503, 'new', 'close'])
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.equal((await get(url, session.headers)).status, 503)
  // Of no stream of this session, so that it would open a new one.
  assert.equal((await get(url, { ...session.headers, 'last-event-id': 'zzz_1' })).status, 503)
  assert.equal((await session.notify('notifications/cancelled', { requestId: 'other' })).status, 202)
  await other.call.aborted()
  assert.equal((await session.respond(json.id, { roots: [] })).status, 202)
  assert.deepEqual(await roots, [])
  assert.equal(ends, 0)
  call.finish('finished')
  await Promise.all([...closing, stream.end()])
  assert.equal(textOf(responsesOf(stream)[0]), 'finished')
})

test('a call whose client left while its token was verified is not begun, and not counted', async (t) => {
  const server = new McpServer({ name: 'mounted', version: '1' })
  let calls = 0
  server.registerTool('count', { inputSchema: { type: 'object' } }, () => {
    calls += 1
    return ''
  })
  let verify = () => {}
  const verified = new Promise<void>((resolve) => {
    verify = resolve
  })
  const handler = createMcpHandler(server, {
    sessions: false,
    auth: { verify: () => verified.then(() => ({ id: 'ada' })) },
  })
  t.after(() => handler.close({ drainMs: 0 }))
  const { port } = await mounted(t, (request, response) => {
    // As a framework does that parses bodies first.
    request.resume()
    response.on('close', verify)
    handler(request, response, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'count' } })
  })
  const socket = await RawSocket.open(port)
  await socket.write(
    'POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  )
  await eventually(() => handler.stats().callsInProgress === 1, 'the token to be verified')
  socket.reset()
  await verified
  await endOfTurn()
  assert.deepEqual([handler.stats().callsInProgress, calls], [0, 0])
})
