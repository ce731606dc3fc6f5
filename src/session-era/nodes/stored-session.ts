/**
 * A session in the store: the record, written once at `initialize`, and the fields that change later.
 *
 *    record          [1, revision, client info, capabilities, principal, sequence of the last change before it]
 *    level           the log level that the client has set
 *    delivered       the last sequence number that was written to its standalone stream
 *    sub <uri>       { from, scopes, node } of a subscription
 *
 * What cannot be read was not written by this library, or by a newer version of it: for this node there is no such session.
 */

import { LOG_RANK } from '../../protocol/log-levels.ts'
import type { ClientCapabilities, Implementation, LogLevel } from '../../protocol/wire-types.ts'
import type { StoredSession } from '../../store/session-store.ts'
import { type InitializeParams, readInitializeParams } from '../handshake.ts'
import { findRevision } from '../revisions.ts'
import type { Session } from '../session.ts'

const VERSION = 1
const SUBSCRIPTION = 'sub '

export const Field = {
  level: 'level',
  delivered: 'delivered',
  subscription: (uri: string) => SUBSCRIPTION + uri,
} as const

export interface StoredSubscription {
  /** Sequence number of the last change before it. */
  readonly from: number
  /** What listening to it needs. */
  readonly scopes?: readonly string[] | undefined
  /** The node that watches the resource for it; undefined: none does. */
  readonly node?: string | undefined
}

/** What a node needs to serve a session that began on another one. */
export interface SessionState {
  readonly params: InitializeParams
  readonly principalId: string | undefined
  readonly logLevel: LogLevel | undefined
  readonly changesFrom: number
  readonly delivered: number
  readonly subscriptions: ReadonlyMap<string, StoredSubscription>
}

export function recordText({ record, changesFrom }: Session): string {
  const { protocolVersion, peer, principalId } = record
  const { info, capabilities } = peer
  return JSON.stringify([VERSION, protocolVersion, info, capabilities, principalId ?? null, changesFrom])
}

/** @throws {Error} it cannot be read */
export function readStored({ record, fields }: StoredSession): SessionState {
  const [version, revisionName, clientInfo, capabilities, principalId, changesFrom] = JSON.parse(record) as [
    number,
    string,
    Implementation,
    ClientCapabilities,
    string | null,
    number,
  ]
  if (version !== VERSION || findRevision(revisionName) === undefined) throw new Error('unknown version')
  const params = readInitializeParams({ protocolVersion: revisionName, capabilities, clientInfo })
  const subscriptions = new Map<string, StoredSubscription>()
  for (const [name, text] of fields) {
    if (name.startsWith(SUBSCRIPTION)) {
      subscriptions.set(name.slice(SUBSCRIPTION.length), readSubscription(JSON.parse(text)))
    }
  }
  return {
    params,
    principalId: principalId === null ? undefined : checked(principalId, 'string'),
    logLevel: readLevel(fields.get(Field.level)),
    changesFrom: checked(changesFrom, 'number'),
    delivered: Number(fields.get(Field.delivered) ?? 0) || 0,
    subscriptions,
  }
}

/** @returns undefined: it is none */
export function readLevel(level: unknown): LogLevel | undefined {
  return typeof level === 'string' && LOG_RANK.has(level) ? (level as LogLevel) : undefined
}

/** @throws {Error} it is none */
export function readSubscription(value: unknown): StoredSubscription {
  const { from, scopes, node } = value as StoredSubscription
  if (scopes !== undefined && !Array.isArray(scopes)) throw new Error('scopes are no array')
  return {
    from: checked(from, 'number'),
    scopes: scopes?.map((scope) => checked(scope, 'string')),
    node: node === undefined ? undefined : checked(node, 'string'),
  }
}

function checked<T>(value: T, type: 'string' | 'number'): T {
  if (typeof value === type) return value
  throw new Error(`a ${typeof value} where a ${type} was expected`)
}
