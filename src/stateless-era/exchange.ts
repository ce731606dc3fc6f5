/**
 * The stateless era's side of the seam: one admitted request, and nothing that outlives its answer.
 *
 *    in progress --complete, fail------> settled          nothing is sent for a request after it is settled
 *               \--connection closed-->
 *
 * The client closing the connection is its cancellation: the signal aborts and nothing more is sent.
 *
 * Spec: 2026-07-28 Streamable HTTP, "Cancellation" {@link spec.statelessHttp}.
 * Invariant: at most one of `complete`, `fail` and `connectionClosed` has an effect, once.
 * Not here: how messages travel (transport.ts), a call that becomes a task (task-exchange.ts).
 */

import { Abortable } from '../dispatch/abortable.ts'
import type { RoundTripInput } from '../dispatch/client-input/round-trip-input.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import type { Failure, Outcome } from '../dispatch/outcome.ts'
import type { Access, CacheHint, CalledTool, Peer, Principal, RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import type { DecodedRequest } from '../jsonrpc/decode.ts'
import { encodeNotification } from '../jsonrpc/encode.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { Method } from '../protocol/methods.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { Envelope } from './envelope.ts'
import { encodeOutcome, type ResultHost } from './results.ts'
import type { MessageStream, RequestTransport, ServedExchange, StreamOwner } from './transport.ts'

/** What an exchange needs of its era. */
export interface ExchangeHost extends ResultHost {
  readonly settings: ResultHost['settings'] & { readonly messageRate: Rate | undefined }
  readonly limits: Pick<CallLimits, 'access'>
  /** Counts a message that cannot reach its client. */
  countUndeliverable(): void
  /** The answer of an exchange comes in a later turn: from now on it counts as in flight. */
  began(exchange: StatelessExchange): void
  /** Called once for each `began`. */
  ended(exchange: StatelessExchange): void
}

export class StatelessExchange extends Abortable implements RpcExchange, ServedExchange {
  readonly revision: RevisionName
  readonly sessionId = undefined
  /** Requests from server to client do not exist in this era. */
  readonly request = undefined
  readonly clientInput: RoundTripInput | undefined
  cacheHint: CacheHint | undefined = undefined
  scopes: readonly string[] | undefined = undefined
  readonly message: DecodedRequest
  readonly #envelope: Envelope
  readonly #host: ExchangeHost
  readonly #transport: RequestTransport
  #isSettled = false
  #isDeferred = false
  #hasStream = false

  constructor(
    host: ExchangeHost,
    transport: RequestTransport,
    message: DecodedRequest,
    envelope: Envelope,
    revision: RevisionName,
    clientInput: RoundTripInput | undefined,
  ) {
    super()
    this.revision = revision
    this.clientInput = clientInput
    this.message = message
    this.#envelope = envelope
    this.#host = host
    this.#transport = transport
    transport.serve(this)
  }

  get peer(): Peer {
    return this.#envelope.peer
  }

  get principal(): Principal | undefined {
    return this.#transport.principal
  }

  get access(): Access | undefined {
    return this.#host.limits.access
  }

  get headers(): RequestHeaders {
    return this.#transport.headers
  }

  get logLevel(): LogLevel | undefined {
    return this.#host.server.defaultLogLevel === undefined ? undefined : this.#envelope.logLevel
  }

  get messageRate(): Rate | undefined {
    return this.#host.settings.messageRate
  }

  notify(method: string, params: JsonObject): Promise<void> | undefined {
    // A subscription stream begins with its acknowledgement, and carries nothing of the request that opens it.
    if (this.#isSettled || this.message.method === Method.listen) return undefined
    if (this.#transport.send(encodeNotification(method, params))) {
      return this.untilDrained(this.#transport.drained)
    }
    this.#host.countUndeliverable()
    return undefined
  }

  /** Streams of this era cannot be resumed, so a client could not come back for the rest. */
  closeStream(): void {}

  onTool(tool: CalledTool, args: unknown): void {
    if (tool.headerParameters.length > 0) this.#transport.checkTool?.(tool, args)
  }

  /** The answer comes in a later turn: from now on the request takes part in shutdown, and may end by disconnection. */
  defer(): void {
    // What it sent before its first `await` may have been too much for its connection: nothing waits any more.
    if (this.#isSettled) return
    this.#isDeferred = true
    this.#host.began(this)
    this.#transport.defer(this.message.method !== Method.listen)
  }

  /** Answers with a stream that stays open when the request is settled. */
  openStream(owner: StreamOwner, frames: string): MessageStream {
    this.#hasStream = true
    return this.#transport.openStream(owner, frames)
  }

  /** Whether `openStream` was called. */
  get hasStream(): boolean {
    return this.#hasStream
  }

  /** See `RequestTransport.detachBody`. */
  detachBody(): () => void {
    return this.#transport.detachBody()
  }

  complete(outcome: Outcome): void {
    if (this.#isSettled) return
    this.#settle()
    this.#transport.answer(outcome, this.#encode(outcome))
  }

  /** Ends the request with an error, before its handler has ended. */
  fail(failure: Failure): void {
    if (this.#isSettled) return
    this.abort(failure.error)
    this.#settle()
    this.#transport.fail(failure, this.#encode(failure))
  }

  connectionClosed(): void {
    if (this.#isSettled) return
    this.#settle()
    this.abort(new McpError('ERR_CLIENT_GONE', 'The client closed the connection of the request'))
  }

  #encode(outcome: Outcome): string {
    return encodeOutcome(this.message, this.cacheHint, outcome, this.#host)
  }

  #settle(): void {
    this.#isSettled = true
    if (this.#isDeferred) this.#host.ended(this)
    this.release()
  }
}
