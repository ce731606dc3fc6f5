/**
 * `streaming`: a tool that reports progress 100 or 10 000 times, and clients that read it, or do not; and the same in
 * one turn of the event loop (bursts.ts).
 *
 * Measured: messages/s over several connections, with CPU time per message; and with slow readers the most memory
 * that the server held for one of them, seen by forced collection again and again while it writes.
 *
 * Defeated: messages that are lost or merged (every client counts its own, and the number must be exact); a tool that
 * never lets the event loop turn, whose output would only be buffered (every contender's tool yields alike).
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { openSessions } from '../lib/open-sessions.ts'
import { burstSteps } from './bursts.ts'
import { openSession } from './latency.ts'

const CONNECTIONS = 8
const SLOW_READERS = 4
/** The limit that the slow readers run into. */
export const SLOW_BUFFER_BYTES = 1024 * 1024
/** A server that holds no more after this time will not hold more later. */
const SETTLED_MS = 1500
const LONGEST_MS = 8000

interface Case {
  readonly name: string
  readonly count: number
  readonly calls: number
}

export const streaming: Part = {
  name: 'streaming',
  about: 'progress messages, and slow readers',
  plan(bench) {
    const cases: Case[] = bench.quick
      ? [{ name: 'progress', count: 100, calls: 5 }]
      : [
          { name: 'progress', count: 100, calls: 250 },
          { name: 'progress', count: 10_000, calls: 5 },
        ]
    const contenders = bench.able('streaming').filter(({ wire }) => wire !== 'sessionless')
    const steps: Step[] = []
    for (const each of cases) {
      steps.push(
        ...bench.inTurn(
          `streaming ${each.count}`,
          (contender) => (isPeer(contender) && !bench.quick ? 2 : 1),
          (contender) => (bench.quick ? 1 : isPeer(contender) ? 2 : 5),
          contenders,
          (contender, round) => stream(bench, contender, each, round),
        ),
      )
    }
    steps.push(
      ...burstSteps(bench, contenders),
      ...bench.inTurn(
        'streaming to slow readers',
        bench.quick ? 2 : 3.2,
        bench.quick ? 1 : 3,
        contenders.filter((contender) => !isPeer(contender)),
        (contender, round) => slow(bench, contender, round),
      ),
    )
    return steps
  },
}

/** Enough for a client that is behind for a moment; a dropped connection would end the measurement. */
const setup = { maxStreamBufferBytes: 256 * 1024 * 1024 }

async function stream(bench: Bench, contender: Contender, each: Case, round: number): Promise<void> {
  const server = await bench.server(contender, setup)
  const load = await bench.load
  const { port } = server
  const { wire } = contender
  const { count } = each
  const calls = isPeer(contender) ? Math.max(1, Math.round(each.calls / 10)) : each.calls
  const group = wire === 'session' ? { group: `streaming ${contender.name}` } : {}
  if (round === 0) {
    await openSession(contender, port)
    if (wire === 'session') {
      await openSessions(load, contender, { group: `streaming ${contender.name}`, port, count: CONNECTIONS })
    }
  }
  // A server that is new compiles as it goes, and one that waited has lost some of what its engine had learnt.
  const warm = isPeer(contender) ? 30 : round === 0 ? 600 : 150
  await load.call('streamCalls', {
    port,
    wire,
    ...group,
    connections: CONNECTIONS,
    count: 100,
    calls: bench.quick ? 10 : warm,
  })
  const before = await server.cpu()
  const { messages, milliseconds } = await load.call<{ messages: number; milliseconds: number }>(
    'streamCalls',
    { port, wire, ...group, connections: CONNECTIONS, count, calls },
  )
  const after = await server.cpu()
  const key = { part: 'streaming', case: each.name, n: count, contender: contender.name }
  const perSecond = (messages / milliseconds) * 1000
  bench.collector.add({ ...key, metric: 'throughput' }, 'messages/s', perSecond, round)
  bench.collector.add({ ...key, metric: 'cpu' }, 'µs/message', (after.cpu - before.cpu) / messages, round)
  const busy = (after.cpu - before.cpu) / (after.at - before.at)
  bench.collector.add({ ...key, metric: 'server-busy' }, 'of a core', busy, round)
}

async function slow(bench: Bench, contender: Contender, round: number): Promise<void> {
  const server = await bench.server(contender, { maxStreamBufferBytes: SLOW_BUFFER_BYTES })
  try {
    const load = await bench.load
    const { port } = server
    const { wire } = contender
    const group = wire === 'session' ? { group: 'slow' } : {}
    if (wire === 'session') await openSessions(load, contender, { group: 'slow', port, count: SLOW_READERS })
    await load.call('streamCalls', { port, wire, ...group, connections: 2, count: 300, calls: 2 })
    const before = await server.memory()
    // Above 20 MB for each reader: the kernel's socket buffers take up to 10 MB before the server has to hold anything.
    const count = bench.quick ? 40_000 : 150_000
    await load.call('openSlowReaders', {
      name: 'slow',
      port,
      wire,
      ...group,
      connections: SLOW_READERS,
      count,
    })
    let most = 0
    let grewAt = performance.now()
    const until = grewAt + LONGEST_MS
    // Over when it has not held more for a while: all is written, or the server waits for its readers or drops them.
    while (performance.now() < until && performance.now() - grewAt < SETTLED_MS) {
      // Collections take their time from the server's work.
      await sleep(200)
      const { heap, external } = await server.memory()
      const held = heap + external - before.heap - before.external
      if (held > most * 1.02) grewAt = performance.now()
      most = Math.max(most, held)
    }
    const key = { part: 'streaming', case: 'slow-readers', n: SLOW_READERS, contender: contender.name }
    bench.collector.add({ ...key, metric: 'held' }, 'bytes/reader', most / SLOW_READERS, round)
    // Seen on the floor, which has no limit: if it held little, nobody was put to the test.
    if (!bench.quick && contender.family === 'floor' && most / SLOW_READERS < 2 * SLOW_BUFFER_BYTES) {
      bench.collector.note(
        'slow-readers: the kernel took most of what was sent, so the limit was hardly tested',
      )
    }
    await load.call('closeStreams', { name: 'slow' })
  } finally {
    await bench.stopServers(contender)
  }
}
