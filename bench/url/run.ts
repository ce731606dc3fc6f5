/**
 * `npm run bench -- --url URL`: what any MCP server does, seen from outside. Nothing is assumed of it; what it does
 * not offer is said, not counted as a failure. Rates, counts and times are bounded (options.ts), and the sessions that
 * were opened are ended.
 */

import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { resultOf } from '../lib/check-answer.ts'
import { busyWarning, currentLoad } from '../lib/machine.ts'
import type { Wire } from '../lib/setup.ts'
import { formatNumber } from '../lib/table.ts'
import { callTool, initialize, initialized, listen, rpc, subscribe, type WireRequest } from '../lib/wire.ts'
import { loadRequests } from '../load/requests.ts'
import { keepSessions } from '../load/sessions.ts'
import { type OpenStream, UrlClient } from './client.ts'
import { describeProcess, findListeners, residentBytes } from './listeners.ts'
import type { UrlOptions } from './options.ts'

/** Longest wait for a keep-alive comment; 15 s is a common interval. */
const KEEP_ALIVE_WAIT_MS = 20_000

interface Way {
  readonly wire: Wire
  readonly version: string | undefined
}

/** Measures a server and prints what was found. @throws {Error} when it speaks no MCP over HTTP that we know */
export async function measureUrl(options: UrlOptions): Promise<void> {
  const client = new UrlClient(options.url, options.headers)
  const print = (name: string, text: string) => console.log(`${name.padEnd(34)} ${text}`)
  const busy = busyWarning({ loadBefore: currentLoad(), cores: cpus().length })
  if (busy !== undefined) print('warning', busy)
  // Before anything is sent: a wrong pid is not worth a minute of load.
  const memory = memoryReader(options, print)
  const ways = await detect(client)
  print('server', ways.map(describe).join('; '))
  const atRest = memory()
  if (atRest !== undefined) print('memory at rest', `${formatNumber(atRest / 1e6)} MB resident`)
  for (const way of ways) {
    await measureCalls(client, options, way, print)
  }
  const beforeSessions = memory()
  const withSessions = ways.find(({ wire }) => wire === 'session')
  const ids = withSessions === undefined ? [] : await measureSessions(client, options, withSessions, print)
  const before = memory()
  if (beforeSessions !== undefined && before !== undefined && ids.length > 0) {
    const each = (before - beforeSessions) / ids.length
    print('memory per session', `${formatNumber(each)} bytes resident, garbage of the requests included`)
  }
  for (const way of ways) {
    if (way.wire !== 'sessionless') await measureStreams(client, options, way, ids, memory, print)
  }
  for (const id of ids) await client.ask(bodiless('DELETE', id, withSessions?.version)).catch(() => undefined)
}

/** Asks in both eras which of them is understood. */
async function detect(client: UrlClient): Promise<Way[]> {
  const ways: Way[] = []
  const refusals: string[] = []
  try {
    resultOf(await client.ask(rpc('stateless', 'server/discover', {})))
    ways.push({ wire: 'stateless', version: undefined })
  } catch (error) {
    refusals.push(`2026-07-28: ${(error as Error).message}`)
  }
  try {
    const answer = await client.ask(initialize())
    const { protocolVersion } = resultOf(answer) as { readonly protocolVersion?: string }
    ways.push({ wire: answer.sessionId === undefined ? 'sessionless' : 'session', version: protocolVersion })
    const { sessionId } = answer
    if (sessionId !== undefined) {
      await client.ask(bodiless('DELETE', sessionId, protocolVersion)).catch(() => undefined)
    }
  } catch (error) {
    refusals.push(`initialize: ${(error as Error).message}`)
  }
  if (ways.length === 0)
    throw new Error(`this speaks no MCP over HTTP that is known here:\n${refusals.join('\n')}`)
  return ways
}

function describe({ wire, version }: Way): string {
  if (wire === 'stateless') return 'stateless era, 2026-07-28'
  return `session era, ${version}, ${wire === 'session' ? 'with sessions' : 'without sessions'}`
}

type Print = (name: string, text: string) => void

async function openSession(client: UrlClient, { version }: Way): Promise<string> {
  const { sessionId } = await client.ask(initialize({ version }))
  if (sessionId === undefined) throw new Error('initialize gave no Mcp-Session-Id')
  await client.ask(initialized({ sessionId, version }))
  return sessionId
}

async function measureCalls(client: UrlClient, options: UrlOptions, way: Way, print: Print): Promise<void> {
  const { wire, version } = way
  const { tool, args, url, seconds, maxRate } = options
  const make = (sessionId?: string): WireRequest =>
    tool === undefined
      ? rpc(wire, 'tools/list', {}, { sessionId, version })
      : callTool(wire, tool, args, { sessionId, version })
  const ids: string[] = []
  const count = wire === 'session' ? options.connections : 0
  for (let i = 0; i < count; i++) ids.push(await openSession(client, way))
  const result = resultOf(await client.ask(make(ids[0])))
  if (result['isError'] === true) {
    print(`${wire} ${tool}`, `answers with an error, not measured: ${JSON.stringify(result).slice(0, 200)}`)
    return
  }
  const request = make()
  if (count > 0) keepSessions('url', ids, version)
  for (const connections of new Set([1, options.connections])) {
    const figures = await loadRequests({
      url: url.href,
      connections,
      seconds,
      request: { ...request, headers: client.headers(request) },
      ...(count > 0 && { group: 'url' }),
      ...(Number.isFinite(maxRate) && { rate: maxRate }),
      status: 200,
      needle: '"result"',
    })
    const { perSecond, p50, p99, p999 } = figures
    print(
      `${wire} ${tool ?? 'tools/list'}, ${connections} connections`,
      `${formatNumber(perSecond)} requests/s, p50 ${formatNumber(p50)} µs, p99 ${formatNumber(p99)} µs, p99.9 ${formatNumber(p999)} µs`,
    )
  }
  for (const id of ids) await client.ask(bodiless('DELETE', id, version)).catch(() => undefined)
}

async function measureSessions(
  client: UrlClient,
  options: UrlOptions,
  way: Way,
  print: Print,
): Promise<string[]> {
  const wanted = Math.max(options.sessions, options.streams)
  const ids: string[] = []
  const began = performance.now()
  let started = 0
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (started < wanted) {
        // Two requests for each session.
        const due = began + (started++ * 2000) / options.maxRate
        if (due > performance.now()) await sleep(due - performance.now())
        ids.push(await openSession(client, way))
      }
    }),
  )
  const perSecond = (wanted / (performance.now() - began)) * 1000
  print(
    'sessions',
    `${wanted} opened, ${formatNumber(perSecond)} sessions/s (8 connections at a time, new ones each)`,
  )
  return ids
}

async function measureStreams(
  client: UrlClient,
  options: UrlOptions,
  { wire, version }: Way,
  ids: readonly string[],
  memory: () => number | undefined,
  print: Print,
): Promise<void> {
  const what = wire === 'session' ? 'GET streams' : 'subscriptions/listen streams'
  const streams: OpenStream[] = []
  const before = memory()
  const began = performance.now()
  try {
    for (let i = 0; i < options.streams; i++) {
      const due = began + (i * 1000) / options.maxRate
      if (due > performance.now()) await sleep(due - performance.now())
      streams.push(await client.open(wire === 'session' ? listen(ids[i] as string, version) : subscribe()))
    }
    const perSecond = (streams.length / (performance.now() - began)) * 1000
    print(what, `${streams.length} opened one after the other, ${formatNumber(perSecond)} streams/s`)
  } catch (error) {
    print(what, `${streams.length} opened, then: ${(error as Error).message}`)
  }
  const after = memory()
  if (before !== undefined && after !== undefined && streams.length > 0) {
    print(`memory per stream`, `${formatNumber((after - before) / streams.length)} bytes resident`)
  }
  const [first] = streams
  if (first !== undefined && options.quick) print(`keep-alive on ${what}`, 'not waited for (--quick)')
  else if (first !== undefined) await measureKeepAlive(first, what, print)
  if (first !== undefined && wire === 'session') {
    print('resumption', await resumption(client, first, ids[0] as string, version))
  }
  for (const stream of streams) stream.close()
}

async function measureKeepAlive(first: OpenStream, what: string, print: Print): Promise<void> {
  const from = performance.now()
  const seen = () => first.arrivals.find((at) => at > from + 500)
  while (seen() === undefined && !first.closed && performance.now() - from < KEEP_ALIVE_WAIT_MS)
    await sleep(100)
  const at = seen()
  const text =
    at === undefined
      ? `nothing within ${KEEP_ALIVE_WAIT_MS / 1000} s`
      : `after ${formatNumber((at - from) / 1000)} s`
  print(`keep-alive on ${what}`, first.closed && at === undefined ? 'the server closed an idle stream' : text)
}

async function resumption(
  client: UrlClient,
  stream: OpenStream,
  sessionId: string,
  version: string | undefined,
): Promise<string> {
  if (stream.lastEventId === '') return 'no event id was seen on the GET stream, so it cannot be resumed'
  stream.close()
  try {
    const again = await client.open(listen(sessionId, version, stream.lastEventId))
    again.close()
    return 'a GET with Last-Event-ID is answered with the stream'
  } catch (error) {
    return `a GET with Last-Event-ID is refused: ${(error as Error).message}`
  }
}

function bodiless(method: 'DELETE', sessionId: string, version: string | undefined): WireRequest {
  return { ...listen(sessionId, version), method, body: '' }
}

/** Resident memory of the server, in bytes; of all of its processes, where several share the port. */
function memoryReader({ pid, url }: UrlOptions, print: Print): () => number | undefined {
  if (pid === undefined) return () => undefined
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const pids = findListeners(pid, port)
  print('memory is read of', pids.map(describeProcess).join(', '))
  return () => pids.reduce((sum, each) => sum + residentBytes(each), 0)
}
