/**
 * `soak`: ten minutes of mixed load in both eras, with clients that vanish in the middle of a stream and sessions that
 * nobody ends. By name only.
 *
 * Measured: heap after collection when all sessions are over, against the heap after the first round of the same load.
 * What grows from round to round is a leak; what the first round leaves is warm-up.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { openSessions } from '../lib/open-sessions.ts'
import type { ServerProcess } from '../lib/process.ts'
import { callTool } from '../lib/wire.ts'

/** Sessions that their clients forgot are over after this time. */
const IDLE_MS = 3000

export const soak: Part = {
  name: 'soak',
  about: 'ten minutes of mixed load with clients that vanish: what is left of it',
  byNameOnly: true,
  plan(bench) {
    const rounds = bench.quick ? 2 : 40
    const steps: Step[] = []
    for (const contender of bench.contenders) {
      if (contender.family !== 'barewire' || contender.wire === 'sessionless') continue
      const state = { first: 0 }
      for (let round = 0; round < rounds; round++) {
        steps.push({
          label: `soak, round ${round + 1} of ${rounds}, ${contender.name}`,
          seconds: 7.5,
          run: () => bench.attempt(contender, 'soak', () => oneRound(bench, contender, round, state)),
        })
      }
    }
    return steps
  },
}

async function oneRound(
  bench: Bench,
  contender: Contender,
  round: number,
  state: { first: number },
): Promise<void> {
  const server = await bench.server(contender, { idleTimeoutMs: IDLE_MS })
  const load = await bench.load
  const { port } = server
  const { wire } = contender
  const group = wire === 'session' ? { group: 'soak' } : {}
  if (wire === 'session') {
    await openSessions(load, contender, { group: 'soak', port, count: 200 })
  }
  await load.call('loadRequests', {
    port,
    connections: 32,
    seconds: bench.quick ? 2 : 5,
    request: callTool(wire, 'echo', { text: 'soak' }),
    ...group,
    status: 200,
    needle: 'soak',
  })
  await load.call('streamCalls', { port, wire, ...group, connections: 16, count: 200, calls: 3 })
  // Clients that ask for much, read nothing and go.
  await load.call('openSlowReaders', { name: 'gone', port, wire, ...group, connections: 32, count: 2000 })
  await load.call('openStreams', { name: 'idle', port, count: 100, ...group })
  await load.call('closeStreams', { name: 'gone' })
  await load.call('closeStreams', { name: 'idle' })
  await settled(server)
  const { heap, external } = await server.memory()
  if (round === 0) state.first = heap + external
  const key = { part: 'soak', case: 'mixed', n: 1, contender: contender.name }
  bench.collector.add(
    { ...key, metric: 'heap-to-start' },
    'of the first',
    (heap + external) / state.first,
    round,
  )
}

/** Waits until the sessions are over, and a moment more for the calls of clients that are gone. */
async function settled(server: ServerProcess): Promise<void> {
  const deadline = performance.now() + 60_000
  while (((await server.sessions()) ?? 0) > 0) {
    if (performance.now() > deadline) throw new Error('sessions of clients that are gone are still there')
    await sleep(200)
  }
  await sleep(500)
}
