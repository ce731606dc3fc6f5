/**
 * `connections`: streams that are open and silent, which is what most of them are most of the time. GET streams of
 * sessions, and `subscriptions/listen` streams of the stateless era.
 *
 * Measured: heap and resident memory per stream (differences of one process after forced collection; the sessions
 * were there before, so they are not in it), time to open them, time from one change to the last client, and CPU time
 * of the server for one keep-alive round.
 *
 * Defeated: one-time caches (a hundred streams are opened and closed first); a broadcast that loses someone (every
 * client must get it, or the part fails); lazy accepting (a stream counts as open when its head was received).
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import type { StreamNews } from '../load/streams.ts'

/** Files that a server has open besides its clients. */
const OTHER_FILES = 200
const KEEP_ALIVE_MS = 1000
const BROADCASTS = 5

export const connections: Part = {
  name: 'connections',
  about: 'open streams: memory, broadcast, keep-alive',
  plan(bench) {
    const wanted = bench.quick ? [200] : [1000, 5000, 10_000, 15_000]
    const sizes = wanted.filter((n) => n + OTHER_FILES <= bench.maxOpenFiles)
    if (sizes.length < wanted.length) {
      const left = wanted.filter((n) => !sizes.includes(n)).join(', ')
      bench.collector.note(
        `connections: ${left} streams need more open files than ulimit -n allows (${bench.maxOpenFiles})`,
      )
    }
    const contenders = bench.able('connections').filter(({ wire }) => wire !== 'sessionless')
    const steps: Step[] = []
    for (const n of sizes) {
      for (const contender of contenders) {
        // A peer is measured at one size: how it grows is its own project's question.
        if (contender.packages.length > 0 && n !== 1000 && !bench.quick) continue
        steps.push({
          label: `connections, ${n} streams, ${contender.name}`,
          seconds: (bench.quick ? 5 : 9) + n / 1500,
          run: () => bench.attempt(contender, `connections ${n}`, () => hold(bench, contender, n)),
        })
      }
    }
    return steps
  },
}

async function hold(bench: Bench, contender: Contender, n: number): Promise<void> {
  // Keep-alive is on only where its cost is measured, or it would be in every other figure.
  const server = await bench.server(contender)
  const key = { part: 'connections', case: 'streams', n, contender: contender.name }
  const add = (metric: string, unit: string, value: number, round = 0) =>
    bench.collector.add({ ...key, metric }, unit, value, round)
  try {
    const load = await bench.load
    const { port } = server
    const group = contender.wire === 'session' ? { group: 'held' } : {}
    if (contender.wire === 'session') {
      await load.call('createSessions', {
        group: 'held',
        port,
        count: n,
        complete: true,
        version: contender.version,
      })
    }
    await load.call('openStreams', { name: 'warm', port, count: Math.min(100, n), ...group })
    await load.call('closeStreams', { name: 'warm' })
    await sleep(200)
    const before = await server.memory()
    const milliseconds = await load.call<number>('openStreams', { name: 'held', port, count: n, ...group })
    const after = await server.memory()
    add('heap', 'bytes/stream', (after.heap + after.external - before.heap - before.external) / n)
    add('rss', 'bytes/stream', (after.rss - before.rss) / n)
    add('opened', 'streams/s', (n / milliseconds) * 1000)
    if (server.canChange) {
      for (let round = 0; round <= BROADCASTS; round++) {
        await load.call('armStreams', { name: 'held' })
        const at = await server.change()
        const { lastAt, missing } = await load.call<StreamNews>('awaitStreams', { name: 'held' })
        if (missing > 0) throw new Error(`${missing} of ${n} clients were not told of a change`)
        // The first one is the engine's warm-up.
        if (round > 0) add('broadcast', 'ms', (lastAt - at) / 1000, round - 1)
      }
    }
    await load.call('closeStreams', { name: 'held' })
  } finally {
    await bench.stopServers(contender)
  }
  if (contender.packages.length === 0) await keepAlive(bench, contender, n)
}

/** CPU time with a keep-alive round each second, less the CPU time without. */
async function keepAlive(bench: Bench, contender: Contender, n: number): Promise<void> {
  const rounds = bench.quick ? 1 : 4
  const used: number[] = []
  for (const keepAliveMs of [0, KEEP_ALIVE_MS]) {
    const server = await bench.server(contender, { keepAliveMs })
    try {
      const load = await bench.load
      const { port } = server
      const group = contender.wire === 'session' ? { group: 'alive' } : {}
      if (contender.wire === 'session') {
        await load.call('createSessions', {
          group: 'alive',
          port,
          count: n,
          complete: false,
          version: contender.version,
        })
      }
      await load.call('openStreams', { name: 'alive', port, count: n, ...group })
      await server.memory()
      const before = await server.cpu()
      await sleep(KEEP_ALIVE_MS * rounds)
      used.push((await server.cpu()).cpu - before.cpu)
      const { open } = await load.call<{ open: number }>('countStreams', { name: 'alive' })
      if (open !== n) throw new Error(`${n - open} of ${n} idle streams were closed`)
      await load.call('closeStreams', { name: 'alive' })
    } finally {
      await bench.stopServers(contender)
    }
  }
  const [without = 0, with_ = 0] = used
  const key = { part: 'connections', case: 'keep-alive', n, contender: contender.name, metric: 'cpu' }
  bench.collector.add(key, 'µs/stream', Math.max(0, with_ - without) / rounds / n)
}
