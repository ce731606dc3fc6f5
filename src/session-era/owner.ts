/**
 * The principal that sessions belong to, and how many sessions and bytes it uses.
 *
 * Not here: how a principal is verified (entrance.ts), what the limits are (session-table.ts).
 */

import { ownText, textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList } from '../bounds/linked-list.ts'
import type { Shared } from './shared-table.ts'
import type { StandaloneStream } from './standalone-stream.ts'

/** Heap bytes beside the id. Measured: 140. */
const OWNER_BYTES = 192

export class Owner<Session> implements Shared {
  /** The id of the principal. */
  readonly key: string
  readonly bytes: number
  sessions = 0
  /** Bytes that its sessions retain of what clients sent; text that sessions share counts for each of them. */
  bytesUsed = 0
  /** Its sessions without call and open stream, longest idle first. */
  readonly idle = new LinkedList<Ownership<Session>>()
  /** The open ones of its sessions. Lifecycle: from the first one. */
  standaloneStreams: Set<StandaloneStream> | undefined = undefined

  constructor(principalId: string) {
    this.key = ownText(principalId)
    this.bytes = OWNER_BYTES + textBytes(principalId)
  }
}

/** Links a session to its owner; an entry in the owner's list of idle sessions. */
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
