/**
 * `cluster`: what several processes that share a Redis cost, next to one process with everything in its memory.
 *
 *    known-call     a call of a session that the process knows: CPU time, and the commands that Redis gets for it. Three
 *                   servers: without Redis, with the idle connections of a Redis client, with the store
 *    initialize     opening a session: CPU time, commands for each
 *    progress       messages of a streamed call, each of which is appended to the event log: CPU time of a message
 *    resume         256 missed events, on the process that ran the call and on another one
 *    restore        the first call of sessions that another process opened
 *    change         a change that is announced by one process, to clients that listen on two
 *    idle, event    memory that Redis takes for an idle session, and for an event
 *
 * Measured: CPU time is that of the server alone, without Redis, which has a process of its own. `cpu-to-memory` is the
 * ratio within a round to the same server without a store, whose cases have no `-redis` in their names; `cpu-to-idle` to
 * that with idle connections: it is what the store adds, since whoever has one has a client.
 *
 * Defeated: commands that are sent behind a request (they are counted for a while after it); sessions that are restored
 * from the id alone (there is no key). Redis is as it comes: nothing is written to a disk.
 */

import { noRedis, RedisServer } from '../../test/redis/server.ts'
import type { Contender } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { openSessions } from '../lib/open-sessions.ts'
import type { ServerProcess } from '../lib/process.ts'
import { countCommands, usedMemory } from '../lib/redis-meter.ts'
import { callTool } from '../lib/wire.ts'
import type { RequestFigures } from '../load/requests.ts'
import type { ArmStreams, StreamNews } from '../load/streams.ts'
import { openSession } from './latency.ts'

const PART = 'cluster'
const HELLO = 'hello benchmark'
const CONNECTIONS = 64
const MISSED = 256
/** Each on three new processes, which differ by more than the bar allows. */
const KNOWN_ROUNDS = 9
/** Keys that belong to one session: its id stands in braces. Leases and messages between nodes do not. */
const OF_SESSION = /\{[\w-]{20,}\}/

export const cluster: Part = {
  name: PART,
  about: 'several processes that share a Redis',
  plan(bench) {
    const ours = bench.able(PART).filter(({ family, wire }) => family === 'barewire' && wire === 'session')
    if (ours.length === 0) return []
    if (noRedis !== false) {
      bench.collector.note(`${PART} was skipped: ${noRedis}`)
      return []
    }
    const rounds = bench.quick ? 1 : 5
    const step = (label: string, seconds: number, times: number, task: Task): Step[] =>
      bench.inTurn(`cluster, ${label}`, seconds, times, ours, (contender, round) =>
        withRedis(bench, contender, round, (place) => task(place, round)),
      )
    return [
      ...step('known calls', bench.quick ? 4 : 12, bench.quick ? 1 : KNOWN_ROUNDS, knownCalls),
      ...step('initialize', bench.quick ? 3 : 6, rounds, opening),
      ...step('progress', bench.quick ? 3 : 8, rounds, progress),
      ...step('resume', 2, rounds, resumeElsewhere),
      ...step('restore', bench.quick ? 2 : 5, bench.quick ? 1 : 3, restore),
      ...step('change', bench.quick ? 3 : 12, bench.quick ? 1 : 3, change),
      ...step('memory of Redis', bench.quick ? 2 : 6, bench.quick ? 1 : 3, redisMemory),
    ]
  },
}

/** A Redis for one measurement, and servers on it. */
interface Place {
  readonly bench: Bench
  readonly contender: Contender
  readonly redis: RedisServer
  /** The same server without a store. */
  alone(): Promise<ServerProcess>
  /** The same, connected to Redis. */
  idle(): Promise<ServerProcess>
  /** @param number - each is a process of its own */
  node(number: number): Promise<ServerProcess>
  add(name: string, n: number, metric: string, unit: string, value: number): void
}

type Task = (place: Place, round: number) => Promise<void>

async function withRedis(
  bench: Bench,
  contender: Contender,
  round: number,
  task: (place: Place) => Promise<void>,
): Promise<void> {
  const redis = await RedisServer.start()
  try {
    await task({
      bench,
      contender,
      redis,
      alone: () => bench.server(contender),
      idle: () => bench.server(contender, { idleRedis: redis.port }),
      node: (number) => bench.server(contender, { store: { port: redis.port, node: number } }),
      add: (name, n, metric, unit, value) =>
        bench.collector.add(
          { part: PART, case: name, n, contender: contender.name, metric },
          unit,
          value,
          round,
        ),
    })
  } finally {
    await bench.stopServers(contender)
    await redis.remove()
  }
}

/** Measures both servers, in an order that changes with the round. */
async function both<T>(
  { alone, node }: Place,
  round: number,
  measure: (server: ServerProcess) => Promise<T>,
): Promise<{ memory: T; shared: T }> {
  if (round % 2 === 0) {
    const memory = await measure(await alone())
    return { memory, shared: await measure(await node(1)) }
  }
  const shared = await measure(await node(1))
  return { memory: await measure(await alone()), shared }
}

/** Microseconds of CPU time that a server takes for some work. */
async function cpuOf(server: ServerProcess, work: () => Promise<unknown>): Promise<number> {
  const before = await server.cpu()
  await work()
  return (await server.cpu()).cpu - before.cpu
}

function addCpu(
  place: Place,
  name: string,
  n: number,
  unit: string,
  cpu: { memory: number; shared: number },
): void {
  place.add(name, n, 'cpu', unit, cpu.memory)
  place.add(`${name}-redis`, n, 'cpu', unit, cpu.shared)
  place.add(`${name}-redis`, n, 'cpu-to-memory', 'x memory', cpu.shared / cpu.memory)
}

async function knownCalls(place: Place, round: number): Promise<void> {
  const { bench, contender, redis } = place
  const load = await bench.load
  const run = (port: number, seconds: number) =>
    load.call<RequestFigures>('loadRequests', {
      port,
      connections: CONNECTIONS,
      seconds,
      request: callTool('session', 'echo', { text: HELLO }),
      group: `known ${port}`,
      status: 200,
      needle: HELLO,
    })
  const kinds = rotated(['alone', 'idle', 'node'] as const, round)
  const servers: { kind: (typeof kinds)[number]; server: ServerProcess; cpu: number; calls: number }[] = []
  for (const kind of kinds) {
    const server = await place[kind](1)
    servers.push({ kind, server, cpu: 0, calls: 0 })
    await openSessions(load, contender, {
      group: `known ${server.port}`,
      port: server.port,
      count: CONNECTIONS,
    })
    await run(server.port, bench.quick ? 0.5 : 1.5)
  }
  // Turn by turn, each as often in each place: the difference is smaller than what a second does to a machine.
  const turns = bench.quick ? 3 : 6
  for (let turn = 0; turn < turns; turn++) {
    for (const each of rotated(servers, turn)) {
      each.cpu += await cpuOf(each.server, async () => {
        each.calls += (await run(each.server.port, 0.5)).requests
      })
    }
  }
  const of = (kind: (typeof kinds)[number]) =>
    servers.find((each) => each.kind === kind) as (typeof servers)[number]
  const perCall = (kind: (typeof kinds)[number]) => of(kind).cpu / of(kind).calls
  addCpu(place, 'known-call', CONNECTIONS, 'µs/call', { memory: perCall('alone'), shared: perCall('node') })
  const add = (metric: string, unit: string, value: number) =>
    place.add('known-call-redis', CONNECTIONS, metric, unit, value)
  add('cpu-to-idle', 'x idle', perCall('node') / perCall('idle'))
  const { port } = of('node').server
  const call = { port, group: `known ${port}`, tool: 'echo', args: { text: HELLO }, needle: HELLO }
  const commands = await countCommands(redis.port, OF_SESSION, () => load.call('callEach', call))
  add('commands', 'commands/call', commands / CONNECTIONS)
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const first = by % list.length
  return [...list.slice(first), ...list.slice(0, first)]
}

async function opening(place: Place, round: number): Promise<void> {
  const { bench, contender, redis } = place
  const load = await bench.load
  const count = bench.quick ? 500 : 5000
  const openAll = (port: number) => openSessions(load, contender, { group: 'opened', port, count })
  const cpu = await both(place, round, async (server) => {
    await openAll(server.port)
    let milliseconds = 0
    const used = await cpuOf(server, async () => {
      milliseconds = await openAll(server.port)
    })
    return { cpu: used / count, perSecond: (count / milliseconds) * 1000 }
  })
  addCpu(place, 'initialize', 32, 'µs/session', { memory: cpu.memory.cpu, shared: cpu.shared.cpu })
  place.add('initialize', 32, 'throughput', 'sessions/s', cpu.memory.perSecond)
  place.add('initialize-redis', 32, 'throughput', 'sessions/s', cpu.shared.perSecond)
  const { port } = await place.node(1)
  const few = 100
  const commands = await countCommands(redis.port, OF_SESSION, () =>
    openSessions(load, contender, { group: 'counted', port, count: few }),
  )
  place.add('initialize-redis', 32, 'commands', 'commands/session', commands / few)
}

async function progress(place: Place, round: number): Promise<void> {
  const { bench, contender } = place
  const load = await bench.load
  const [sessions, count] = bench.quick ? [20, 500] : [100, 1000]
  const stream = async (port: number) => {
    await openSessions(load, contender, { group: 'streams', port, count: sessions })
    const call = { group: 'streams', port, tool: 'progress', args: { count }, messages: count + 1 }
    await load.call('callEach', call)
    await load.call('deleteSessions', { group: 'streams', port })
  }
  const cpu = await both(place, round, async (server) => {
    await stream(server.port)
    return (await cpuOf(server, () => stream(server.port))) / (sessions * (count + 1))
  })
  addCpu(place, 'progress', count, 'µs/message', cpu)
}

async function resumeElsewhere(place: Place): Promise<void> {
  const { bench, contender } = place
  const load = await bench.load
  const [first, second] = [await place.node(1), await place.node(2)]
  const clients = 1
  const come = async (group: string, port: number) => {
    await openSessions(load, contender, { group, port: first.port, count: clients })
    await load.call('prepareResume', { group, port: first.port, missed: MISSED })
    const back = { group, port, missed: MISSED, clients }
    return (await load.call<{ milliseconds: number }>('resume', back)).milliseconds
  }
  // The first one is the engine's warm-up.
  await come('warm', second.port)
  place.add('resume-same', MISSED, 'catch-up', 'ms', await come('same', first.port))
  place.add('resume-other', MISSED, 'catch-up', 'ms', await come('other', second.port))
}

async function restore(place: Place): Promise<void> {
  const { bench, contender } = place
  const load = await bench.load
  const [first, second] = [await place.node(1), await place.node(2)]
  const count = bench.quick ? 1000 : 10_000
  const call = { tool: 'echo', args: { text: HELLO }, needle: HELLO }
  await openSessions(load, contender, { group: 'warm', port: first.port, count: 500, complete: false })
  await load.call('callEach', { ...call, group: 'warm', port: second.port })
  await openSessions(load, contender, { group: 'restored', port: first.port, count, complete: false })
  const began = performance.now()
  const cpu = await cpuOf(second, () =>
    load.call('callEach', { ...call, group: 'restored', port: second.port }),
  )
  const milliseconds = performance.now() - began
  place.add('restore', count, 'throughput', 'sessions/s', (count / milliseconds) * 1000)
  place.add('restore', count, 'cpu', 'µs/session', cpu / count)
}

async function change(place: Place): Promise<void> {
  const { bench, contender } = place
  const load = await bench.load
  const nodes = [await place.node(1), await place.node(2)]
  const n = bench.quick ? 200 : 5000
  for (const [index, { port }] of nodes.entries()) {
    const group = `listeners ${index}`
    await openSessions(load, contender, { group, port, count: n, complete: false })
    await load.call('openStreams', { name: group, port, count: n, group })
  }
  const times: number[] = []
  for (let time = 0; time < 4; time++) {
    for (const index of nodes.keys()) {
      await load.call('armStreams', { name: `listeners ${index}` } satisfies ArmStreams)
    }
    const at = await (nodes[0] as ServerProcess).change()
    for (const index of nodes.keys()) {
      const { lastAt, missing } = await load.call<StreamNews>('awaitStreams', { name: `listeners ${index}` })
      if (missing > 0) throw new Error(`${missing} of ${n} clients were not notified of a change`)
      // The first one is the engine's warm-up.
      if (time > 0) times.push((lastAt - at) / 1000)
    }
  }
  for (const index of nodes.keys()) await load.call('closeStreams', { name: `listeners ${index}` })
  place.add('change', 2 * n, 'broadcast', 'ms', Math.max(...times))
}

async function redisMemory(place: Place): Promise<void> {
  const { bench, contender, redis } = place
  const load = await bench.load
  const { port } = await place.node(1)
  // Scripts, and what Redis has for each connection.
  await openSession(contender, port)
  const n = bench.quick ? 1000 : 10_000
  const before = await usedMemory(redis.port)
  await openSessions(load, contender, { group: 'idle', port, count: n, complete: false })
  const opened = await usedMemory(redis.port)
  place.add('idle', n, 'redis-memory', 'bytes/session', (opened - before) / n)
  const streams = bench.quick ? 50 : 200
  await openSessions(load, contender, { group: 'events', port, count: streams, complete: false })
  const withSessions = await usedMemory(redis.port)
  await load.call('prepareResume', { group: 'events', port, missed: MISSED })
  const events = (await usedMemory(redis.port)) - withSessions
  place.add('event', MISSED, 'redis-memory', 'bytes/event', events / (streams * MISSED))
}
