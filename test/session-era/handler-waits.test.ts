/** Handlers that await their messages while the client of a resumable stream is away: it comes back to all of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { within } from '../helpers/wire.ts'
import { eventually, type Fixture, type HeldCall, progressOf, serving, streaming } from './serving.ts'

const KEPT = 16
const COUNT = 500

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Awaits progress from a number on. */
function talk({ ctx }: HeldCall, from: number) {
  const state = { sent: from - 1, over: Promise.resolve() }
  state.over = (async () => {
    while (state.sent < COUNT && !ctx.signal.aborted) await ctx.progress(++state.sent)
  })()
  return state
}

async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await turn()
}

/** A call whose client has received progress 0 to `received`, and then lost its connection. */
async function away(fixture: Fixture, received: number) {
  const session = await fixture.open()
  const { call, stream } = await streaming(session, fixture.held)
  for (let step = 1; step <= received; step++) await call.ctx.progress(step)
  await stream.until(({ json }) => json?.params?.progress === received)
  await stream.destroy()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the lost connection')
  return { session, call, last: stream.lastEventId ?? '' }
}

test('a handler goes on while its client is away, until half of what is kept is new, and then waits for it', async (t) => {
  const fixture = await serving(t, { replay: { maxEvents: KEPT } })
  const { session, call, last } = await away(fixture, 40)
  const talking = talk(call, 41)
  await turns(20)
  assert.equal(talking.sent, 40 + KEPT / 2)
  const resumed = await session.resume(last)
  await within(talking.over, () => `the handler, which is at ${talking.sent}`)
  call.finish('done')
  assert.equal((await resumed.end()).complete, true)
  assert.deepEqual(progressOf(resumed), numbers(41, COUNT))
})

test('a handler goes on while its client is away for as long as nothing is dropped of what is kept', async (t) => {
  const fixture = await serving(t, { replay: { maxEvents: KEPT } })
  const { session, call, last } = await away(fixture, 0)
  const talking = talk(call, 1)
  await turns(20)
  // Progress 0, which the client has, is the one that made room.
  assert.equal(talking.sent, KEPT)
  const resumed = await session.resume(last)
  await within(talking.over, () => `the handler, which is at ${talking.sent}`)
  call.finish('done')
  await resumed.end()
  assert.deepEqual(progressOf(resumed), numbers(1, COUNT))
})

test('a handler that closes the stream for a while need not wait for its client at once', async (t) => {
  const fixture = await serving(t, { replay: { maxEvents: KEPT } })
  const session = await fixture.open()
  const { call, stream } = await streaming(session, fixture.held)
  call.ctx.closeStream(1000)
  assert.equal((await stream.end()).complete, true)
  for (let step = 1; step < KEPT; step++) await within(call.ctx.progress(step), () => `progress ${step}`)
  const resumed = await session.resume(stream.lastEventId ?? '')
  call.finish('done')
  await resumed.end()
  assert.deepEqual(progressOf(resumed), numbers(1, KEPT - 1))
})

test('a handler whose client does not come back waits until its call is aborted', async (t) => {
  const fixture = await serving(t, { replay: { maxEvents: KEPT }, disconnectGraceMs: 40 })
  const { call } = await away(fixture, 40)
  const talking = talk(call, 41)
  await within(talking.over, () => `the handler, which is at ${talking.sent}`)
  assert.match((await call.aborted()).message, /client was away/)
  assert.ok(talking.sent < COUNT)
  call.finish('nobody hears this')
  await eventually(() => fixture.stats().callsInProgress === 0, 'the call to end')
})

test('a handler waits for nobody where calls go on without their clients, or where nothing is kept', async (t) => {
  for (const options of [{ disconnectGraceMs: 0, replay: { maxEvents: KEPT } }, { replay: false }] as const) {
    const fixture = await serving(t, options)
    const { call } = await away(fixture, 40)
    const talking = talk(call, 41)
    await within(talking.over, () => `the handler, which is at ${talking.sent}`)
    assert.equal(talking.sent, COUNT)
    call.finish('done')
    await eventually(() => fixture.stats().callsInProgress === 0, 'the call to end')
  }
})

test('a handler that waits for its client goes on when its call is cancelled or its session ends', async (t) => {
  for (const end of ['cancel', 'delete'] as const) {
    const fixture = await serving(t, { replay: { maxEvents: KEPT } })
    const { session, call } = await away(fixture, 40)
    const talking = talk(call, 41)
    await turns(20)
    assert.ok(talking.sent < COUNT)
    if (end === 'cancel') await session.notify('notifications/cancelled', { requestId: call.ctx.requestId })
    else await session.delete()
    await within(talking.over, () => `the handler after ${end}`)
    assert.equal(call.ctx.signal.aborted, true)
    call.finish('nobody hears this')
  }
})
