/**
 * `sessions`: what it takes to open sessions, and what idle ones hold.
 *
 * Measured: `initialize` per second (with `notifications/initialized`, as a pair), and the server's heap and resident
 * memory per session at rest: after opening, after a call in each, after a stream in each whose replay buffer is
 * full, and after their time is up. Heap figures are differences between two states of one process, each after forced
 * collection, so what the server needs anyway is not in them.
 *
 * Defeated: objects that only wait for the collector (it is run until nothing shrinks), connections (all are closed
 * before a state is read), one-time caches (the first sessions are opened before the first state is read).
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import type { ServerProcess } from '../lib/process.ts'
import type { Memory } from '../lib/server-child.ts'
import { openSession } from './latency.ts'

const HELLO = 'hello benchmark'
/** Fills a replay buffer of 256 events. */
const RING_EVENTS = 300

export const sessions: Part = {
  name: 'sessions',
  about: 'opening sessions, and memory per idle session',
  plan(bench) {
    const contenders = bench.able('sessions').filter(({ wire }) => wire === 'session')
    const steps: Step[] = bench.inTurn(
      'sessions, initialize',
      bench.quick ? 1 : 3,
      bench.quick ? 1 : 5,
      contenders,
      (contender, round) => opening(bench, contender, round),
    )
    for (const contender of contenders) {
      for (const n of sizes(bench, contender)) {
        steps.push({
          label: `sessions, ${n} idle, ${contender.name}`,
          seconds: 3 + n / 4000 + (expires(contender) ? idleSeconds(n) : 0),
          run: () => bench.attempt(contender, `sessions ${n}`, () => idle(bench, contender, n)),
        })
      }
      if (contender.without?.['streaming'] !== undefined) continue
      const n = bench.quick ? 100 : 1000
      steps.push({
        label: `sessions with full rings, ${contender.name}`,
        seconds: bench.quick ? 2 : 10,
        run: () => bench.attempt(contender, 'sessions with full rings', () => fullRings(bench, contender, n)),
      })
    }
    return steps
  },
}

function sizes(bench: Bench, { packages, maxSessions = 10_000 }: Contender): number[] {
  if (bench.quick) return [1000]
  // Peers keep a server object for each session: a hundred thousand of them would take gigabytes.
  return packages.length === 0 ? [1000, 10_000, 100_000] : [1000, 10_000].filter((n) => n <= maxSessions)
}

const expires = ({ packages }: Contender) => packages.length === 0

/** Long enough to open them all and read the memory twice; they expire together after that. */
function idleSeconds(n: number): number {
  return 4 + n / 1500
}

async function opening(bench: Bench, contender: Contender, round: number): Promise<void> {
  // A fresh server each time: what the sessions of earlier rounds hold must not slow down this one.
  const server = await bench.server(contender)
  try {
    const load = await bench.load
    const count = contender.packages.length > 0 ? 200 : bench.quick ? 1000 : 10_000
    await openSession(contender, server.port)
    await load.call('createSessions', {
      group: 'warm',
      port: server.port,
      count: count / 2,
      complete: true,
      version: contender.version,
    })
    const before = await server.cpu()
    const group = { group: 'timed', port: server.port, count, complete: true, version: contender.version }
    const milliseconds = await load.call<number>('createSessions', group)
    const after = await server.cpu()
    const key = { part: 'sessions', case: 'initialize', n: 32, contender: contender.name }
    const perSecond = (count / milliseconds) * 1000
    bench.collector.add({ ...key, metric: 'throughput' }, 'sessions/s', perSecond, round)
    bench.collector.add({ ...key, metric: 'cpu' }, 'µs/session', (after.cpu - before.cpu) / count, round)
    const busy = (after.cpu - before.cpu) / (after.at - before.at)
    bench.collector.add({ ...key, metric: 'server-busy' }, 'of a core', busy, round)
  } finally {
    await bench.stopServers(contender)
  }
}

async function idle(bench: Bench, contender: Contender, n: number): Promise<void> {
  const idleTimeoutMs = expires(contender) ? idleSeconds(n) * 1000 : 0
  const server = await bench.server(contender, { idleTimeoutMs })
  try {
    const load = await bench.load
    const { port } = server
    const warm = { group: 'warm', port, count: 100, complete: true, version: contender.version }
    await load.call('createSessions', warm)
    await load.call('callEach', { group: 'warm', port, tool: 'echo', args: { text: HELLO }, needle: HELLO })
    await load.call('deleteSessions', { group: 'warm', port })
    const atStart = await server.memory()
    const began = performance.now()
    await load.call('createSessions', {
      group: 'idle',
      port,
      count: n,
      complete: true,
      version: contender.version,
    })
    report(bench, contender, 'idle', n, atStart, await server.memory())
    if (n <= 10_000) {
      const call = { group: 'idle', port, tool: 'echo', args: { text: HELLO }, needle: HELLO }
      await load.call('callEach', call)
      report(bench, contender, 'idle-after-call', n, atStart, await server.memory())
    }
    if (!expires(contender)) return
    if (performance.now() - began > idleTimeoutMs) {
      bench.collector.note(
        `${contender.name}: ${n} sessions were not opened in time, some expired before they were measured`,
      )
    }
    await expired(server, idleTimeoutMs)
    const atEnd = await server.memory()
    const key = { part: 'sessions', case: 'expired', n, contender: contender.name }
    bench.collector.add({ ...key, metric: 'heap-to-start' }, 'of the start', atEnd.heap / atStart.heap)
  } finally {
    await bench.stopServers(contender)
  }
}

/** Waits until the server has forgotten its sessions by itself. */
async function expired(server: ServerProcess, idleTimeoutMs: number): Promise<void> {
  const deadline = performance.now() + idleTimeoutMs * 1.5 + 5000
  while ((await server.sessions()) !== 0) {
    if (performance.now() > deadline) throw new Error('sessions whose time was up are still there')
    await sleep(100)
  }
}

async function fullRings(bench: Bench, contender: Contender, n: number): Promise<void> {
  const server = await bench.server(contender)
  try {
    const load = await bench.load
    const { port } = server
    const args = { count: RING_EVENTS }
    const call = { port, tool: 'progress', args, messages: RING_EVENTS + 1 }
    await load.call('createSessions', {
      group: 'warm',
      port,
      count: 20,
      complete: true,
      version: contender.version,
    })
    await load.call('callEach', { ...call, group: 'warm' })
    await load.call('deleteSessions', { group: 'warm', port })
    const atStart = await server.memory()
    await load.call('createSessions', {
      group: 'rings',
      port,
      count: n,
      complete: true,
      version: contender.version,
    })
    await load.call('callEach', { ...call, group: 'rings' })
    report(bench, contender, 'idle-full-ring', n, atStart, await server.memory())
  } finally {
    await bench.stopServers(contender)
  }
}

function report(
  bench: Bench,
  contender: Contender,
  name: string,
  n: number,
  before: Memory,
  after: Memory,
): void {
  const key = { part: 'sessions', case: name, n, contender: contender.name }
  const heap = after.heap + after.external - before.heap - before.external
  bench.collector.add({ ...key, metric: 'heap' }, 'bytes/session', heap / n)
  bench.collector.add({ ...key, metric: 'rss' }, 'bytes/session', (after.rss - before.rss) / n)
}
