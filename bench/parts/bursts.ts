/**
 * The bursts of `streaming`: a tool that reports progress 100 to 100 000 times in one turn of the event loop, and a
 * client that reads it.
 *
 * Measured: time and CPU time of the server for each message, which must not depend on their number. Of 100 messages,
 * the call itself is a good part.
 *
 * Defeated: messages that are lost or merged (counted, the number must be exact); a limit for what waits that is so
 * far away that nobody looks at it (the largest burst is just below, and three times its characters, the most bytes
 * that they could take, are above).
 */

import type { Contender } from '../contenders/index.ts'
import type { Bench, Step } from '../lib/bench.ts'
import { openSessions } from '../lib/open-sessions.ts'
import { openSession } from './latency.ts'

/** Messages of one turn, the fewest first. */
export const BURSTS = [100, 1000, 10_000, 100_000] as const
/** Messages of one measurement, over all its calls. */
const MESSAGES = 100_000
const LIMIT_BYTES = 24 * 1024 * 1024

/** @param contenders - of the part: ours take part. The comparison is of each with itself; in an older commit a burst may take minutes. */
export function burstSteps(bench: Bench, contenders: readonly Contender[]): Step[] {
  const counts = bench.quick ? BURSTS.slice(0, 3) : BURSTS
  return counts.flatMap((count) =>
    bench.inTurn(
      `streaming ${count} in one turn`,
      0.2,
      bench.quick ? 1 : 3,
      contenders.filter(({ family }) => family === 'barewire'),
      (contender, round) => burst(bench, contender, count, round),
    ),
  )
}

async function burst(bench: Bench, contender: Contender, count: number, round: number): Promise<void> {
  const server = await bench.server(contender, { maxStreamBufferBytes: LIMIT_BYTES })
  const load = await bench.load
  const { port } = server
  const { wire } = contender
  const group = `burst ${contender.name}`
  const call = { port, wire, ...(wire === 'session' && { group }), connections: 1, count, batch: count }
  if (round === 0 && count === BURSTS[0]) {
    await openSession(contender, port)
    if (wire === 'session') await openSessions(load, contender, { group, port, count: 1 })
    // A server that is new compiles as it goes.
    await load.call('streamCalls', { ...call, calls: bench.quick ? 10 : 500 })
  }
  const before = await server.cpu()
  const { messages, milliseconds } = await load.call<{ messages: number; milliseconds: number }>(
    'streamCalls',
    { ...call, calls: Math.max(1, (bench.quick ? MESSAGES / 10 : MESSAGES) / count) },
  )
  const after = await server.cpu()
  const key = { part: 'streaming', case: 'burst', n: count, contender: contender.name }
  bench.collector.add({ ...key, metric: 'time' }, 'µs/message', (milliseconds * 1000) / messages, round)
  bench.collector.add({ ...key, metric: 'cpu' }, 'µs/message', (after.cpu - before.cpu) / messages, round)
}
