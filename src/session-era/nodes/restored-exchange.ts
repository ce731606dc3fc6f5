/**
 * The request of a subscription that came to another node, as far as it is known here: its session, and that its caller
 * was the session's principal. For functions of the application that are given a `ctx`.
 */

import { Abortable } from '../../dispatch/abortable.ts'
import type { Peer, Principal, RpcExchange } from '../../dispatch/rpc-exchange.ts'
import type { RequestHeaders } from '../../http/http-exchange.ts'
import type { RevisionName } from '../../protocol/revisions.ts'
import type { LogLevel } from '../../protocol/wire-types.ts'
import type { Session } from '../session.ts'

const NO_HEADERS: RequestHeaders = {}

export class RestoredExchange extends Abortable implements RpcExchange {
  readonly messageRate = undefined
  readonly request = undefined
  readonly clientInput = undefined
  cacheHint = undefined
  readonly #session: Session

  constructor(session: Session) {
    super()
    this.#session = session
  }

  get revision(): RevisionName {
    return this.#session.revision.name
  }

  get peer(): Peer {
    return this.#session.peer
  }

  get principal(): Principal | undefined {
    const { principalId } = this.#session.record
    return principalId === undefined ? undefined : { id: principalId }
  }

  get logLevel(): LogLevel | undefined {
    return this.#session.record.logLevel
  }

  get sessionId(): string {
    return this.#session.id
  }

  get headers(): RequestHeaders {
    return NO_HEADERS
  }

  /** It was answered long ago. */
  notify(): undefined {}

  closeStream(): void {}
}
