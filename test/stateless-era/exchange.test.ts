/** One request and its response: JSON first, streams without ids, silence, disconnection, progress and logging. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createMcpHandler, type RequestContext } from '../../src/index.ts'
import { RawSocket, type WireJson } from '../helpers/wire.ts'
import { endOfTurn } from '../helpers/within.ts'
import { eventually, serving, textOf } from './serving.ts'

const progressToken = 'progressToken'

test('an answer that comes first is one JSON response, in one piece [stateless.answer-type]', async (t) => {
  const { client } = await serving(t)
  const reply = await client().call('echo', { text: 'hi' })
  assert.deepEqual([reply.status, reply.kind, textOf(reply)], [200, 'json', 'hi'])
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.equal(reply.headers['content-length'], String(Buffer.byteLength(reply.text)))
})

test('a handler that speaks first opens a stream: its messages, its response, the end, and no ids [stateless.answer-type] [stateless.related] [stateless.response-ends] [stateless.not-buffered] [stateless.progress-token]', async (t) => {
  const { client, held, opened } = await serving(t)
  const opening = opened(
    client().stream('tools/call', { name: 'hold' }, { id: 'x', meta: { [progressToken]: 7 } }),
  )
  const call = await held.next()
  call.ctx.progress(0.5, 2, 'half')
  const stream = await opening
  assert.equal(stream.headers['content-type'], 'text/event-stream')
  assert.equal(stream.headers['x-accel-buffering'], 'no')
  assert.equal(stream.headers['cache-control'], 'no-cache, no-transform')
  assert.deepEqual((await stream.nextMessage()).params, {
    progressToken: 7,
    progress: 0.5,
    total: 2,
    message: 'half',
  })
  call.finish('done')
  assert.deepEqual(await stream.end(), { complete: true, error: undefined })
  const [, response] = stream.messages
  assert.deepEqual([response.id, response.result.content[0].text], ['x', 'done'])
  assert.equal(stream.messages.length, 2)
  assert.deepEqual(
    stream.events.filter(({ id, retry }) => id !== undefined || retry !== undefined),
    [],
  )
})

test('progress without a token, that does not increase, or after the result is not sent [stateless.progress-increases] [stateless.progress-tracked] [stateless.progress-stops]', async (t) => {
  const { client, server } = await serving(t)
  let last: RequestContext | undefined
  server.registerTool('work', {}, (_args, ctx) => {
    last = ctx
    for (const step of [1, 3, 2, 3, Number.NaN, 4]) ctx.progress(step)
    return 'done'
  })
  const silent = await client().call('work')
  assert.equal(silent.kind, 'json')
  const { messages } = await client().call('work', {}, { meta: { [progressToken]: 'p' } })
  assert.deepEqual(
    messages.slice(0, -1).map(({ params }) => params.progress),
    [1, 3, 4],
  )
  last?.progress(5)
  assert.equal(messages.at(-1).result.resultType, 'complete')
})

test('a call that stays silent for sseAfterMs becomes a stream, and not before [stateless.answer-type]', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { client, held, opened } = await serving(t, { handler: { sseAfterMs: 700 } })
  const opening = opened(client().stream('tools/call', { name: 'hold' }))
  const call = await held.next()
  await endOfTurn()
  t.mock.timers.tick(699)
  assert.equal(call.ctx.aborted, false)
  let isOpen = false
  opening.then(() => {
    isOpen = true
  })
  await endOfTurn()
  assert.equal(isOpen, false)
  t.mock.timers.tick(1)
  const stream = await opening
  assert.equal((await stream.until(() => true)).comment, '')
  call.finish('late')
  await stream.end()
  assert.equal(stream.messages.at(-1).result.content[0].text, 'late')
})

test('a client that reads JSON only gets JSON, however long it takes and whatever is said on the way', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { client, held, stats } = await serving(t, { handler: { sseAfterMs: 1 } })
  const options = { headers: { accept: 'application/json' }, meta: { [progressToken]: 1 } }
  const reply = client().call('hold', {}, options)
  const call = await held.next()
  call.ctx.progress(1)
  t.mock.timers.tick(10)
  call.finish('done')
  assert.deepEqual([(await reply).kind, textOf(await reply)], ['json', 'done'])
  assert.equal(stats().undeliverable, 1)
})

test('a client that reads streams only gets one, for a quick answer too', async (t) => {
  const { client } = await serving(t)
  const reply = await client().call('echo', { text: 'x' }, { headers: { accept: 'text/event-stream' } })
  assert.deepEqual([reply.kind, textOf(reply), reply.complete], ['sse', 'x', true])
})

test('a stream that is silent gets comments after keepAliveMs', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const { client, held, opened } = await serving(t, { handler: { keepAliveMs: 320, sseAfterMs: 10 } })
  const opening = opened(client().stream('tools/call', { name: 'hold' }))
  const call = await held.next()
  await endOfTurn()
  t.mock.timers.tick(10)
  const stream = await opening
  await stream.until(({ comment }) => comment !== undefined)
  for (let i = 0; i < 45; i++) t.mock.timers.tick(10)
  await stream.until(({ comment }) => comment !== undefined)
  call.finish('done')
  await stream.end()
})

for (const how of ['close', 'destroy'] as const) {
  test(`a client that is gone (${how}) has cancelled its request: the signal aborts, nothing more is written [stateless.disconnect] [stateless.disconnect-stops] [stateless.disconnect-silent] [stateless.cancel-logged]`, async (t) => {
    const { client, held, opened, stats } = await serving(t)
    const opening = opened(client().stream('tools/call', { name: 'hold' }, { meta: { [progressToken]: 1 } }))
    const call = await held.next()
    call.ctx.progress(1)
    const stream = await opening
    await stream.nextMessage()
    await stream[how]()
    const reason = (await call.aborted()) as Error & { code?: string }
    assert.deepEqual([reason.name, reason.code], ['McpError', 'ERR_CLIENT_GONE'])
    // In the same turn the call is out of the books, and what it says goes nowhere.
    assert.deepEqual([stats().callsInProgress, stats().streams], [0, 0])
    call.ctx.progress(2)
    call.ctx.log.error('nobody')
    call.finish('too late')
    assert.equal(stream.messages.length, 1)
  })
}

test('a client that is gone before there was any answer has cancelled its request too [stateless.disconnect]', async (t) => {
  const { client, held, port, stats, errors } = await serving(t)
  const message = client().message('tools/call', { name: 'hold' })
  const body = JSON.stringify(message)
  const lines = Object.entries({
    ...client().headers(message),
    host: '127.0.0.1',
    accept: '*/*',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}`)
  const socket = await RawSocket.open(port)
  await socket.write(`POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  const call = await held.next()
  socket.destroy()
  await call.aborted()
  call.fail(new Error('because it was aborted'))
  await eventually(() => stats().callsInProgress === 0, 'no call in progress')
  assert.deepEqual(errors, [])
})

test('a client that is gone before a framework hands its request over has cancelled it', async (t) => {
  const { client, held, server } = await serving(t)
  const handler = createMcpHandler(server)
  const front = createServer(async (incoming, response) => {
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part)
    outgoing.destroy()
    await once(response, 'close')
    handler(incoming, response, JSON.parse(Buffer.concat(parts).toString()))
  })
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  t.after(() => front.close())
  t.after(() => handler.close({ drainMs: 0 }))
  const message = client().message('tools/call', { name: 'hold' })
  const outgoing = request({
    port: (front.address() as AddressInfo).port,
    method: 'POST',
    headers: { ...client().headers(message), 'content-type': 'application/json' } as OutgoingHttpHeaders,
  })
  outgoing.on('error', () => {})
  outgoing.end(JSON.stringify(message))
  const call = await held.next()
  await call.aborted()
  assert.equal(handler.stats().callsInProgress, 0)
  call.finish('too late')
})

test('an answer that crosses the disconnection does no harm [stateless.cancel-races]', async (t) => {
  const { client, held, opened, stats, errors } = await serving(t)
  for (let i = 0; i < 20; i++) {
    const opening = opened(client().stream('tools/call', { name: 'hold' }, { meta: { [progressToken]: 1 } }))
    const call = await held.next()
    call.ctx.progress(1)
    const stream = await opening
    const gone = i % 2 === 0 ? stream.close() : stream.destroy()
    call.finish('crossing')
    await gone
  }
  await eventually(() => stats().callsInProgress === 0 && stats().streams === 0, 'everything to be over')
  assert.equal((await client().call('echo')).status, 200)
  assert.deepEqual(errors, [])
})

test('log messages are sent to a request that names a level, from that level on, on its own stream only [stateless.logging-asked] [stateless.logging-stream] [stateless.logging-capability]', async (t) => {
  const { client, server, opened } = await serving(t, { server: { logging: 'debug' } })
  const log = (ctx: RequestContext, from: string) => {
    ctx.log.debug(`${from} debug`)
    ctx.log.warning({ from }, 'logger')
    ctx.log.emergency(from)
  }
  server.registerTool('log', {}, (_args, ctx) => {
    log(ctx, 'log')
    return 'done'
  })
  const { result } = await client().request('server/discover')
  assert.deepEqual(result.capabilities.logging, {})
  const listening = await opened(client().listen({ toolsListChanged: true }))
  assert.equal((await client().call('log')).kind, 'json')
  const { messages } = await client({ logLevel: 'warning' }).call('log')
  assert.deepEqual(
    messages.slice(0, -1).map(({ params }) => params),
    [
      { level: 'warning', logger: 'logger', data: { from: 'log' } },
      { level: 'emergency', data: 'log' },
    ],
  )
  assert.equal((await client({ logLevel: 'emergency' }).call('log')).messages.length, 2)
  server.registerTool('another', {}, () => '')
  await listening.nextMessage(({ method }) => method === 'notifications/tools/list_changed')
  assert.deepEqual(
    listening.messages.filter(({ method }: WireJson) => method === 'notifications/message'),
    [],
  )
})

test('a server without logging declares none and sends none, whatever a request asks for [stateless.logging-capability]', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('log', {}, (_args, ctx) => {
    ctx.log.emergency('!')
    return ''
  })
  assert.equal((await client({ logLevel: 'debug' }).call('log')).kind, 'json')
  assert.equal((await client().request('server/discover')).result.capabilities.logging, undefined)
})

test('a log message that is not JSON does not leave the server, and fails nothing [stateless.logging-fields]', async (t) => {
  const { client, server, errors } = await serving(t, { server: { logging: true } })
  server.registerTool('log', {}, (_args, ctx) => {
    ctx.log.error({ n: 1n })
    ctx.log.error('good')
    return 'done'
  })
  const { messages } = await client({ logLevel: 'debug' }).call('log')
  assert.deepEqual(messages[0].params.data, 'good')
  assert.equal(messages.length, 2)
  assert.equal(errors.length, 1)
})

test('calls in progress finish during the drain, and are given up with 503 after it', async (t) => {
  const { client, held, close, stats } = await serving(t)
  const replies = [client().call('hold'), client().call('hold')]
  const [first, second] = [await held.next(), await held.next()]
  const closing = close({ drainMs: 50 })
  first.finish('in time')
  assert.equal(textOf((await Promise.all(replies))[0] ?? {}), 'in time')
  const given = await replies[1]
  assert.deepEqual([given?.status, given?.error.code], [503, -32000])
  assert.equal(second.ctx.signal.aborted, true)
  await closing
  assert.equal(stats().callsInProgress, 0)
})

test('nothing that one request says of its client counts for the next one on its connection [stateless.no-prior-requests] [stateless.undeclared]', async (t) => {
  const { client, server, port } = await serving(t)
  server.registerTool('who', {}, (_args, ctx) => JSON.stringify([ctx.client.name, ctx.client.capabilities]))
  const socket = await RawSocket.open(port)
  const ask = async (name: string, capabilities: object) => {
    const one = client({ clientInfo: { name, version: '1' }, capabilities })
    const message = one.message('tools/call', { name: 'who' })
    const body = JSON.stringify(message)
    const headers = {
      ...one.headers(message),
      host: '127.0.0.1',
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }
    const lines = Object.entries(headers).map((pair) => pair.join(': '))
    await socket.write(`POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
    return JSON.parse(JSON.parse((await socket.response()).body).result.content[0].text)
  }
  assert.deepEqual(await ask('a', { roots: {} }), ['a', { roots: {} }])
  assert.deepEqual(await ask('b', {}), ['b', {}])
  socket.destroy()
})
