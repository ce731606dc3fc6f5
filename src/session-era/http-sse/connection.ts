/**
 * One connection of HTTP+SSE: the event stream of a client, and the session on it.
 *
 *    waiting --initialize--> in session --the connection closes, the session ends--> closed
 *       \--INITIALIZE_MS--------------------------------------------------------------^
 *
 * Spec: 2024-11-05 transports, "HTTP with SSE" {@link spec.httpSse}.
 * Invariant: `onClosed` is called once, when nothing more can be written.
 */

import { unref } from '../../bounds/runtime.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import type { EventSink, EventSinkOwner } from '../../sse/event-sink.ts'
import { encodeEvent, encodeMessage, frameMessage } from '../../sse/frame.ts'
import type { KeepAlive } from '../../sse/keep-alive.ts'
import { type ConnectionHost, SessionOnConnection } from '../connection.ts'
import type { ConnectionSink, MessageSource } from '../connection-response.ts'
import type { SessionEra } from '../era.ts'
import type { StreamEvent } from '../standalone-stream.ts'

/** How long a client that has opened its stream may take to initialize. */
const INITIALIZE_MS = 60_000

export class HttpSseConnection implements ConnectionHost, ConnectionSink, EventSinkOwner {
  readonly era: SessionEra
  readonly limitName = 'maxInFlightPerSession'
  readonly otherWay = ''
  /** Undefined without authentication. */
  readonly principalId: string | undefined
  readonly #keepAlive: KeepAlive
  readonly #onClosed: (connection: HttpSseConnection) => void
  readonly #session: SessionOnConnection
  readonly #sink: EventSink
  /** Lifecycle: until there is a session. */
  #waiting: NodeJS.Timeout | undefined

  /** @param http - the request of the stream, which passed all checks */
  constructor(
    http: HttpExchange<Principal>,
    era: SessionEra,
    keepAlive: KeepAlive,
    onClosed: (connection: HttpSseConnection) => void,
  ) {
    this.era = era
    this.principalId = http.principal?.id
    this.#keepAlive = keepAlive
    this.#onClosed = onClosed
    this.#session = new SessionOnConnection(this, this)
    this.#sink = http.eventSink(this)
    this.#waiting = unref(setTimeout(() => this.end(), INITIALIZE_MS))
  }

  /** @param endpoint - where the client posts its messages */
  open(headers: readonly string[] | undefined, endpoint: string): void {
    this.#sink.open(headers, encodeEvent({ event: 'endpoint', data: endpoint }))
    this.#sink.detach()
    this.#keepAlive.add(this.#sink)
  }

  /** @param value - a message as parsed JSON */
  receive(value: unknown, source: MessageSource): void {
    this.#session.receive(value, source)
  }

  /** Whether a request in flight has this id. */
  has(requestId: unknown): boolean {
    return this.#session.has(requestId)
  }

  /** Ends the stream, and with it the session. */
  end(): void {
    this.#sink.end()
  }

  /** See `EventSinkOwner.maxBufferBytes`. */
  get maxBufferBytes(): number {
    return this.era.settings.maxStreamBufferBytes
  }

  /** Called by the sink when the connection has ended, for whatever reason. */
  onClose(): void {
    clearTimeout(this.#waiting)
    this.#keepAlive.delete(this.#sink)
    this.#onClosed(this)
    this.#session.closed()
  }

  sessionBegun(): void {
    clearTimeout(this.#waiting)
  }

  sessionEnded(): void {
    this.end()
  }

  get closed(): boolean {
    return this.#sink.closed
  }

  get drained(): Promise<void> | undefined {
    return this.#sink.drained
  }

  write(json: string): boolean {
    return this.#sink.write(encodeMessage(json))
  }

  notify({ data }: StreamEvent, alone: boolean): boolean {
    const frame = frameMessage(data)
    return alone ? this.#sink.writeNow(frame) : this.#sink.write(frame)
  }
}
