/** Cancellation by the client: what it stops, what it must not touch, and that nothing is said afterwards. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heapUsed } from '../helpers/heap.ts'
import { type HeldCall, responsesOf, serving, streaming, textOf } from './serving.ts'

const CANCELLED = 'notifications/cancelled'
const TOKEN = { meta: { progressToken: 'token' } }

test('cancelling a call aborts its signal with the reason, ends its stream and sends no response [cancellation.stops-processing] [cancellation.no-response] [cancellation.frees-resources] [cancellation.reason-logged]', async (t) => {
  const { open, held, stats } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held, { id: 5 })
  assert.equal((await session.notify(CANCELLED, { requestId: 5, reason: 'changed my mind' })).status, 202)
  assert.match((await call.aborted()).message, /changed my mind/)
  call.ctx.progress(1)
  call.ctx.log.info('after the end')
  call.finish('after the end')
  assert.equal((await stream.end()).complete, true)
  assert.deepEqual(responsesOf(stream), [])
  assert.equal(stream.messages.length, 1)
  assert.equal(stats().callsInProgress, 0)
  assert.equal((await session.request('ping')).status, 200)
})

test('a cancelled call without a stream yet gets an event stream that ends without a message', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const reply = session.call('hold', {}, { id: 'x' })
  const call = await held.next()
  await session.notify(CANCELLED, { requestId: 'x' })
  const { kind, status, messages, complete } = await reply
  assert.deepEqual([kind, status, messages, complete], ['sse', 200, [], true])
  call.fail(new Error('ignored'))
})

test('a cancelled call of a client that reads only JSON gets an empty answer', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const reply = session.call('hold', {}, { id: 'x', headers: { accept: 'application/json' } })
  await held.next()
  await session.notify(CANCELLED, { requestId: 'x' })
  assert.deepEqual([(await reply).status, (await reply).messages], [202, []])
})

test('the ids 0, "", negative ones and strings of digits can be cancelled, and are told apart', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  for (const id of [0, '', -7, '1', 1, 'a b', Number.MAX_SAFE_INTEGER]) {
    const other = typeof id === 'number' ? String(id) : 'other'
    const [mine, theirs] = [session.call('hold', {}, { id }), session.call('hold', {}, { id: other })]
    const calls = [await held.next(), await held.next()]
    const cancelled = calls.find(({ ctx }) => ctx.requestId === id)
    const left = calls.find(({ ctx }) => ctx.requestId === other)
    await session.notify(CANCELLED, { requestId: id })
    await cancelled?.aborted()
    assert.deepEqual((await mine).messages, [])
    left?.finish('left alone')
    assert.deepEqual([(await theirs).id, textOf(await theirs)], [other, 'left alone'])
  }
})

test('progress with token 0 is sent, and its call can be cancelled', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held, { id: 0, meta: { progressToken: 0 } })
  await session.notify(CANCELLED, { requestId: 0 })
  await call.aborted()
  await stream.end()
  assert.equal(stream.messages[0].params.progressToken, 0)
})

test('when several calls in flight share an id, a cancellation of it cancels none of them', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const replies = [1, 2, 3].map(() => session.call('hold', {}, { id: 1 }))
  const calls = [await held.next(), await held.next(), await held.next()]
  await session.notify(CANCELLED, { requestId: 1 })
  for (const [index, call] of calls.entries()) {
    assert.equal(call.ctx.signal.aborted, false)
    call.finish(`answer ${index}`)
  }
  const texts = (await Promise.all(replies)).map((reply) => textOf(reply))
  assert.deepEqual(texts.sort(), ['answer 0', 'answer 1', 'answer 2'])
})

test('a cancellation of another session, of an unknown id, of a finished call or malformed is ignored [cancellation.unknown-id-ignored] [cancellation.completed-id-ignored] [cancellation.malformed-ignored] [cancellation.races]', async (t) => {
  const { open, held } = await serving(t)
  const [session, other] = [await open(), await open()]
  await session.call('echo', { text: 'done' }, { id: 4 })
  const reply = session.call('hold', {}, { id: 5 })
  const call = await held.next()
  const ignored = [
    { requestId: 6 },
    { requestId: '5' },
    { requestId: 4 },
    { requestId: null },
    { requestId: { id: 5 } },
    { requestId: [5] },
    { reason: 'no id' },
    {},
  ]
  for (const params of ignored) {
    assert.equal((await session.notify(CANCELLED, params, { check: false })).status, 202)
  }
  assert.equal((await session.notify(CANCELLED, undefined, { check: false })).status, 202)
  assert.equal((await other.notify(CANCELLED, { requestId: 5 })).status, 202)
  assert.equal(call.ctx.signal.aborted, false)
  call.finish('untouched')
  assert.equal(textOf(await reply), 'untouched')
  // Crossed the response on its way.
  assert.equal((await session.notify(CANCELLED, { requestId: 5 })).status, 202)
  assert.equal((await session.request('ping', undefined, { id: 5 })).status, 200)
})

test('a question of a cancelled call is cancelled too, on the stream of that call', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ capabilities: { roots: {} } })
  const { call, stream } = await streaming(session, held, { id: 5 })
  const roots = call.ctx.listRoots()
  roots.catch(() => {})
  const asked = await stream.until(({ json }) => json?.method === 'roots/list')
  await session.notify(CANCELLED, { requestId: 5 })
  await assert.rejects(roots, { code: 'ERR_REQUEST_ABORTED' })
  await stream.end()
  const last = stream.messages.at(-1)
  assert.deepEqual([last.method, last.params.requestId], [CANCELLED, asked.json.id])
})

test('progress reported after the result is not sent, nor is anything of an answered request [progress.stops-after-completion] [progress.in-progress-only]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ capabilities: { roots: {} } })
  const own = await session.listen()
  const { call, stream } = await streaming(session, held)
  call.finish('done')
  await stream.end()
  call.ctx.progress(1)
  call.ctx.closeStream()
  await assert.rejects(call.ctx.listRoots(), { code: 'ERR_REQUEST_ABORTED' })
  const resumed = session.resume(stream.events[0]?.id ?? '')
  await (await resumed).end()
  assert.equal((await resumed).messages.length, 2)
  await session.delete()
  await own.end()
  assert.deepEqual(own.messages, [])
})

test('each message is on the wire before the handler goes on [progress.message]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held)
  for (const step of [1, 2, 3]) {
    call.ctx.progress(step, 3, `step ${step}`)
    // The handler stands still here until the client has it.
    const event = await stream.until(({ json }) => json?.params?.progress === step)
    assert.equal(event.json.params.message, `step ${step}`)
  }
  call.finish('')
  await stream.end()
})

test('a request without a progress token, or with one of another type, gets no progress [progress.known-token-only] [progress.token-type]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  for (const meta of [{}, { progressToken: null }, { progressToken: { a: 1 } }, { progressToken: true }]) {
    const reply = session.call('hold', {}, { meta, check: false })
    const call = await held.next()
    call.ctx.progress(1)
    call.finish('quiet')
    assert.deepEqual([(await reply).kind, (await reply).messages.length], ['json', 1])
  }
  for (const progressToken of ['', 'a\u2028b', 0, -3, Number.MAX_SAFE_INTEGER]) {
    const { call, stream } = await streaming(session, held, { meta: { progressToken } })
    call.finish('')
    await stream.end()
    assert.equal(stream.messages[0].params.progressToken, progressToken)
  }
})

test('progress grows with each notification, whatever the handler reports [progress.value-increases]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held)
  for (const value of [0, -1, 2, 2, 1, Number.NaN, 2.5, Number.POSITIVE_INFINITY, 3]) call.ctx.progress(value)
  call.finish('')
  await stream.end()
  assert.deepEqual(
    stream.messages.slice(0, -1).map(({ params }) => params.progress),
    [0, 2, 2.5, 3],
  )
})

test('ping is answered at once while calls are running [ping.answered]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const reply = session.call('hold', {}, TOKEN)
  const call = await held.next()
  const ping = await session.request('ping')
  assert.deepEqual([ping.kind, ping.result], ['json', {}])
  call.finish('')
  await reply
})

test('a cancelled call that its handler does not end keeps nothing of a long reason', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const calls: HeldCall[] = []
  const cancel = async (id: number) => {
    const reply = session.call('hold', {}, { id })
    calls.push(await held.next())
    // A text that is made anew for each, as those of clients are.
    await session.notify(CANCELLED, { requestId: id, reason: `${id} ${'x'.repeat(300_000)}` })
    await reply
  }
  await cancel(0)
  const before = heapUsed()
  for (let id = 1; id <= 20; id++) await cancel(id)
  assert.ok(heapUsed() - before < 2_000_000)
  for (const call of calls) {
    assert.match((await call.aborted()).message, /x{150}/)
    call.finish('')
  }
})
