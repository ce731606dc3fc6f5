/**
 * The workload of mcp-use's published comparison: users with a connection of their own, and a session where there are
 * sessions, each of which sends nine `tools/call` and one `tools/list`, over and over, the next request when the last
 * one is answered.
 */

import type { Wire } from '../lib/setup.ts'
import { callTool, initialize, initialized, rpc, toBytes } from '../lib/wire.ts'
import { type Answer, Connection } from './connection.ts'

const CALLS_TO_A_LIST = 9
/** Answers of a user between two that are looked at; coprime to the ten of a turn, so that lists are looked at too. */
const SAMPLE = 7

export interface MixLoad {
  readonly port: number
  readonly wire: Wire
  readonly version?: string
  readonly users: number
  readonly seconds: number
  readonly text: string
}

export interface MixFigures {
  readonly operations: number
  readonly perSecond: number
  /** Latencies in microseconds. */
  readonly p50: number
  readonly p95: number
  /** Share of one core that the load process used, 0 to 1. */
  readonly loadBusy: number
}

/** @throws {Error} when any answer was not as expected */
export async function loadMix(options: MixLoad): Promise<MixFigures> {
  const users = await Promise.all(Array.from({ length: options.users }, () => openUser(options)))
  const latencies: number[] = []
  const cpu = process.cpuUsage()
  const began = performance.now()
  const until = began + options.seconds * 1000
  try {
    await Promise.all(users.map((user) => user.run(until, latencies)))
  } finally {
    for (const user of users) user.connection.close()
  }
  const milliseconds = performance.now() - began
  const used = process.cpuUsage(cpu)
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1000
  return {
    operations: sorted.length,
    perSecond: (sorted.length / milliseconds) * 1000,
    p50: at(0.5),
    p95: at(0.95),
    loadBusy: (used.user + used.system) / 1000 / milliseconds,
  }
}

async function openUser({ port, wire, version, text }: MixLoad) {
  const connection = new Connection(port)
  let sessionId: string | undefined
  if (wire !== 'stateless') {
    const hello = await connection.send(toBytes(initialize({ version }), port))
    if (hello.status !== 200) throw new Error(`initialize: status ${hello.status}`)
    if (wire === 'session') sessionId = hello.sessionId
    const { status } = await connection.send(toBytes(initialized({ sessionId, version }), port))
    if (status !== 202) throw new Error(`notifications/initialized: status ${status}`)
  }
  const call = toBytes(callTool(wire, 'echo', { text }, { sessionId, version }), port)
  const list = toBytes(rpc(wire, 'tools/list', {}, { sessionId, version }), port)

  const run = async (until: number, latencies: number[]): Promise<void> => {
    let sent = 0
    for (let last = performance.now(); last < until; ) {
      const isList = sent % (CALLS_TO_A_LIST + 1) === CALLS_TO_A_LIST
      const before = connection.counter.count
      const answer = await connection.send(isList ? list : call)
      const now = performance.now()
      latencies.push(now - last)
      last = now
      if (answer.status !== 200) throw new Error(`status ${answer.status}: ${answer.body.slice(0, 200)}`)
      if (sent++ % SAMPLE === 0) look(answer, answer.messages - before, isList ? '"checked"' : text)
    }
  }
  return { connection, run }
}

/** What a stream says was checked before; here it must have said one message. */
function look({ body }: Answer, streamed: number, needle: string): void {
  if (streamed === 1 && body === '') return
  if (!body.includes(needle)) throw new Error(`an answer lacks ${needle}: ${body.slice(0, 200)}`)
}
