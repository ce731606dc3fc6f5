/**
 * A connection that carries all messages of one client: its session begins with `initialize` and ends with the
 * connection.
 *
 *    initialize --> session --> requests, notifications, responses
 *                       `--> changes and messages outside of calls, on the same connection
 *
 * Spec: 2025-11-25 lifecycle {@link spec.lifecycle}; transports, "stdio" {@link spec.transports}; 2024-11-05 transports,
 * "HTTP with SSE" {@link spec.httpSse}.
 * Not here: how messages travel (stdio/, http-sse/), how an answer is written (connection-response.ts).
 */

import { LimitError } from '../dispatch/limit-error.ts'
import { ShutdownError } from '../dispatch/shutdown-error.ts'
import { type Decoded, type DecodedRequest, decodeBatch, decodeMessage } from '../jsonrpc/decode.ts'
import { encodeError } from '../jsonrpc/encode.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import { ConnectionResponse, type ConnectionSink, type MessageSource } from './connection-response.ts'
import type { SessionEra } from './era.ts'
import { SessionExchange } from './exchange.ts'
import { HANDSHAKE_METHODS, Handshake, tryInitializeParams, UNKNOWN_CLIENT } from './handshake.ts'
import { onMessage } from './notifications.ts'
import { answerRequest, runRequest } from './run-request.ts'
import type { Session } from './session.ts'
import type { SessionRecord } from './session-record.ts'
import type { StandaloneStream, StreamEvent } from './standalone-stream.ts'

/** What a transport knows about its connections. */
export interface ConnectionHost {
  readonly era: SessionEra
  /** The option that limits the calls of one connection. */
  readonly limitName: 'maxInFlight' | 'maxInFlightPerSession'
  /** What a client may do in place of `initialize`, to be read after "send that first". */
  readonly otherWay: string
  /** The session of the connection has begun, or ended before the connection did. */
  sessionBegun?(): void
  sessionEnded?(): void
}

export class SessionOnConnection {
  readonly #host: ConnectionHost
  readonly #sink: ConnectionSink
  readonly #deferred = new Set<ConnectionResponse>()
  #session: Session | undefined

  constructor(host: ConnectionHost, sink: ConnectionSink) {
    this.#host = host
    this.#sink = sink
  }

  /** @param value - a message, or a batch of them, as parsed JSON */
  receive(value: unknown, source: MessageSource): void {
    if (!Array.isArray(value)) {
      this.#take([decodeMessage(value)], undefined, source)
      return
    }
    const messages = this.#batchOf(value)
    if (messages instanceof RpcError) this.#malformed(undefined, messages, source)
    else this.#take(messages, [], source)
  }

  /** Whether one request in flight has this id. */
  has(requestId: unknown): boolean {
    return this.#session?.inFlight?.findUnique(requestId) !== undefined
  }

  /** The client sends nothing more: what it was asked is not answered. */
  inputEnded(): void {
    const ended = new McpError('ERR_CLIENT_GONE', 'The client closed the connection')
    if (this.#session?.hasPending) this.#session.pending.rejectAll(ended)
  }

  /** The connection is closed: its calls are cancelled, and its session ends. */
  closed(): void {
    this.inputEnded()
    const session = this.#session
    this.#session = undefined
    const gone = new McpError('ERR_CLIENT_GONE', 'The client closed the connection of the call')
    for (const response of [...this.#deferred]) response.cancel(gone)
    if (session !== undefined) this.#host.era.table.close(session, 'deleted')
  }

  #batchOf(values: readonly unknown[]): readonly Decoded[] | RpcError {
    const { revision } = this.#session ?? {}
    if (revision?.batches !== true) {
      const problem = 'Several messages at once are not part of this protocol version: send one at a time'
      return new RpcError(ErrorCode.INVALID_REQUEST, problem)
    }
    const messages = decodeBatch(values, this.#host.era.settings.maxBatch)
    const isHandshake = (message: Decoded) =>
      message.kind === 'request' && message.method === Method.initialize
    if (messages instanceof RpcError || !messages.some(isHandshake)) return messages
    return new RpcError(ErrorCode.INVALID_REQUEST, 'initialize must not be part of a batch')
  }

  #take(messages: readonly Decoded[], batch: string[] | undefined, source: MessageSource): void {
    const requests: DecodedRequest[] = []
    for (const message of messages) {
      if (message.kind === 'request') requests.push(message)
      else if (message.kind === 'invalid') {
        if (batch === undefined) this.#malformed(message.id, message.error, source)
        else batch.push(encodeError(message.id, message.error))
      } else if (this.#session !== undefined) {
        onMessage(message, this.#session, this.#host.era.server)
      }
    }
    const [first] = requests
    if (first?.method === Method.initialize && batch === undefined) this.#initialize(first, source)
    else if (requests.length > 0) this.#run(requests, batch, source)
    else if (batch !== undefined && batch.length > 0) this.#sink.write(`[${batch.join(',')}]`)
  }

  #run(requests: readonly DecodedRequest[], batch: string[] | undefined, source: MessageSource): void {
    const { era } = this.#host
    const session = this.#session
    const { revision, peer } = session ?? UNKNOWN_CLIENT
    const response = new ConnectionResponse(
      era,
      this.#sink,
      source,
      this.#deferred,
      session,
      revision,
      peer,
      batch,
    )
    const admitted: DecodedRequest[] = []
    for (const request of requests) {
      const refusal = this.#refusalOf(request, admitted.length, session, source)
      if (refusal === undefined) admitted.push(request)
      else this.#refuse(request.id, refusal, batch)
    }
    if (admitted.length === 0 && batch !== undefined) this.#sink.write(`[${batch.join(',')}]`)
    const methods = era.methods(session, revision)
    const exchanges = admitted.map((request) => new SessionExchange(request, response, era))
    for (const exchange of exchanges) response.add(exchange)
    for (const [index, exchange] of exchanges.entries()) {
      runRequest(admitted[index] as DecodedRequest, exchange, response, methods, era)
    }
  }

  #initialize(request: DecodedRequest, source: MessageSource): void {
    const { era } = this.#host
    const { closing, limits } = era
    const refusal = closing
      ? new ShutdownError()
      : limits.rateLimit?.take(source.principal?.id, this.#session?.id, 1)
    if (refusal !== undefined) {
      this.#refuse(request.id, refusal, undefined)
      return
    }
    const params = tryInitializeParams(request.params)
    const { revision, peer } = params instanceof RpcError ? UNKNOWN_CLIENT : params
    const opened = (session: Session) => this.#opened(session)
    const response = new ConnectionResponse(
      era,
      this.#sink,
      source,
      this.#deferred,
      undefined,
      revision,
      peer,
      undefined,
      opened,
    )
    const exchange = new Handshake(request, params, response, era)
    response.add(exchange)
    answerRequest(request, exchange, response, HANDSHAKE_METHODS, era.server)
  }

  /** A second `initialize` replaces the session. */
  #opened(session: Session): void {
    const { era } = this.#host
    const earlier = this.#session
    this.#session = session
    if (earlier !== undefined) era.table.close(earlier, 'deleted')
    const stream = new ConnectionStream(era, session, this.#sink, () => {
      if (session === this.#session) this.#host.sessionEnded?.()
    })
    session.standaloneStream = stream
    era.streamConnected(session, stream)
    this.#host.sessionBegun?.()
  }

  /** @param before - how many of the same batch were admitted, and have not begun */
  #refusalOf(
    { method }: DecodedRequest,
    before: number,
    session: Session | undefined,
    { principal }: MessageSource,
  ): RpcError | undefined {
    const { era, limitName, otherWay } = this.#host
    const { closing, limits, settings } = era
    if (closing) return new ShutdownError()
    if (session === undefined && method !== Method.ping) {
      const problem = `${method} came before initialize: send that first${otherWay}`
      return new RpcError(ErrorCode.INVALID_REQUEST, problem)
    }
    const calls = (session?.inFlight?.size ?? 0) + before
    const { maxInFlightPerSession } = settings
    if (calls >= maxInFlightPerSession) {
      const problem = `Too many calls at once: ${calls} are in progress (${limitName} is ${maxInFlightPerSession})`
      return new LimitError(429, problem)
    }
    return (
      limits.rateLimit?.take(principal?.id, session?.id, 1) ??
      limits.inFlight.refuse(principal?.id, before + 1)
    )
  }

  /** A malformed message is refused with the HTTP status of its POST, where it has one. */
  #malformed(id: JsonRpcId | undefined, error: RpcError, source: MessageSource): void {
    if (!source.refuse(error, id)) this.#sink.write(encodeError(id, error))
  }

  #refuse(id: JsonRpcId | undefined, error: RpcError, batch: string[] | undefined): void {
    const json = encodeError(id, error)
    if (batch === undefined) this.#sink.write(json)
    else batch.push(json)
  }
}

/** What a session is notified of outside of calls. It ends with the connection. */
class ConnectionStream implements StandaloneStream {
  readonly #era: SessionEra
  readonly #session: Session
  readonly #sink: ConnectionSink
  readonly #onFinish: () => void
  #attached = true
  /** Sequence number of the last event that was sent. */
  #delivered: number

  constructor(era: SessionEra, session: Session, sink: ConnectionSink, onFinish: () => void) {
    this.#era = era
    this.#session = session
    this.#sink = sink
    this.#onFinish = onFinish
    this.#delivered = session.changesFrom
  }

  get record(): SessionRecord {
    return this.#session.record
  }

  get attached(): boolean {
    return this.#attached
  }

  notify(event: StreamEvent, alone: boolean): boolean {
    if (!this.#attached || !this.#sink.notify(event, alone)) return false
    this.#delivered = event.sequence
    return true
  }

  /** The answers of calls come on it too, with whichever scopes each was sent. */
  allows(): boolean {
    return true
  }

  /** Messages that were missed are lost: nothing is kept for a session that ends with its connection. */
  catchUp(): void {
    for (const event of this.#era.changes.summary(this.#session, this.#delivered)) this.notify(event, false)
  }

  /** There is no other connection to come back on. */
  disconnect(): void {}

  finish(): void {
    if (!this.#attached) return
    this.#attached = false
    this.#era.streamDisconnected(this.#session, this)
    this.#onFinish()
  }
}
