/**
 * `sessions`: what it takes to open sessions, and what idle ones hold.
 *
 * Measured: `initialize` per second (with `notifications/initialized`, as a pair), and the server's heap and resident
 * memory per session at rest: after opening, after a call in each, after a stream in each whose replay buffer is
 * full, and after their time is up. Heap figures are differences between two states of one process, each after forced
 * collection, so what the server needs anyway is not in them.
 * Between any two states the engine gains or lets go of some 100 KB of its own: no more than 10 bytes a session at
 * 10 000 sessions, but as much as a small session holds at 1 000, where only peers are of interest, which hold more.
 *
 * Defeated: objects that only wait for the collector (it is run until nothing shrinks), connections (all are closed
 * before a state is read), one-time caches and compiled code (sessions are opened, used and ended before the first
 * state is read).
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import type { Memory } from '../lib/live-memory.ts'
import { openSessions } from '../lib/open-sessions.ts'
import type { ServerProcess } from '../lib/process.ts'
import { openSession } from './latency.ts'

const HELLO = 'hello benchmark'
/** Fills a replay buffer of 256 events. */
const RING_EVENTS = 300
/** Groups of sessions that come and go until the engine has compiled what it will compile: code is on the heap too. */
const WARM_UPS = 20

export const sessions: Part = {
  name: 'sessions',
  about: 'opening sessions, and memory per idle session',
  plan(bench) {
    const contenders = bench.able('sessions').filter(({ wire }) => wire === 'session')
    const times = (ours: number, peers: number) => (contender: Contender) =>
      bench.quick ? 1 : isPeer(contender) ? peers : ours
    const steps: Step[] = bench.inTurn(
      'sessions, initialize',
      ({ slowToOpen }) => (bench.quick ? 0.6 : slowToOpen === true ? 4 : 1.2),
      times(5, 3),
      contenders,
      (contender, round) => opening(bench, contender, round),
    )
    for (const n of bench.quick ? [1000] : [1000, 10_000, 100_000]) {
      // Peers keep a server object for each session: a hundred thousand of them would take gigabytes, and minutes.
      const among = contenders.filter((contender) => !isPeer(contender) || n === 1000)
      steps.push(
        ...bench.inTurn(
          `sessions, ${n} idle`,
          (contender) => idleEstimate(bench, contender, n),
          times(3, 2),
          among,
          (contender, round) => idle(bench, contender, n, round),
        ),
      )
    }
    // In its documented setup hardly any peer has such a buffer.
    const n = bench.quick ? 100 : 1000
    const ours = contenders.filter((contender) => !isPeer(contender))
    steps.push(
      ...bench.inTurn(
        'sessions with full rings',
        bench.quick ? 0.7 : 2,
        times(3, 0),
        ours,
        (contender, round) => fullRings(bench, contender, n, round),
      ),
    )
    return steps
  },
}

/** Whether the sessions of this measurement are left to expire: where most of them are, and not where nothing can be learnt. */
function expires(bench: Bench, { family }: Contender, n: number): boolean {
  return (family === 'barewire' || family === 'base') && n === (bench.quick ? 1000 : 100_000)
}

/** Long enough to open them all and read the memory; they expire together after that. */
function idleSeconds(n: number): number {
  return 3 + n / 9000
}

function idleEstimate(bench: Bench, contender: Contender, n: number): number {
  if (isPeer(contender)) return contender.slowToOpen === true ? 8 : 3.5
  return 1.6 + n / 14_000 + (expires(bench, contender, n) ? idleSeconds(n) : 0)
}

async function opening(bench: Bench, contender: Contender, round: number): Promise<void> {
  // A fresh server each time: what the sessions of earlier rounds hold must not slow down this one.
  const server = await bench.server(contender)
  try {
    const load = await bench.load
    const { port } = server
    const count = contender.slowToOpen === true ? 64 : isPeer(contender) ? 200 : bench.quick ? 1000 : 10_000
    await openSession(contender, port)
    await openSessions(load, contender, { group: 'warm', port, count: count / 2 })
    const before = await server.cpu()
    const milliseconds = await openSessions(load, contender, { group: 'timed', port, count })
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

async function idle(bench: Bench, contender: Contender, n: number, round: number): Promise<void> {
  const idleTimeoutMs = expires(bench, contender, n) ? idleSeconds(n) * 1000 : 0
  const server = await bench.server(contender, { idleTimeoutMs })
  try {
    const load = await bench.load
    const { port } = server
    const call = { port, tool: 'echo', args: { text: HELLO }, needle: HELLO }
    // In small groups: a large one would leave its room in the server's tables, for the sessions that are measured.
    for (let i = 0; i < (isPeer(contender) ? 1 : WARM_UPS); i++) {
      await openSessions(load, contender, { group: 'warm', port, count: 100 })
      await load.call('callEach', { ...call, group: 'warm' })
      await load.call('deleteSessions', { group: 'warm', port })
    }
    const atStart = await restingMemory(server)
    const began = performance.now()
    // Notifications change nothing in what a session holds, which is seen at the smaller numbers; here they cost time.
    await openSessions(load, contender, { group: 'idle', port, count: n, complete: n <= 10_000 })
    const opened = await restingMemory(server)
    report(bench, contender, 'idle', n, atStart, opened, round)
    if (n <= 10_000) {
      await load.call('callEach', { ...call, group: 'idle' })
      report(bench, contender, 'idle-after-call', n, atStart, await restingMemory(server), round)
    }
    if (idleTimeoutMs === 0) return
    if (performance.now() - began > idleTimeoutMs) {
      bench.collector.note(
        `${contender.name}: ${n} sessions were not opened in time, some expired before they were measured`,
      )
    }
    await expired(server, idleTimeoutMs)
    const atEnd = await restingMemory(server)
    const key = { part: 'sessions', case: 'expired', n, contender: contender.name }
    bench.collector.add({ ...key, metric: 'heap-to-start' }, 'of the start', atEnd.heap / atStart.heap, round)
  } finally {
    await bench.stopServers(contender)
  }
}

/** The memory when the server, too, has seen that the connections of its clients are closed. */
async function restingMemory(server: ServerProcess): Promise<Memory> {
  await sleep(200)
  return await server.memory()
}

/** Waits until the server has forgotten its sessions by itself. */
async function expired(server: ServerProcess, idleTimeoutMs: number): Promise<void> {
  const deadline = performance.now() + idleTimeoutMs * 1.5 + 5000
  while ((await server.sessions()) !== 0) {
    if (performance.now() > deadline) throw new Error('sessions whose time was up are still there')
    await sleep(100)
  }
}

async function fullRings(bench: Bench, contender: Contender, n: number, round: number): Promise<void> {
  const server = await bench.server(contender)
  try {
    const load = await bench.load
    const { port } = server
    const args = { count: RING_EVENTS }
    const call = { port, tool: 'progress', args, messages: RING_EVENTS + 1 }
    await openSessions(load, contender, { group: 'warm', port, count: 20 })
    await load.call('callEach', { ...call, group: 'warm' })
    await load.call('deleteSessions', { group: 'warm', port })
    const atStart = await restingMemory(server)
    await openSessions(load, contender, { group: 'rings', port, count: n })
    await load.call('callEach', { ...call, group: 'rings' })
    report(bench, contender, 'idle-full-ring', n, atStart, await restingMemory(server), round)
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
  round: number,
): void {
  const key = { part: 'sessions', case: name, n, contender: contender.name }
  const heap = after.heap + after.external - before.heap - before.external
  bench.collector.add({ ...key, metric: 'heap' }, 'bytes/session', heap / n, round)
  bench.collector.add({ ...key, metric: 'rss' }, 'bytes/session', (after.rss - before.rss) / n, round)
}
