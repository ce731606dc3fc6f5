/** Admission by what a session has in progress already: the number of calls, and their ids. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serving, streaming, textOf } from '../serving.ts'

test('above maxInFlightPerSession a call gets 429 and Retry-After, and the others go on', async (t) => {
  const { open, held } = await serving(t, { maxInFlightPerSession: 2 })
  const [session, other] = [await open(), await open()]
  const replies = [session.call('hold'), session.call('hold')]
  const calls = [await held.next(), await held.next()]
  const refused = await session.call('echo', { text: 'a' }, { id: 'third' })
  assert.deepEqual([refused.status, refused.error.code, refused.messages[0].id], [429, -32000, 'third'])
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  // What is not a call is not counted, and other sessions are not concerned.
  assert.equal((await session.notify('notifications/roots/list_changed')).status, 202)
  assert.equal(textOf(await other.call('echo', { text: 'other' })), 'other')
  calls[0]?.finish('one')
  assert.equal(textOf((await replies[0]) ?? {}), 'one')
  assert.equal(textOf(await session.call('echo', { text: 'room again' })), 'room again')
  calls[1]?.finish('two')
  assert.equal(textOf((await replies[1]) ?? {}), 'two')
})

test('a batch that would exceed maxInFlightPerSession is refused as a whole, also as the first of its session', async (t) => {
  const { open, held } = await serving(t, { maxInFlightPerSession: 2 })
  const session = await open({ protocolVersion: '2025-03-26' })
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'hold' } })
  const refused = await session.send([call(1), call(2), call(3)])
  assert.deepEqual([refused.status, refused.json.error.code], [429, -32000])
  const sending = session.send([call(1), call(2)])
  for (const { finish } of [await held.next(), await held.next()]) finish('')
  assert.equal((await sending).json.length, 2)
})

test('a batch that would exceed maxInFlightPerPrincipal or maxInFlight is refused as a whole, also as the first', async (t) => {
  const rows = [
    [{ maxInFlightPerPrincipal: 2, auth: { verify: (token: string) => ({ id: token }) } }, 429],
    [{ maxInFlight: 2 }, 503],
  ] as const
  for (const [options, status] of rows) {
    const { open, held } = await serving(t, options)
    const headers = { authorization: 'Bearer ann' }
    const session = await open({ protocolVersion: '2025-03-26', headers })
    const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'hold' } })
    const refused = await session.send([call(1), call(2), call(3)])
    assert.deepEqual([refused.status, refused.json.error.code], [status, -32000])
    assert.match(refused.json.error.message, /maxInFlight(PerPrincipal)? is 2/)
    const sending = session.send([call(1), call(2)])
    for (const { finish } of [await held.next(), await held.next()]) finish('')
    assert.equal((await sending).json.length, 2)
  }
})

test('calls whose client is away, and cancelled ones, are counted until they end', async (t) => {
  const { open, held } = await serving(t, { maxInFlightPerSession: 1 })
  const session = await open()
  const { call, stream } = await streaming(session, held, { id: 'a' })
  await stream.destroy()
  assert.equal((await session.request('ping')).status, 429)
  await session.notify('notifications/cancelled', { requestId: 'a' })
  await call.aborted()
  assert.equal((await session.request('ping')).status, 200)
})

test('duplicateIds reject refuses the second request with an id in use, and not the first', async (t) => {
  const { open, held } = await serving(t, { duplicateIds: 'reject' })
  const [session, other] = [await open(), await open()]
  for (const id of [0, '', 1, '1']) {
    const reply = session.call('hold', {}, { id })
    const call = await held.next()
    const refused = await session.request('ping', undefined, { id })
    assert.deepEqual([refused.status, refused.error.code, refused.messages[0].id], [400, -32600, id])
    const different = typeof id === 'string' ? Number(id) : String(id)
    if (different !== id)
      assert.equal((await session.request('ping', undefined, { id: different })).status, 200)
    assert.equal((await other.request('ping', undefined, { id })).status, 200)
    call.finish('first')
    assert.deepEqual([(await reply).id, textOf(await reply)], [id, 'first'])
    assert.equal((await session.request('ping', undefined, { id })).status, 200)
  }
})

test('duplicateIds reject refuses a batch that uses an id twice', async (t) => {
  const { open } = await serving(t, { duplicateIds: 'reject' })
  const session = await open({ protocolVersion: '2025-03-26' })
  const ping = (id: number | string) => ({ jsonrpc: '2.0', id, method: 'ping' })
  const refused = await session.send([ping(1), ping(2), ping(1)])
  assert.deepEqual([refused.status, refused.json.error.code], [400, -32600])
  assert.equal((await session.send([ping(1), ping('1')])).json.length, 2)
})
