/**
 * Calls in flight: requests whose handler did not answer at once. They count against the limits, keep their session
 * from expiring, and outlive the connection for a while where the client can come back.
 *
 *                            the connection closes
 *    begin --> attached  ------------------------------>  detached --disconnectGraceMs--> cancelled
 *                 |      <------------------------------     |
 *                 |           the client is back             |
 *                 `------------------> end <-----------------'
 *
 * Every detached call waits equally long, so the map of them is in the order in which their time is up.
 *
 * Invariant: `size` is the number of calls that began and did not end.
 */

import { InFlight } from '../dispatch/in-flight.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import { McpError, type RpcError } from '../jsonrpc/rpc-error.ts'
import type { CoarseClock } from './clock.ts'
import type { Session, SessionCall } from './session.ts'
import type { SessionTable } from './session-table.ts'

/** The response of a transport to one request, or to those of a batch. */
export interface HeldResponse {
  readonly session: Session | undefined
  readonly principal: { readonly id: string } | undefined
  /** The requests, answered ones included. */
  readonly count: number
  /** Those that are not answered. */
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
  readonly #held = new Set<HeldResponse>()
  /** Those whose connection closed, with the time at which it did. */
  readonly #detached = new Map<HeldResponse, number>()
  #onIdle: (() => void) | undefined

  /** @param graceMs - how long a call goes on without its client; 0: to its end */
  constructor(limits: CallLimits, table: SessionTable, clock: CoarseClock, graceMs: number) {
    this.#limits = limits
    this.#table = table
    this.#clock = clock
    this.#graceMs = graceMs
  }

  /** Calls whose client is away. */
  get detachedSize(): number {
    return this.#detached.size
  }

  begin(response: HeldResponse): void {
    const { session } = response
    this.#held.add(response)
    this.#limits.inFlight.begin(response.principal?.id, response.count)
    if (session === undefined) return
    this.#table.use(session)
    session.inFlight ??= new InFlight()
    for (const exchange of response.exchanges) session.inFlight.add(exchange)
  }

  end(response: HeldResponse): void {
    const { session } = response
    this.#held.delete(response)
    this.#detached.delete(response)
    this.#limits.inFlight.end(response.principal?.id, response.count)
    if (session !== undefined) this.#table.release(session)
    if (this.#held.size === 0) this.#onIdle?.()
  }

  /** The connection closed. Without a session the client cannot come back, so the call ends now. */
  detached(response: HeldResponse): void {
    if (response.session === undefined) {
      response.cancel(new McpError('ERR_CLIENT_GONE', 'The client closed the connection of the call'))
    } else if (this.#graceMs > 0) {
      this.#detached.set(response, this.#clock.now)
      this.#clock.start()
    }
  }

  /** The client is back. */
  reattached(response: HeldResponse): void {
    this.#detached.delete(response)
  }

  /** Cancels the calls whose client was away for too long. */
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
    if (this.#held.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }

  failAll(error: RpcError): void {
    for (const response of [...this.#held]) response.fail(error)
  }
}
