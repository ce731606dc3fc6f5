/**
 * The principal that sessions belong to, with what it may take of the places and the memory of all.
 *
 * Not here: who that is (the entrance verifies it), what the limits are (session-table.ts).
 */

import { ownText, textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList } from '../bounds/linked-list.ts'
import type { StandaloneStream } from './http/standalone-stream.ts'
import type { Session } from './session.ts'
import type { Shared } from './shared.ts'

/** Beside the id. Measured: 140. */
const OWNER_BYTES = 192

export class Owner implements Shared {
  /** The id of the principal. */
  readonly key: string
  readonly bytes: number
  sessions = 0
  /** Bytes of what its clients sent and its sessions keep, text that others keep too included. */
  kept = 0
  /** Those of its sessions that nobody uses, longest idle first. */
  readonly idle = new LinkedList<Ownership>()
  /** Those with a connection. Lifecycle: from the first one. */
  listeners: Set<StandaloneStream> | undefined = undefined

  constructor(principalId: string) {
    this.key = ownText(principalId)
    this.bytes = OWNER_BYTES + textBytes(principalId)
  }
}

/** That a session belongs to a principal; its place among the idle ones. */
export class Ownership implements Linked<Ownership> {
  readonly owner: Owner
  readonly session: Session
  previous: Ownership | undefined = undefined
  next: Ownership | undefined = undefined

  constructor(owner: Owner, session: Session) {
    this.owner = owner
    this.session = session
  }
}
