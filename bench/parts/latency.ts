/**
 * `latency`: one `tools/call` (or `tools/list`) at a time on each of 1 to 256 keep-alive connections, each with a
 * session of its own where there are sessions.
 *
 * Measured: requests/s, p50, p99, p99.9, CPU time of the server per call (user and system, of the whole process).
 * Also how busy the server and the load generator were: where the server did not fill its core, requests/s measures
 * the client, and only the CPU time counts.
 *
 * Defeated: lazy answers (each status is checked, bodies are sampled), the order of contenders (it rotates), a cold
 * engine (each server is warmed up with the same requests first), the luck of one process (what the bars are about is
 * measured on three servers of each contender).
 */

import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { ask, expectText, resultOf } from '../lib/check-answer.ts'
import { openSessions } from '../lib/open-sessions.ts'
import type { ServerProcess } from '../lib/process.ts'
import type { Guarded, Setup } from '../lib/setup.ts'
import { callTool, initialize, initialized, rpc, type WireRequest } from '../lib/wire.ts'
import { CHECKED_ANSWER, CHECKED_ARGUMENTS } from '../lib/workload.ts'
import type { RequestFigures } from '../load/requests.ts'

interface Case {
  readonly name: string
  readonly connections: readonly number[]
  readonly setup: Partial<Setup>
  /** Whether contenders other than ours and the floor take part. */
  readonly peers: boolean
  /** Ways of talking without sessions are measured only where that makes a difference. */
  readonly sessionless: boolean
  /** Servers of each contender, one after the other. @defaultValue 1 */
  readonly servers?: number
  request(contender: Contender, sessionId?: string): WireRequest
  check(answer: Awaited<ReturnType<typeof ask>>): void
  /** Text that every body holds. */
  readonly needle: string
}

const HELLO = 'hello benchmark'
/** The number of connections that everyone is measured at. */
const MAIN = 64
/**
 * Where a bar is about it. What the engine makes of the same code, and where its memory lies, differ from one process to
 * the next by as much as a bar allows: with one server, one run had 0.95 and the next 0.83 times the floor's lists.
 */
const SERVERS = 3

function echo(name: string, text: string, connections: readonly number[], guarded: Guarded): Case {
  return {
    name,
    connections,
    setup: guarded === false ? {} : { guarded },
    peers: name === 'echo',
    sessionless: name === 'echo',
    ...(name === 'echo' && { servers: SERVERS }),
    request: ({ wire, version }, sessionId) =>
      callTool(wire, 'echo', { text }, { sessionId, guarded, version }),
    check: (answer) => expectText(answer, text),
    needle: text.slice(0, 100),
  }
}

const CHECKED: Case = {
  name: 'checked',
  connections: [64],
  setup: {},
  peers: false,
  sessionless: false,
  servers: SERVERS,
  request: ({ wire, version }, sessionId) =>
    callTool(wire, 'checked', CHECKED_ARGUMENTS, { sessionId, version }),
  check: (answer) => expectText(answer, CHECKED_ANSWER),
  needle: CHECKED_ANSWER,
}

const LIST: Case = {
  name: 'list-50',
  connections: [64],
  setup: { tools: 50 },
  peers: false,
  sessionless: false,
  servers: SERVERS,
  request: ({ wire, version }, sessionId) => rpc(wire, 'tools/list', {}, { sessionId, version }),
  check: (answer) => {
    const { tools } = resultOf(answer) as { readonly tools?: readonly unknown[] }
    if (tools?.length !== 50) throw new Error(`expected 50 tools, received ${tools?.length}`)
  },
  needle: 'tool_47',
}

function cases(quick: boolean): Case[] {
  if (quick) return [echo('echo', HELLO, [1, 64], false), CHECKED, LIST]
  return [
    echo('echo', HELLO, [1, 16, 64, 256], false),
    echo('echo-1k', 'k'.repeat(1000), [64], false),
    echo('echo-100k', 'k'.repeat(100_000), [64], false),
    echo('guarded', HELLO, [64], true),
    echo('oauth', HELLO, [64], 'oauth'),
    CHECKED,
    LIST,
  ]
}

export const latency: Part = {
  name: 'latency',
  about: 'tools/call and tools/list on keep-alive connections',
  plan(bench) {
    const steps: Step[] = []
    for (const each of cases(bench.quick)) {
      const contenders = bench.able('latency').filter((contender) => takesPart(each, contender))
      const servers = bench.quick ? 1 : (each.servers ?? 1)
      for (let server = 0; server < servers; server++)
        steps.push(...planServer(bench, each, contenders, server))
    }
    return steps
  },
}

/** The steps of a case on the first, second, ... server of each contender. Only the bars are measured on more than one. */
function planServer(bench: Bench, each: Case, able: readonly Contender[], server: number): Step[] {
  const label = `latency ${each.name}`
  const contenders = server === 0 ? able : able.filter((contender) => !isPeer(contender))
  const steps: Step[] = contenders.map((contender) => ({
    label: `${label}, check and warm-up, ${contender.name}`,
    seconds: warmUpSeconds(bench, contender) + (isPeer(contender) ? 0.6 : 0.3),
    run: () => bench.attempt(contender, label, () => prepare(bench, each, contender)),
  }))
  for (const n of server === 0 ? each.connections : each.connections.filter(isBarred)) {
    const among = contenders.filter((contender) => takesPartAt(n, contender))
    const turns = (contender: Contender) => turnsOf(bench, contender, n)
    steps.push(
      ...bench.inTurn(
        `${label} ${n}`,
        (contender) => turns(contender).seconds + 0.1 + againSeconds(bench, contender, among),
        (contender) => turns(contender).rounds,
        among,
        (contender, round) => {
          const { seconds, rounds } = turns(contender)
          return measure(bench, each, contender, n, seconds, server * rounds + round)
        },
      ),
    )
  }
  // The next case has other setups; servers that nobody asks any more would only hold memory.
  steps.push({ label: `${label}, done`, seconds: 0.1, run: () => bench.stopServers() })
  return steps
}

const isBarred = (connections: number) => connections === 1 || connections === MAIN

/**
 * The bars are about 1 and 64 connections; the others show how it changes between and beyond. A machine slows down and
 * recovers within seconds. So many short turns, each next to one of the floor, say more than a few long ones.
 */
function turnsOf({ quick }: Bench, contender: Contender, n: number): { rounds: number; seconds: number } {
  if (quick) return { rounds: 1, seconds: 0.4 }
  if (isPeer(contender)) return { rounds: 3, seconds: 0.8 }
  return isBarred(n) ? { rounds: 15, seconds: 0.25 } : { rounds: 3, seconds: 0.8 }
}

function takesPart({ peers, sessionless }: Case, contender: Contender): boolean {
  if (isPeer(contender) && !peers) return false
  return sessionless || contender.wire !== 'sessionless'
}

/** Peers, and ways of talking that are compared with peers only, are measured at one number of connections. */
function takesPartAt(n: number, contender: Contender): boolean {
  return n === MAIN || (!isPeer(contender) && contender.wire !== 'sessionless')
}

/** The name of a contender's group of sessions in the load process. */
const groupOf = (each: Case, contender: Contender) => `latency ${each.name} ${contender.name}`

async function prepare(bench: Bench, each: Case, contender: Contender): Promise<void> {
  const server = await bench.server(contender, each.setup)
  const sessionId = await openSession(contender, server.port, each.setup.guarded)
  each.check(await ask(server.port, each.request(contender, sessionId)))
  if (each.setup.guarded !== undefined && contender.family !== 'floor')
    await refusesStrangers(server.port, contender)
  const connections = each.connections.filter((n) => takesPartAt(n, contender))
  if (contender.wire === 'session') {
    await openSessions(await bench.load, contender, {
      group: groupOf(each, contender),
      port: server.port,
      count: Math.max(...connections),
      guarded: each.setup.guarded ?? false,
    })
  }
  const most = Math.max(...connections.filter((n) => n <= MAIN))
  await warmUp(
    bench,
    contender,
    async (seconds) => (await run(bench, each, contender, server, most, seconds)).perSecond,
  )
}

/** Seconds of load after which it is looked at whether throughput still grows, and how many of them peers get. */
const WARM_UP = { slice: 2, leastOfPeers: 3, mostOfPeers: 8 }
/**
 * Seconds of load before a turn of a server that waited for longer: meanwhile collections have taken what the engine had
 * learnt of objects of which none is left, and any server would show half of its throughput or less. Short enough that
 * the others, without peers, do not wait for so long because of it.
 */
const AGAIN = { afterMs: 8000, seconds: 0.7, ofPeers: 1.5 }
/** When each server had its last request. */
const lastAsked = new WeakMap<ServerProcess, number>()

function warmUpSeconds({ quick }: Bench, contender: Contender): number {
  if (quick) return 0.3
  return isPeer(contender) ? 8 : WARM_UP.slice
}

/** Estimate for one turn: all wait in the rounds that peers take part in, and before the first one. */
function againSeconds(bench: Bench, contender: Contender, among: readonly Contender[]): number {
  if (bench.quick) return 0
  if (isPeer(contender)) return AGAIN.ofPeers
  const waits = among.some(isPeer) ? 4 : 1
  return (AGAIN.seconds * waits) / turnsOf(bench, contender, MAIN).rounds
}

/** A server that is new compiles as it goes, one with more code for longer: after 4 s some peers were still to treble. */
async function warmUp(bench: Bench, contender: Contender, load: (seconds: number) => Promise<number>) {
  const slice = bench.quick ? warmUpSeconds(bench, contender) : WARM_UP.slice
  const slices = isPeer(contender) && !bench.quick ? WARM_UP.mostOfPeers : 1
  let best = 0
  for (let i = 0; i < slices; i++) {
    const perSecond = await load(slice)
    if (i >= WARM_UP.leastOfPeers && perSecond < best * 1.05) return
    best = Math.max(best, perSecond)
  }
}

/** A guard that lets everyone in would be fast. */
async function refusesStrangers(port: number, contender: Contender): Promise<void> {
  const { status } = await ask(port, rpc(contender.wire, 'tools/list', {}))
  if (status !== 401) throw new Error(`a request without token was answered with ${status}, expected 401`)
}

/** Does the handshake as a client does it. @returns the session id, where this way of talking has one */
export async function openSession(
  { wire, version }: Contender,
  port: number,
  guarded: Guarded = false,
): Promise<string | undefined> {
  if (wire === 'stateless') return undefined
  const answer = await ask(port, initialize({ guarded, version }))
  resultOf(answer)
  const { sessionId } = answer
  if (wire === 'session' && sessionId === undefined) throw new Error('initialize gave no Mcp-Session-Id')
  if (wire === 'sessionless') return undefined
  const { status } = await ask(port, initialized({ sessionId, guarded, version }))
  if (status !== 202) throw new Error(`notifications/initialized was answered with ${status}, expected 202`)
  return sessionId
}

async function run(
  bench: Bench,
  each: Case,
  contender: Contender,
  server: ServerProcess,
  connections: number,
  seconds: number,
): Promise<RequestFigures & { readonly cpuPerCall: number; readonly busy: number }> {
  const load = await bench.load
  const before = await server.cpu()
  const figures = await load.call<RequestFigures>('loadRequests', {
    port: server.port,
    connections,
    seconds,
    request: each.request(contender),
    ...(contender.wire === 'session' && { group: groupOf(each, contender) }),
    status: 200,
    needle: each.needle,
  })
  const after = await server.cpu()
  lastAsked.set(server, performance.now())
  const cpu = after.cpu - before.cpu
  return { ...figures, cpuPerCall: cpu / figures.requests, busy: cpu / (after.at - before.at) }
}

async function measure(
  bench: Bench,
  each: Case,
  contender: Contender,
  connections: number,
  seconds: number,
  round: number,
): Promise<void> {
  const server = await bench.server(contender, each.setup)
  const waited = performance.now() - (lastAsked.get(server) ?? 0)
  if (!bench.quick && waited > AGAIN.afterMs) {
    const seconds = isPeer(contender) ? AGAIN.ofPeers : AGAIN.seconds
    await run(bench, each, contender, server, connections, seconds)
  }
  const figures = await run(bench, each, contender, server, connections, seconds)
  const add = (metric: string, unit: string, value: number) =>
    bench.collector.add(
      { part: 'latency', case: each.name, n: connections, contender: contender.name, metric },
      unit,
      value,
      round,
    )
  add('throughput', 'requests/s', figures.perSecond)
  add('p50', 'µs', figures.p50)
  add('p99', 'µs', figures.p99)
  add('p99.9', 'µs', figures.p999)
  add('cpu', 'µs/call', figures.cpuPerCall)
  add('server-busy', 'of a core', figures.busy)
  add('load-busy', 'of a core', figures.loadBusy)
}
