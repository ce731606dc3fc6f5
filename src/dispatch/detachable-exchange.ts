/**
 * The exchange of a call that may become a task, as both eras have it: it belongs to its request, and outlives it once
 * the request was answered with the task.
 *
 *    attached: aborts with its request --- exchange = undefined ---> detached: aborts by its task
 *
 * Invariant: nothing refers to the exchange of the request, and so to its connection, once `exchange` is undefined.
 * Not here: what makes it a task (session-era/task-call.ts, stateless-era/task-exchange.ts).
 */

import type { RevisionName } from '../protocol/revisions.ts'
import { Abortable } from './abortable.ts'
import type { Access, Peer, Principal, RpcExchange } from './rpc-exchange.ts'
import type { Rate } from './token-bucket.ts'

export abstract class DetachableExchange<Exchange extends RpcExchange> extends Abortable {
  readonly revision: RevisionName
  readonly peer: Peer
  readonly principal: Principal | undefined
  readonly access: Access | undefined
  readonly messageRate: Rate | undefined
  /** That of the request; undefined once the request was answered with a task. */
  protected exchange: Exchange | undefined
  #isFollowing = false

  constructor(exchange: Exchange) {
    super()
    this.revision = exchange.revision
    this.peer = exchange.peer
    this.principal = exchange.principal
    this.access = exchange.access
    this.messageRate = exchange.messageRate
    this.exchange = exchange
  }

  /** Follows that of the request until there is a task. */
  override get signal(): AbortSignal {
    if (!this.#isFollowing && this.exchange !== undefined) {
      this.#isFollowing = true
      follow(this.exchange.signal, this)
    }
    return super.signal
  }

  override get aborted(): boolean {
    return super.aborted || this.exchange?.aborted === true
  }

  /** Does nothing: a call that is to last becomes a task, and then needs no connection. */
  closeStream(): void {}
}

/** A function of its own: a closure in a method would retain the request's exchange for as long as the task. */
function follow(signal: AbortSignal, call: Abortable): void {
  if (signal.aborted) call.abort(signal.reason)
  else signal.addEventListener('abort', () => call.abort(signal.reason))
}
