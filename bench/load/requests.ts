/**
 * Load of requests on keep-alive connections, by autocannon: each connection sends its next request when it has the
 * answer to the last one.
 *
 * Autocannon keeps latencies in whole milliseconds; most calls here take less. So each one is taken from its
 * `response` event, which has the nanoseconds, and percentiles are exact, not of buckets.
 *
 * Tricks that are defeated: every status is looked at, one body in 64 must hold the expected text, and the CPU time
 * of this process comes back too, so that a run that was limited by its client can be told.
 */

import autocannon from 'autocannon'
import type { WireRequest } from '../lib/wire.ts'
import { sessionsOf } from './sessions.ts'

export interface RequestLoad {
  /** Of a server of ours on this machine. */
  readonly port?: number
  /** Of any other one. */
  readonly url?: string
  /** Requests a second at most, over all connections. */
  readonly rate?: number
  readonly connections: number
  /** How long, or how many requests. */
  readonly seconds?: number
  readonly amount?: number
  readonly request: WireRequest
  /** Sessions of the connections, in turn: a group that was created here. Absent: none is sent. */
  readonly group?: string
  readonly status: number
  /** Text that every answer holds. */
  readonly needle: string
}

export interface RequestFigures {
  readonly requests: number
  readonly perSecond: number
  /** Latencies in microseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Share of one core that the load process used, 0 to 1. */
  readonly loadBusy: number
}

/** Answers between two looks at a body. */
const SAMPLE = 64

/** @throws {Error} when any answer was not as expected */
export async function loadRequests(load: RequestLoad): Promise<RequestFigures> {
  const {
    port,
    url = `http://127.0.0.1:${port}/mcp`,
    rate,
    connections,
    seconds,
    amount,
    request,
    group,
    status,
    needle,
  } = load
  const ids = group === undefined ? [] : sessionsOf(group).ids
  const latencies: number[] = []
  let seen = 0
  let wrongBodies = 0
  let last = 0
  let began = 0
  let client = 0
  const statuses = new Map<number, number>()
  const cpu = process.cpuUsage()
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url,
        ...(rate !== undefined && { overallRate: rate }),
        method: 'POST',
        headers: { ...request.headers },
        body: request.body,
        connections,
        ...(amount === undefined ? { duration: seconds } : { amount }),
        sampleInt: 100,
        // A number of requests is for servers that valgrind slows down.
        timeout: amount === undefined ? 20 : 120,
        setupClient: (each: autocannon.Client) => {
          const id = ids[client++ % ids.length]
          if (id !== undefined) each.setHeaders({ ...request.headers, 'mcp-session-id': id })
        },
        verifyBody: (body: unknown) => {
          seen += 1
          if (seen % SAMPLE === 1 && !String(body).includes(needle)) wrongBodies += 1
          return true
        },
      } as autocannon.Options,
      (error, value) => (error == null ? resolve(value) : reject(error)),
    )
    began = performance.now()
    instance.on('response', (_client, code, _bytes, milliseconds) => {
      latencies.push(milliseconds)
      if (code !== status) statuses.set(code, (statuses.get(code) ?? 0) + 1)
      last = performance.now()
    })
  })
  const used = process.cpuUsage(cpu)
  if (statuses.size > 0) {
    const list = [...statuses].map(([code, times]) => `${times} x ${code}`).join(', ')
    throw new Error(`answers with another status than ${status}: ${list}`)
  }
  if (result.errors > 0 || result.timeouts > 0) {
    throw new Error(`${result.errors} connection errors, ${result.timeouts} timeouts`)
  }
  if (wrongBodies > 0) throw new Error(`${wrongBodies} of the sampled bodies lack ${JSON.stringify(needle)}`)
  if (latencies.length === 0) throw new Error('there was no answer at all')
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 1000
  const milliseconds = last - began
  return {
    requests: latencies.length,
    perSecond: (latencies.length / milliseconds) * 1000,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    loadBusy: (used.user + used.system) / 1000 / milliseconds,
  }
}
