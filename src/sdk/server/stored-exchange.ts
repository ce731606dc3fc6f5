/**
 * A request to a transport with an `eventStore`, as the engine sees it.
 *
 *    POST with requests     answered on a stream, however soon: what is stored can be resumed
 *    GET                    the engine's standalone stream; its messages come from the store's (event-streams.ts)
 *    all others             as without a store
 */

import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { HeaderIndex, type RequestHead } from '../../http/request-headers.ts'
import { NodeHttpExchange } from '../../node-http/exchange.ts'
import { SseWriter } from '../../node-http/sse-writer.ts'
import { findRevision } from '../../session-era/revisions.ts'
import type { EventSink, EventSinkOwner } from '../../sse/event-sink.ts'
import { frameMessage } from '../../sse/frame.ts'
import type { EventStreams } from './event-streams.ts'
import type { StoredStream } from './stored-stream.ts'

/** On the headers of a request, which the engine passes on as they are. */
const STORING = Symbol('storing')
type Marked = { readonly [STORING]?: Storing }

interface Storing {
  readonly events: EventStreams
  /** Answers are JSON. */
  readonly json: boolean
  /** Of the session. */
  readonly standalone: StoredStream | undefined
  /** The events after its `Last-Event-ID` are read by others. */
  readonly resumes: boolean
  exchange?: StoredExchange
}

/** An answer that is all of its stream. */
const ONE_ANSWER: EventSinkOwner = { maxBufferBytes: Number.POSITIVE_INFINITY }

/** Marks a request, before the engine gets it: what is sent for it goes to a store. */
export function storeEvents(headers: object, storing: Storing): void {
  const version: unknown = (headers as { readonly [name: string]: unknown })['mcp-protocol-version']
  // Later revisions have no streams that can be resumed.
  if (typeof version === 'string' && findRevision(version) === undefined) return
  Object.defineProperty(headers, STORING, { value: storing, configurable: true })
}

/** @returns false: the call of these headers has no stream in a store */
export function closeStoredStream(headers: object): boolean {
  const exchange = (headers as Marked)[STORING]?.exchange
  exchange?.closeStream()
  return exchange !== undefined
}

export class StoredExchange extends NodeHttpExchange<Principal> {
  /** Undefined: it is served as without a store. */
  readonly #storing: Storing | undefined
  readonly #isPost: boolean
  #stream: StoredStream | undefined
  #isClosedFirst = false

  constructor(...all: ConstructorParameters<typeof NodeHttpExchange<Principal>>) {
    const [request, response, accepts, head, ...others] = all
    const storing = (request.headers as Marked)[STORING]
    super(request, response, accepts, storing?.resumes === true ? withoutEventId(head) : head, ...others)
    this.#storing = storing
    this.#isPost = storing?.json === false && request.method === 'POST'
    if (storing !== undefined && this.#isPost) storing.exchange = this
  }

  override get hasReplied(): boolean {
    return this.#stream !== undefined || super.hasReplied
  }

  override get canReply(): boolean {
    return this.#isPost ? !this.hasReplied : super.canReply
  }

  /** A client that is gone comes back for the answer. */
  override get closed(): boolean {
    return !this.#isPost && super.closed
  }

  override onClose(listener: () => void): void {
    if (!this.#isPost) super.onClose(listener)
  }

  override json(status: number, text: string, extra?: readonly string[]): boolean {
    if (status !== 200 || !this.#isPost || !this.accepts.sse) return super.json(status, text, extra)
    const messages = [JSON.parse(text)].flat()
    const [{ result }] = messages as [{ readonly result?: { readonly protocolVersion?: string } }]
    const stream = this.#begin(ONE_ANSWER, this.protocolVersion ?? result?.protocolVersion)
    stream.open(this.replyHeaders(extra))
    stream.end(messages.map((message) => frameMessage(JSON.stringify(message))).join(''))
    return true
  }

  override eventSink(owner: EventSinkOwner): EventSink {
    if (this.#isPost) return this.#begin(owner, this.protocolVersion)
    const sink = super.eventSink(owner)
    this.#storing?.standalone?.connect(sink)
    return sink
  }

  /** Ends the connection, not the stream; one that has not begun, as soon as its client can resume it. */
  closeStream(): void {
    if (this.#stream === undefined) this.#isClosedFirst = true
    else this.#stream.disconnect()
  }

  #begin(owner: EventSinkOwner, version: string | undefined): StoredStream {
    const { events } = this.#storing as Storing
    const primes = version !== undefined && findRevision(version)?.sendsPrimingEvent === true
    const writer: SseWriter = new SseWriter(this.response, {
      maxBufferBytes: owner.maxBufferBytes,
      onClose: () => stream.connectionClosed(writer),
    })
    const stream = events.begin(this.sessionId, owner, writer, primes)
    this.#stream = stream
    if (this.#isClosedFirst) stream.closesFirst = true
    return stream
  }
}

function withoutEventId(head: RequestHead): RequestHead {
  const values = head.values.with(HeaderIndex.LAST_EVENT_ID, undefined)
  return { ...head, values: values as unknown as RequestHead['values'] }
}
