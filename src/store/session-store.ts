/**
 * The session store: the records of sessions, so that a session outlives the process that opened it. A record is written
 * once; what changes later are its fields, each by itself, so that two nodes do not overwrite each other's changes.
 *
 * All methods reject with `McpError` `ERR_STORE_UNAVAILABLE` while the store cannot be reached.
 */

export interface StoredSession {
  /** As it was created. */
  readonly record: string
  /** By name: as `setField` left them. */
  readonly fields: ReadonlyMap<string, string>
}

export interface SessionStore {
  /**
   * Stores a new session.
   *
   * @param ttlMs - how long it lives without `touch`; 0: for ever
   */
  create(sessionId: string, record: string, ttlMs: number): Promise<void>
  /** Finds a session. @returns undefined: unknown, expired or deleted; also where what is stored is not of this library */
  read(sessionId: string): Promise<StoredSession | undefined>
  /**
   * Sets or deletes a field of a session, if it exists.
   *
   * @param value - undefined: deletes it
   */
  setField(sessionId: string, name: string, value: string | undefined, ttlMs: number): Promise<void>
  /**
   * Begins the time to live anew, of the record and its fields.
   *
   * @param record - written again where the store has lost it; not where the session was deleted
   * @returns false: the session was deleted
   */
  touch(sessionId: string, record: string, ttlMs: number): Promise<boolean>
  /** Deletes a session for good: `touch` does not bring it back. @returns whether there was one */
  delete(sessionId: string, ttlMs: number): Promise<boolean>
}
