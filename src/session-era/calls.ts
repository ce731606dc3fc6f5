/**
 * Calls in flight: requests whose handler did not answer at once. They count against the limits, keep their session
 * from expiring, and outlive the connection for `disconnectGraceMs` where the client can resume the stream.
 *
 *                            the connection closes
 *    begin --> attached  ------------------------------>  detached --disconnectGraceMs--> cancelled
 *                 |      <------------------------------     |
 *                 |           the client reconnects          |
 *                 `------------------> end <-----------------'
 *
 * Every detached call waits equally long, so the map of them is in order of expiry.
 *
 * Invariant: `#deferred` holds the responses that began and did not end, and `#detached` is a part of it.
 */

import { InFlight } from '../dispatch/in-flight.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import { McpError, type RpcError } from '../jsonrpc/rpc-error.ts'
import type { CoarseClock } from './clock.ts'
import type { Session, SessionCall } from './session.ts'
import type { SessionTable } from './session-table.ts'

/** The response of a transport to one request or to one batch, whose answer comes in a later turn of the event loop. */
export interface DeferredResponse {
  readonly session: Session | undefined
  readonly principal: { readonly id: string } | undefined
  /** The requests, answered ones included. */
  readonly count: number
  /** Those that are not answered yet. */
  readonly exchanges: readonly (SessionCall & { readonly requestId: JsonRpcId })[]
  /** Aborts all of them; no response is sent. */
  cancel(reason: Error): void
  /** Aborts all of them, and sends the error. */
  fail(error: RpcError): void
}

export class Calls {
  readonly #limits: CallLimits
  readonly #table: SessionTable
  readonly #clock: CoarseClock
  readonly #graceMs: number
  readonly #deferred = new Set<DeferredResponse>()
  /** Those whose connection closed, with the time of the clock at which it did. */
  readonly #detached = new Map<DeferredResponse, number>()
  #onIdle: (() => void) | undefined

  /** @param graceMs - how long a call continues after its connection closed; 0: to its end */
  constructor(limits: CallLimits, table: SessionTable, clock: CoarseClock, graceMs: number) {
    this.#limits = limits
    this.#table = table
    this.#clock = clock
    this.#graceMs = graceMs
  }

  /** Responses whose connection closed and that wait for the client. */
  get detachedSize(): number {
    return this.#detached.size
  }

  begin(response: DeferredResponse): void {
    const { session } = response
    this.#deferred.add(response)
    this.#limits.inFlight.begin(response.principal?.id, response.count)
    if (session === undefined) return
    this.#table.use(session)
    session.inFlight ??= new InFlight()
    for (const exchange of response.exchanges) session.inFlight.add(exchange)
  }

  end(response: DeferredResponse): void {
    const { session } = response
    this.#deferred.delete(response)
    this.#detached.delete(response)
    this.#limits.inFlight.end(response.principal?.id, response.count)
    if (session !== undefined) this.#table.release(session)
    if (this.#deferred.size === 0) this.#onIdle?.()
  }

  /** The connection closed. Without a session the client cannot reconnect, so its calls are cancelled now. */
  detached(response: DeferredResponse): void {
    if (response.session === undefined) {
      response.cancel(new McpError('ERR_CLIENT_GONE', 'The client closed the connection of the call'))
    } else if (this.#graceMs > 0) {
      this.#detached.set(response, this.#clock.now)
      this.#clock.start()
    }
  }

  /** The client has reconnected. */
  reattached(response: DeferredResponse): void {
    this.#detached.delete(response)
  }

  /** Cancels the calls that were detached for longer than `graceMs`. */
  expire(): void {
    const expired = this.#clock.before(this.#graceMs)
    for (const [response, since] of this.#detached) {
      if (since > expired) break
      this.#detached.delete(response)
      response.cancel(new McpError('ERR_CLIENT_GONE', `The client was away for ${this.#graceMs} ms`))
    }
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    if (this.#deferred.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }

  failAll(error: RpcError): void {
    for (const response of [...this.#deferred]) response.fail(error)
  }
}
