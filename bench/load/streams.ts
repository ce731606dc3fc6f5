/**
 * Event streams by the thousand: opened and held, told of a change, read as fast as they come, or not read at all.
 *
 * Open streams are spread over several loopback addresses where the system has them (Linux), because one address
 * has only so many ports.
 */

import type { JsonObject } from '../../src/protocol/wire-types.ts'
import type { Wire } from '../lib/setup.ts'
import { callTool, listen, subscribe, toBytes } from '../lib/wire.ts'
import { Connection } from './connection.ts'
import { sessionsOf } from './sessions.ts'

/** Lifecycle: from `openStreams` or `openSlowReaders` to `closeStreams`. */
const open = new Map<string, Connection[]>()
/** Lifecycle: from `armStreams` to the end of `awaitStreams`. */
const armed = new Map<string, Promise<StreamNews>>()

/** Connections that are being opened at the same time. */
const AT_ONCE = 128
const ADDRESSES = process.platform === 'linux' ? 8 : 1

export interface OpenStreams {
  readonly name: string
  readonly port: number
  readonly count: number
  /** GET streams of these sessions; absent: `subscriptions/listen`. */
  readonly group?: string
}

/** @returns the time that it took, in milliseconds */
export async function openStreams({ name, port, count, group }: OpenStreams): Promise<number> {
  const sessions = group === undefined ? undefined : sessionsOf(group)
  const shared = toBytes(subscribe(), port)
  const connections: Connection[] = []
  let next = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, count) }, async () => {
      while (next < count) {
        const index = next++
        const address = ADDRESSES === 1 ? undefined : `127.0.0.${2 + (index % ADDRESSES)}`
        const connection = new Connection(port, address)
        connections.push(connection)
        await opened(
          connection,
          sessions === undefined
            ? shared
            : toBytes(listen(sessions.ids[index] as string, sessions.version), port),
        )
      }
    }),
  )
  open.set(name, connections)
  return performance.now() - began
}

function opened(connection: Connection, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.onStreamOpen = resolve
    connection
      .send(request)
      .then(
        ({ status, body }) =>
          reject(new Error(`a stream ended or was refused: ${status} ${body.slice(0, 200)}`)),
        reject,
      )
  })
}

export interface StreamNews {
  /** When the last stream had its messages: microseconds of the clock that all processes share. */
  readonly lastAt: number
  /** Streams that never got them. */
  readonly missing: number
}

/** Longest wait for news. */
const NEWS_MS = 20_000

export interface ArmStreams {
  readonly name: string
  /** Look for news without ever sleeping. For a process that has a core to itself. */
  readonly poll?: boolean
}

/** Begins to watch for one more message on each stream. */
export function armStreams({ name, poll = false }: ArmStreams): void {
  const connections = connectionsOf(name)
  const news = new Promise<StreamNews>((resolve) => {
    let missing = connections.length
    const timer = setTimeout(() => {
      resolve({ lastAt: now(), missing })
      missing = 0
    }, NEWS_MS)
    const again = () => {
      if (missing > 0) setImmediate(again)
    }
    if (poll) again()
    for (const connection of connections) {
      const target = connection.counter.count + 1
      connection.onStreamData = () => {
        if (connection.counter.count < target) return
        connection.onStreamData = undefined
        missing -= 1
        if (missing > 0) return
        clearTimeout(timer)
        resolve({ lastAt: now(), missing })
      }
    }
  })
  armed.set(name, news)
}

export async function awaitStreams({ name }: { readonly name: string }): Promise<StreamNews> {
  const news = armed.get(name)
  if (news === undefined) throw new Error(`nobody watches the streams called ${name}`)
  armed.delete(name)
  return await news
}

/** Messages that have come so far, over all streams, and how many of them are still open. */
export function countStreams({ name }: { readonly name: string }): { messages: number; open: number } {
  const connections = connectionsOf(name)
  return {
    messages: connections.reduce((sum, { counter }) => sum + counter.count, 0),
    open: connections.filter(({ closed }) => !closed).length,
  }
}

export function closeStreams({ name }: { readonly name: string }): void {
  for (const connection of connectionsOf(name)) connection.reset()
  open.delete(name)
}

export interface StreamCalls {
  readonly port: number
  readonly wire: Wire
  readonly group?: string
  readonly connections: number
  /** Progress messages of each call; its result comes on top. */
  readonly count: number
  /** Calls on each connection, one after the other. */
  readonly calls: number
  /** Messages in one turn of the event loop. @defaultValue the contender's own */
  readonly batch?: number
}

/**
 * Reads streamed calls to their end, on connections that are there already.
 *
 * @returns messages and the time that they took, in milliseconds
 */
export async function streamCalls(options: StreamCalls): Promise<{ messages: number; milliseconds: number }> {
  const { port, wire, group, count, calls, batch } = options
  const connections = await connected(port, options.connections)
  const began = performance.now()
  try {
    await Promise.all(
      connections.map(async (connection, index) => {
        const request = progressCall(
          port,
          wire,
          { count, ...(batch !== undefined && { batch }) },
          group,
          index,
        )
        for (let call = 1; call <= calls; call++) {
          const { status, messages } = await connection.send(request)
          if (status !== 200 || messages !== call * (count + 1)) {
            throw new Error(
              `call ${call}: status ${status}, ${messages} messages, expected ${call * (count + 1)}`,
            )
          }
        }
      }),
    )
    return { messages: connections.length * calls * (count + 1), milliseconds: performance.now() - began }
  } finally {
    for (const connection of connections) connection.close()
  }
}

export interface SlowReaders {
  readonly name: string
  readonly port: number
  readonly wire: Wire
  readonly group?: string
  readonly connections: number
  readonly count: number
}

/** Sends streamed calls whose answers nobody reads. */
export async function openSlowReaders(options: SlowReaders): Promise<void> {
  const { name, port, wire, group, count } = options
  const connections = await connected(port, options.connections)
  for (const [index, connection] of connections.entries()) {
    // Its breaking is what a server may do to a reader like this.
    connection.send(progressCall(port, wire, { count }, group, index)).catch(() => {})
    connection.socket.pause()
  }
  open.set(name, connections)
}

/** Connections whose handshake is over, so that it is not timed. */
export async function connected(port: number, count: number): Promise<Connection[]> {
  const connections = Array.from({ length: count }, () => new Connection(port))
  await Promise.all(
    connections.map(
      ({ socket }) =>
        new Promise((resolve, reject) => {
          socket.once('connect', resolve)
          socket.once('error', reject)
        }),
    ),
  )
  return connections
}

function progressCall(port: number, wire: Wire, args: JsonObject, group: string | undefined, index: number) {
  const { ids, version } = group === undefined ? { ids: [], version: undefined } : sessionsOf(group)
  const sessionId = ids[index % ids.length]
  return toBytes(callTool(wire, 'progress', args, { sessionId, version, progressToken: 't' }), port)
}

function connectionsOf(name: string): readonly Connection[] {
  const connections = open.get(name)
  if (connections === undefined) throw new Error(`there are no streams called ${name}`)
  return connections
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
