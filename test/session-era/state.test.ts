/** How many finished streams are kept for clients that come back. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { InFlightCounter } from '../../src/dispatch/in-flight-counter.ts'
import { McpServer } from '../../src/index.ts'
import { checkOptions } from '../../src/options.ts'
import { CallStream } from '../../src/session-era/http/call-stream.ts'
import { LATEST } from '../../src/session-era/revisions.ts'
import type { Session } from '../../src/session-era/session.ts'
import { SessionEraState } from '../../src/session-era/state.ts'

function setup(t: TestContext) {
  const server = new McpServer({ name: 'state', version: '1' })
  const settings = checkOptions({})
  const state = new SessionEraState(server, settings.sessionEra, {
    inFlight: new InFlightCounter(settings.inFlight),
    rateLimit: undefined,
  })
  t.after(() => state.shutDown())
  const peer = { info: { name: 'client', version: '1' }, capabilities: {} }
  const open = () => state.table.open({ revision: LATEST, peer, peerKey: 'key' })
  const finish = (session: Session): CallStream => {
    const owner = { streamAttached: () => {}, streamDetached: () => {} }
    const stream = new CallStream(state, owner, true, session)
    state.addStream(session, stream)
    stream.finish('{}')
    state.streamFinished(session, stream)
    return stream
  }
  return { state, open, finish }
}

test('SessionEraState keeps the last 64 finished streams of a session', (t) => {
  const { open, finish } = setup(t)
  const session = open()
  const streams = Array.from({ length: 100 }, () => finish(session))
  assert.deepEqual([...(session.streams?.byName.values() ?? [])], streams.slice(-64))
})

test('SessionEraState keeps a bounded number of finished streams in all, and forgets the oldest of them', (t) => {
  const { state, open, finish } = setup(t)
  const sessions = Array.from({ length: 300 }, open)
  for (const session of sessions) for (let count = 0; count < 60; count++) finish(session)
  const kept = sessions.map((session) => session.streams?.byName.size ?? 0)
  assert.equal(
    kept.reduce((sum, each) => sum + each, 0),
    16_384,
  )
  assert.deepEqual([kept[0], kept[299]], [0, 60])
  const before = state.budget.used
  for (const session of sessions) state.table.close(session, 'deleted')
  assert.ok(before > 0)
  assert.equal(state.budget.used, 0)
})

/** The best time that something took. */
function best(run: () => void): number {
  const times = Array.from({ length: 7 }, () => {
    const began = performance.now()
    run()
    return performance.now() - began
  })
  return Math.min(...times)
}

test('SessionEraState takes no longer for a stream that ends when the session has a hundred times as many open', (t) => {
  const { state, open, finish } = setup(t)
  const cost = (count: number): number => {
    const session = open()
    const owner = { streamAttached: () => {}, streamDetached: () => {} }
    for (let n = 0; n < count; n++) state.addStream(session, new CallStream(state, owner, true, session))
    for (let n = 0; n < 100; n++) finish(session)
    return best(() => {
      for (let n = 0; n < 200; n++) finish(session)
    })
  }
  cost(50)
  const [few, many] = [cost(50), cost(5000)]
  assert.ok(many < 5 * few, `${few} ms for 200 streams beside 50 others, ${many} ms beside 5000`)
})
