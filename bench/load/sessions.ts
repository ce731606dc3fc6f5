/**
 * Sessions by the thousand. Their ids stay in this process; the parts name a group of them.
 */

import type { Guarded } from '../lib/setup.ts'
import { callTool, initialize, initialized, SESSION_VERSION, toBytes } from '../lib/wire.ts'
import { onConnections } from './connection.ts'

interface Group {
  readonly ids: readonly string[]
  readonly version: string | undefined
}

/** Lifecycle: from `createSessions` to `forgetSessions`. */
const groups = new Map<string, Group>()

export interface CreateSessions {
  readonly group: string
  readonly port: number
  readonly count: number
  /** Also send `notifications/initialized`, as real clients do. */
  readonly complete: boolean
  /** Send the bearer token. */
  readonly guarded?: Guarded
  /** Revision that the sessions speak. */
  readonly version?: string
  /** @defaultValue 32 */
  readonly connections?: number
}

/** @returns the time that it took, in milliseconds */
export async function createSessions(options: CreateSessions): Promise<number> {
  const { group, port, count, complete, guarded = false, version, connections = 32 } = options
  const ids: string[] = new Array(count).fill('')
  const hello = toBytes(initialize({ guarded, version }), port)
  const began = performance.now()
  await onConnections(port, connections, count, async (connection, index) => {
    const { status, sessionId } = await connection.send(hello)
    if (status !== 200 || sessionId === undefined) {
      throw new Error(`initialize: status ${status}, ${sessionId === undefined ? 'no session id' : ''}`)
    }
    ids[index] = sessionId
    if (!complete) return
    const answer = await connection.send(toBytes(initialized({ sessionId, guarded, version }), port))
    if (answer.status !== 202) throw new Error(`notifications/initialized: status ${answer.status}`)
  })
  groups.set(group, { ids, version })
  return performance.now() - began
}

/** Makes a group of sessions that were opened elsewhere. */
export function keepSessions(name: string, ids: readonly string[], version: string | undefined): void {
  groups.set(name, { ids, version })
}

export function sessionsOf(name: string): Group {
  const group = groups.get(name)
  if (group === undefined) throw new Error(`there is no group of sessions called ${name}`)
  return group
}

export function forgetSessions({ group }: { readonly group: string }): void {
  groups.delete(group)
}

export interface CallEach {
  readonly group: string
  readonly port: number
  readonly tool: string
  readonly args: { readonly [name: string]: unknown }
  /** Text that the answer holds; for a streamed answer, the messages it must have. */
  readonly needle?: string
  readonly messages?: number
}

/** Calls a tool once in each session. */
export async function callEach({ group, port, tool, args, needle, messages }: CallEach): Promise<void> {
  const { ids, version } = sessionsOf(group)
  await onConnections(port, 32, ids.length, async (connection, index) => {
    const sessionId = ids[index]
    const before = connection.counter.count
    const request = callTool('session', tool, args, {
      sessionId,
      version,
      ...(messages !== undefined && { progressToken: 't' }),
    })
    const answer = await connection.send(toBytes(request, port))
    if (answer.status !== 200) throw new Error(`tools/call: status ${answer.status}`)
    // Some servers answer every call with a stream; what it says was checked before.
    const streamed = answer.messages - before
    if (messages !== undefined && streamed !== messages) {
      throw new Error(`tools/call: ${streamed} messages, expected ${messages}`)
    }
    if (messages === undefined && streamed !== 1 && needle !== undefined && !answer.body.includes(needle)) {
      throw new Error(`tools/call: an unexpected answer, ${answer.body.slice(0, 200)}`)
    }
  })
}

/** Ends all sessions of a group. */
export async function deleteSessions({ group, port }: { group: string; port: number }): Promise<void> {
  const { ids, version } = sessionsOf(group)
  await onConnections(port, 32, ids.length, async (connection, index) => {
    const head = `DELETE /mcp HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nmcp-session-id: ${ids[index]}\r\nmcp-protocol-version: ${version ?? SESSION_VERSION}\r\n\r\n`
    const { status } = await connection.send(Buffer.from(head))
    if (status !== 200 && status !== 204) throw new Error(`DELETE: status ${status}`)
  })
}
