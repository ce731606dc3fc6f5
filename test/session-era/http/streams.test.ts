/** How many finished streams are kept for clients that come back. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { InFlightCounter } from '../../../src/dispatch/in-flight-counter.ts'
import { TaskTable } from '../../../src/features/tasks/task-table.ts'
import { McpServer } from '../../../src/index.ts'
import { checkOptions } from '../../../src/options.ts'
import { SessionEra } from '../../../src/session-era/era.ts'
import { CallStream } from '../../../src/session-era/http/call-stream.ts'
import { Streams } from '../../../src/session-era/http/streams.ts'
import { LATEST } from '../../../src/session-era/revisions.ts'
import type { Session } from '../../../src/session-era/session.ts'
import { leastCpuMs } from '../../helpers/cpu-time.ts'

function setup(t: TestContext) {
  const server = new McpServer({ name: 'streams', version: '1' })
  const settings = checkOptions({})
  const limits = { inFlight: new InFlightCounter(settings.inFlight), rateLimit: undefined }
  const streams = new Streams(settings.sessionEra)
  const era = new SessionEra(
    server,
    settings.sessionEra,
    limits,
    new TaskTable(server, settings.tasks),
    streams,
  )
  t.after(() => era.shutDown())
  const peer = { info: { name: 'client', version: '1' }, capabilities: {} }
  const open = () => era.table.open({ revision: LATEST, peer, peerKey: 'key' })
  const of = (session: Session) => streams.of(session, era.replayBudget)
  const begin = (session: Session): CallStream => {
    const owner = { streamConnected: () => {}, streamDisconnected: () => {} }
    return new CallStream(streams, owner, true, session, of(session), era.clock)
  }
  const finish = (session: Session): CallStream => {
    const stream = begin(session)
    stream.finish('{}')
    stream.retainFinished()
    return stream
  }
  return { era, open, of, begin, finish }
}

test('Streams keeps the last 64 finished streams of a session', (t) => {
  const { open, of, finish } = setup(t)
  const session = open()
  const streams = Array.from({ length: 100 }, () => finish(session))
  assert.deepEqual([...of(session).byName.values()], streams.slice(-64))
})

test('Streams keeps a bounded number of finished streams in all, and forgets the oldest of them', (t) => {
  const { era, open, of, finish } = setup(t)
  const sessions = Array.from({ length: 300 }, open)
  for (const session of sessions) for (let count = 0; count < 60; count++) finish(session)
  const kept = sessions.map((session) => of(session).byName.size)
  assert.equal(
    kept.reduce((sum, each) => sum + each, 0),
    16_384,
  )
  assert.deepEqual([kept[0], kept[299]], [0, 60])
  const before = era.replayBudget.used
  for (const session of sessions) era.table.close(session, 'deleted')
  assert.ok(before > 0)
  assert.equal(era.replayBudget.used, 0)
})

test('Streams takes no longer for a stream that ends when the session has a hundred times as many open', (t) => {
  const { open, begin, finish } = setup(t)
  const cost = (count: number): number => {
    const session = open()
    for (let n = 0; n < count; n++) begin(session)
    for (let n = 0; n < 100; n++) finish(session)
    return leastCpuMs(() => {
      for (let n = 0; n < 200; n++) finish(session)
    })
  }
  cost(50)
  const [few, many] = [cost(50), cost(5000)]
  assert.ok(many < 5 * few, `${few} ms for 200 streams beside 50 others, ${many} ms beside 5000`)
})
