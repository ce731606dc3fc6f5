/**
 * Streams whose events are in a store of the program: the `eventStore` of a transport.
 *
 *    engine --> StoredStream --storeEvent--> id --> its connection, where there is one
 *    GET with Last-Event-ID ----replayEventsAfter--> a new connection, which gets the rest
 *
 * The engine retains nothing of such a stream, and does not notice when its connections change: a call goes on to its end
 * whoever listens, since its client may come back to another process that has the store.
 *
 *    stream of a POST          a random id; every answer is on a stream, so that all of them are stored
 *    standalone stream         `_GET_stream`
 *    of a later session        the same with `:` and the id of the session, where a program gives several clients one
 *                              transport: none of them can read what is another one's
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}.
 * Not here: one stream (stored-stream.ts), which requests come here (stored-exchange.ts).
 */

import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { ByteBudget } from '../../bounds/byte-budget.ts'
import { SseWriter } from '../../node-http/sse-writer.ts'
import type { EventSink, EventSinkOwner } from '../../sse/event-sink.ts'
import { encodeMessage } from '../../sse/frame.ts'
import { KeepAlive } from '../../sse/keep-alive.ts'
import type { JSONRPCMessage } from '../types.ts'
import type { EventId, EventStore, StreamId } from './event-store.ts'
import { StoredStream } from './stored-stream.ts'

const STANDALONE = '_GET_stream'
/** Connections that only read. */
const MAX_FOLLOWING = 64
const MAX_BUFFER_BYTES = 4 * 1024 * 1024
/** Characters of the messages that wait for the store, with what each stream has besides. */
const MAX_TOTAL_LENGTH = 64 * 1024 * 1024
const KEEP_ALIVE_MS = 15_000

/** What a client that comes back brings. */
export interface Resumption {
  readonly lastEventId: EventId
  readonly session: string | undefined
  readonly response: ServerResponse
  /** Opens the standalone stream. @returns undefined: it was refused */
  openStandalone(): EventSink | undefined
  refuse(status: number, problem: string): void
}

/** The streams of one transport. */
export class EventStreams {
  readonly retryMs: number | undefined
  readonly onError: (error: Error) => void
  readonly #store: EventStore
  /** By id. Lifecycle of an entry: until the stream ends, of a standalone one until its session does. */
  readonly #streams = new Map<StreamId, StoredStream>()
  /** Connections that read streams of other processes, by stream. Lifecycle of an entry: as long as the connection. */
  readonly #following = new Map<StreamId, EventSink>()
  readonly #keepAlive: KeepAlive
  /** The session whose streams have plain ids. */
  #first: string | undefined
  /** What waits for the store. */
  readonly #waiting = new ByteBudget(MAX_TOTAL_LENGTH)

  constructor(
    store: EventStore,
    retryMs: number | undefined,
    keepAliveMs: number | undefined,
    onError: (error: Error) => void,
  ) {
    this.#store = store
    this.retryMs = retryMs
    this.onError = onError
    this.#keepAlive = new KeepAlive(keepAliveMs ?? KEEP_ALIVE_MS)
  }

  /** The stream of a POST. */
  begin(
    session: string | undefined,
    owner: EventSinkOwner,
    writer: SseWriter,
    primes: boolean,
  ): StoredStream {
    return this.#add(new StoredStream(this, `${randomUUID()}${this.#suffix(session)}`, owner, writer, primes))
  }

  standalone(session: string): StoredStream {
    this.#first ??= session
    return this.#add(new StoredStream(this, `${STANDALONE}${this.#suffix(session)}`))
  }

  ended({ id }: StoredStream): void {
    this.#streams.delete(id)
  }

  /** One message may be of any length. @returns false: too much waits for the store */
  wait(length: number): boolean {
    const { free, used } = this.#waiting
    if (used > 0 && length > free) return false
    this.#waiting.take(length)
    return true
  }

  /** The opposite of `wait`. */
  stored(length: number): void {
    this.#waiting.give(length)
  }

  /** @returns the id; undefined: it was not stored, and the event has none */
  async store(stream: StreamId, message: JSONRPCMessage): Promise<EventId | undefined> {
    try {
      return (await this.#store.storeEvent(stream, message)) || undefined
    } catch (error) {
      this.onError(error as Error)
      return undefined
    }
  }

  /** An id that cannot be on the wire is left out. */
  frame(json: string, id: EventId | undefined): string {
    try {
      return encodeMessage(json, id)
    } catch (error) {
      this.onError(error as Error)
      return encodeMessage(json)
    }
  }

  /** Never rejects. */
  async resume(resumption: Resumption): Promise<void> {
    const { lastEventId, session, response } = resumption
    try {
      const id = await this.#streamOf(lastEventId)
      const stream = this.#streams.get(id ?? '')
      if (id === undefined || !this.#isOf(id, session)) resumption.refuse(400, 'Invalid event ID format')
      else if (stream === undefined) await this.#replay(resumption, id, undefined)
      else await stream.inOrder(() => this.#replay(resumption, id, stream))
    } catch (error) {
      this.onError(error as Error)
      // Its client comes back with the last id that it has.
      if (response.headersSent) response.destroy()
      else resumption.refuse(500, 'Error replaying events')
    }
  }

  close(): void {
    for (const connection of [...this.#following.values()]) connection.end()
  }

  #suffix(session: string | undefined): string {
    return session === undefined || session === this.#first ? '' : `:${session}`
  }

  #isOf(stream: StreamId, session: string | undefined): boolean {
    const at = stream.indexOf(':')
    return (at === -1 ? '' : stream.slice(at)) === this.#suffix(session)
  }

  #add(stream: StoredStream): StoredStream {
    this.#streams.set(stream.id, stream)
    return stream
  }

  async #streamOf(event: EventId): Promise<StreamId | undefined> {
    const store = this.#store
    if (store.getStreamIdForEventId !== undefined) {
      return (await store.getStreamIdForEventId(event)) || undefined
    }
    return await store.replayEventsAfter(event, { send: async () => {} })
  }

  async #replay(resumption: Resumption, id: StreamId, stream: StoredStream | undefined): Promise<void> {
    let writer: EventSink | undefined
    const connect = (frame?: string) => {
      if (stream?.isStandalone !== true) writer = this.#open(resumption, id, frame)
      else {
        stream.dropEarly()
        writer = resumption.openStandalone()
        if (frame !== undefined) writer?.write(frame)
      }
      if (writer === undefined) throw new Error('The stream was refused')
      return writer
    }
    let isAnswered = false
    await this.#store.replayEventsAfter(resumption.lastEventId, {
      send: async (event, message) => {
        const frame = this.frame(JSON.stringify(message), event)
        isAnswered ||= 'id' in message && !('method' in message)
        if (writer === undefined) connect(frame)
        else if (!writer.write(frame)) throw new Error('The client is gone, or reads too slowly')
        await writer?.drained
      },
    })
    const connection = writer ?? connect()
    if (stream?.isStandalone === true) return
    if (stream !== undefined && !stream.closed) stream.connect(connection)
    // Of another process, or over: what its client waits for may be there already.
    else if (isAnswered) connection.end()
    else this.#follow(id, connection)
  }

  #open({ response }: Resumption, stream: StreamId, frame: string | undefined): SseWriter {
    const connection: SseWriter = new SseWriter(response, {
      maxBufferBytes: MAX_BUFFER_BYTES,
      onClose: () => this.#unfollow(stream, connection),
    })
    connection.open(undefined, frame)
    return connection
  }

  /** Stays open, as it does on the SDK; a later connection for the same stream replaces it. */
  #follow(stream: StreamId, connection: EventSink): void {
    if (connection.closed) return
    this.#following.get(stream)?.end()
    const [oldest] = this.#following.values()
    if (this.#following.size >= MAX_FOLLOWING) oldest?.end()
    this.#following.set(stream, connection)
    this.#keepAlive.add(connection)
  }

  #unfollow(stream: StreamId, connection: EventSink): void {
    if (this.#following.get(stream) === connection) this.#following.delete(stream)
    this.#keepAlive.delete(connection)
  }
}
