/** The records of sessions in memory: bounded by their bytes, above which the one that was used longest ago goes. */

import { ExpiringMap } from '../bounds/expiring-map.ts'
import { textBytes } from '../bounds/heap-size.ts'
import type { StoredSession } from './session-store.ts'

/** Of a field, its place in a map. */
const FIELD_BYTES = 64

interface Session {
  /** Undefined: it was deleted, and `touch` does not bring it back. */
  readonly record: string | undefined
  readonly fields: Map<string, string>
}

export class MemorySessions {
  /** By id. Lifecycle: until it was not touched for its time to live. */
  readonly #sessions: ExpiringMap<Session>

  constructor(maxBytes: number) {
    this.#sessions = new ExpiringMap(Number.POSITIVE_INFINITY, maxBytes)
  }

  create(sessionId: string, record: string, ttlMs: number): void {
    this.#keep(sessionId, { record, fields: new Map() }, ttlMs)
  }

  read(sessionId: string): StoredSession | undefined {
    const { record, fields } = this.#sessions.find(sessionId) ?? {}
    return record === undefined ? undefined : { record, fields: new Map(fields) }
  }

  setField(sessionId: string, name: string, value: string | undefined, ttlMs: number): void {
    const session = this.#sessions.find(sessionId)
    if (session?.record === undefined) return
    if (value === undefined) session.fields.delete(name)
    else session.fields.set(name, value)
    this.#keep(sessionId, session, ttlMs)
  }

  touch(sessionId: string, record: string, ttlMs: number): boolean {
    const session = this.#sessions.find(sessionId) ?? { record, fields: new Map() }
    if (session.record === undefined) return false
    this.#keep(sessionId, session, ttlMs)
    return true
  }

  delete(sessionId: string, ttlMs: number): boolean {
    const existed = this.#sessions.find(sessionId)?.record !== undefined
    this.#keep(sessionId, { record: undefined, fields: new Map() }, ttlMs)
    return existed
  }

  #keep(sessionId: string, session: Session, ttlMs: number): void {
    const until = ttlMs === 0 ? Number.POSITIVE_INFINITY : Date.now() + ttlMs
    let bytes = textBytes(session.record ?? '')
    for (const [name, value] of session.fields) bytes += FIELD_BYTES + textBytes(name) + textBytes(value)
    this.#sessions.add(sessionId, session, until, bytes)
  }
}
