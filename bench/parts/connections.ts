/**
 * `connections`: streams that are open and silent, which is what most of them are most of the time. GET streams of
 * sessions, and `subscriptions/listen` streams of the stateless era.
 *
 * Measured: heap and resident memory per stream (differences of one process after forced collection; the sessions
 * were there before, so they are not in it), time to open them, time from one change to the last client (the median of
 * a few changes in each round; of the floor also `broadcast-bare`, the same by `socket.write` of ready bytes and
 * nothing else, which is the least that any server on node:net needs), and CPU time of the server for one keep-alive
 * round.
 *
 * Defeated: one-time caches (a hundred streams are opened and closed first); a broadcast that loses someone (every
 * client must get it, or the part fails); a load process that sleeps and must be woken at the server's expense (where
 * it has a core of its own it looks for news all the time, which took the spread from a tenth to a fiftieth); lazy
 * accepting (a stream counts as open when its head was received).
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { openSessions } from '../lib/open-sessions.ts'
import type { ServerProcess } from '../lib/process.ts'
import { summarise } from '../lib/statistics.ts'
import type { ArmStreams, StreamNews } from '../load/streams.ts'

/** Files that a server has open besides its clients. */
const OTHER_FILES = 200
const KEEP_ALIVE_MS = 1000
/** Keep-alive rounds that are measured together. */
const KEEP_ALIVES = 2
const BROADCASTS = 7

interface Size {
  readonly n: number
  readonly rounds: number
  /** Whether peers take part: one size is enough to compare with; how they grow is their own projects' question. */
  readonly peers: boolean
  readonly keepAlive: boolean
}

const QUICK: readonly Size[] = [{ n: 200, rounds: 1, peers: true, keepAlive: true }]
const SIZES: readonly Size[] = [
  { n: 1000, rounds: 3, peers: true, keepAlive: false },
  // No bar is about this one: it is there to see a curve.
  { n: 5000, rounds: 1, peers: false, keepAlive: false },
  { n: 10_000, rounds: 3, peers: false, keepAlive: true },
  { n: 15_000, rounds: 3, peers: false, keepAlive: false },
]

export const connections: Part = {
  name: 'connections',
  about: 'open streams: memory, broadcast, keep-alive',
  plan(bench) {
    const wanted = bench.quick ? QUICK : SIZES
    const sizes = wanted.filter(({ n }) => n + OTHER_FILES <= bench.maxOpenFiles)
    if (sizes.length < wanted.length) {
      const left = wanted.filter((size) => !sizes.includes(size)).map(({ n }) => n)
      bench.collector.note(
        `connections: ${left.join(', ')} streams need more open files than ulimit -n allows (${bench.maxOpenFiles})`,
      )
    }
    const contenders = bench.able('connections').filter(({ wire }) => wire !== 'sessionless')
    const steps: Step[] = []
    for (const { n, rounds, peers, keepAlive } of sizes) {
      steps.push(
        ...bench.inTurn(
          `connections, ${n} streams`,
          (contender) => (isPeer(contender) ? 3.5 : 0.7 + n / 3700 + (keepAlive ? 1 : 0)),
          (contender) => (isPeer(contender) ? 1 : rounds),
          contenders.filter((contender) => peers || !isPeer(contender)),
          (contender, round) => hold(bench, contender, n, round, keepAlive),
        ),
      )
      if (!keepAlive) continue
      steps.push(
        ...bench.inTurn(
          `connections, keep-alive of ${n} streams`,
          (KEEP_ALIVE_MS / 1000) * KEEP_ALIVES + 0.2 + n / 6500,
          rounds,
          contenders.filter((contender) => !isPeer(contender)),
          (contender, round) => keepAliveOf(bench, contender, n, round),
        ),
      )
    }
    return steps
  },
}

async function open(
  bench: Bench,
  contender: Contender,
  server: ServerProcess,
  name: string,
  n: number,
): Promise<number> {
  const load = await bench.load
  const group = contender.wire === 'session' ? { group: 'held' } : {}
  return await load.call<number>('openStreams', { name, port: server.port, count: n, ...group })
}

async function hold(
  bench: Bench,
  contender: Contender,
  n: number,
  round: number,
  withIdle: boolean,
): Promise<void> {
  // Keep-alive is on only where its cost is measured, or it would be in every other figure.
  const server = await bench.server(contender)
  const key = { part: 'connections', case: 'streams', n, contender: contender.name }
  const add = (metric: string, unit: string, value: number) =>
    bench.collector.add({ ...key, metric }, unit, value, round)
  try {
    const load = await bench.load
    if (contender.wire === 'session') {
      await openSessions(load, contender, { group: 'held', port: server.port, count: n })
    }
    await open(bench, contender, server, 'warm', Math.min(100, n))
    await load.call('closeStreams', { name: 'warm' })
    await sleep(200)
    const before = await server.memory()
    const milliseconds = await open(bench, contender, server, 'held', n)
    const after = await server.memory()
    add('heap', 'bytes/stream', (after.heap + after.external - before.heap - before.external) / n)
    add('rss', 'bytes/stream', (after.rss - before.rss) / n)
    add('opened', 'streams/s', (n / milliseconds) * 1000)
    if (withIdle) {
      const used = await cpuOver(server, KEEP_ALIVE_MS)
      bench.collector.add({ ...key, case: 'idle', metric: 'cpu' }, 'µs/s', used, round)
    }
    if (server.canChange) add('broadcast', 'ms', await broadcast(bench, server.change, n))
    if (contender.family === 'floor') {
      add('broadcast-bare', 'ms', await broadcast(bench, server.changeBare, n))
    }
    await load.call('closeStreams', { name: 'held' })
  } finally {
    await bench.stopServers(contender)
  }
}

/** Milliseconds from a change to the last client. */
async function broadcast(bench: Bench, change: () => Promise<number>, n: number): Promise<number> {
  const load = await bench.load
  const times: number[] = []
  for (let i = 0; i <= BROADCASTS; i++) {
    await load.call('armStreams', { name: 'held', poll: bench.cores.load !== undefined } satisfies ArmStreams)
    const at = await change()
    const { lastAt, missing } = await load.call<StreamNews>('awaitStreams', { name: 'held' })
    if (missing > 0) throw new Error(`${missing} of ${n} clients were not told of a change`)
    // The first one is the engine's warm-up.
    if (i > 0) times.push((lastAt - at) / 1000)
  }
  return summarise(times).median
}

/** CPU time of a server with a keep-alive round each second; what it uses without is the case `idle`. */
async function keepAliveOf(bench: Bench, contender: Contender, n: number, round: number): Promise<void> {
  const server = await bench.server(contender, { keepAliveMs: KEEP_ALIVE_MS })
  try {
    const load = await bench.load
    if (contender.wire === 'session') {
      await openSessions(load, contender, { group: 'held', port: server.port, count: n, complete: false })
    }
    await open(bench, contender, server, 'held', n)
    await server.memory()
    const used = await cpuOver(server, KEEP_ALIVE_MS * KEEP_ALIVES)
    const { open: left } = await load.call<{ open: number }>('countStreams', { name: 'held' })
    if (left !== n) throw new Error(`${n - left} of ${n} idle streams were closed`)
    await load.call('closeStreams', { name: 'held' })
    const key = { part: 'connections', case: 'keep-alive', n, contender: contender.name, metric: 'cpu' }
    bench.collector.add(key, 'µs/stream', used / KEEP_ALIVES / n, round)
  } finally {
    await bench.stopServers(contender)
  }
}

/** CPU time in microseconds. */
async function cpuOver(server: ServerProcess, milliseconds: number): Promise<number> {
  const before = await server.cpu()
  await sleep(milliseconds)
  return (await server.cpu()).cpu - before.cpu
}
