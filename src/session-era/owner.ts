/**
 * The principal that sessions belong to, with what it may take of the places and the memory of all.
 *
 * Not here: who that is (the entrance verifies it), what the limits are (session-table.ts).
 */

import { ownText, textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList } from '../bounds/linked-list.ts'
import type { Shared } from './shared.ts'
import type { StandaloneStream } from './standalone-stream.ts'

/** Beside the id. Measured: 140. */
const OWNER_BYTES = 192

export class Owner<Session> implements Shared {
  /** The id of the principal. */
  readonly key: string
  readonly bytes: number
  sessions = 0
  /** Bytes of what its clients sent and its sessions keep, text that others keep too included. */
  kept = 0
  /** Those of its sessions that nobody uses, longest idle first. */
  readonly idle = new LinkedList<Ownership<Session>>()
  /** Open ones of its sessions. Lifecycle: from the first one. */
  standaloneStreams: Set<StandaloneStream> | undefined = undefined

  constructor(principalId: string) {
    this.key = ownText(principalId)
    this.bytes = OWNER_BYTES + textBytes(principalId)
  }
}

/** That a session belongs to a principal; its place among the idle ones. */
export class Ownership<Session> implements Linked<Ownership<Session>> {
  readonly owner: Owner<Session>
  readonly session: Session
  previous: Ownership<Session> | undefined = undefined
  next: Ownership<Session> | undefined = undefined

  constructor(owner: Owner<Session>, session: Session) {
    this.owner = owner
    this.session = session
  }
}
