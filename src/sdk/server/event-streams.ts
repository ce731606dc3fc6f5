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
 * Invariant: what is done to one stream is done in its order, one after the other: an event is on the wire after it was
 * stored, and a new connection gets each event once.
 * Not here: which requests come here (stored-exchange.ts).
 */

import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { SseWriter } from '../../node-http/sse-writer.ts'
import type { EventSink, EventSinkOwner } from '../../sse/event-sink.ts'
import { encodeMessage, encodePriming } from '../../sse/frame.ts'
import { KeepAlive } from '../../sse/keep-alive.ts'
import type { JSONRPCMessage } from '../types.ts'
import type { EventId, EventStore, StreamId } from './event-store.ts'

const STANDALONE = '_GET_stream'
/** Events that wait for the store before a handler is asked to wait, too. */
const MAX_WAITING = 64
/** Messages that are kept for a client that has not listened yet. */
const MAX_EARLY = 64
/** Connections that only read. */
const MAX_FOLLOWING = 64
const MAX_BUFFER_BYTES = 4 * 1024 * 1024
/** Characters of the messages of a stream that wait for the store: one that hangs costs no more. */
const MAX_WAITING_LENGTH = 4 * 1024 * 1024
/** Of each, besides its text. */
const MESSAGE_LENGTH = 256
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

/** For the engine it is one connection that never breaks. */
export class StoredStream implements EventSink {
  idleTicks = 0
  closed = false
  /** Its connection ends with the first event. */
  closesFirst = false
  readonly id: StreamId
  readonly isStandalone: boolean
  readonly #streams: EventStreams
  readonly #owner: EventSinkOwner | undefined
  readonly #primes: boolean
  connection: EventSink | undefined
  /** What is done to the stream, up to now. Never rejects. */
  #work: Promise<void> = Promise.resolve()
  #waiting = 0
  #waitingLength = 0
  /** Undefined once a client has listened. */
  #early: string[] | undefined

  constructor(
    streams: EventStreams,
    id: StreamId,
    owner?: EventSinkOwner,
    connection?: SseWriter,
    primes = false,
  ) {
    this.#streams = streams
    this.id = id
    this.#owner = owner
    this.connection = connection
    this.#primes = primes
    this.isStandalone = owner === undefined
    this.#early = this.isStandalone ? [] : undefined
  }

  get drained(): Promise<void> | undefined {
    return this.#waiting > MAX_WAITING ? this.#work : this.connection?.drained
  }

  /** @param work - begins when all before it is done */
  async inOrder(work: () => Promise<void> | void): Promise<void> {
    const done = this.#work.then(work)
    this.#waiting += 1
    this.#work = done
      .catch(() => {})
      .then(() => {
        this.#waiting -= 1
      })
    await done
  }

  open(headers?: readonly string[], first = ''): void {
    const connection = this.connection
    this.#do(async () => {
      let frame: string | undefined
      if (this.#primes) {
        const id = await this.#streams.store(this.id, {} as JSONRPCMessage)
        if (id !== undefined) frame = encodePriming(id, this.#streams.retryMs)
      }
      connection?.open(headers, frame)
    })
    if (this.closesFirst && this.#primes) this.disconnect()
    this.write(first)
  }

  write(frames: string): boolean {
    if (this.closed) return false
    this.idleTicks = 0
    for (const json of messagesOf(frames)) this.send(json)
    return true
  }

  writeNow(frames: string): boolean {
    return this.write(frames)
  }

  /** Where too much waits for the store already, the message is lost, and the stream of a POST with it. */
  send(json: string): void {
    if (this.closed) return
    const length = json.length + MESSAGE_LENGTH
    if (this.#waitingLength > 0 && this.#waitingLength + length > MAX_WAITING_LENGTH) {
      this.#giveUp()
      return
    }
    this.#waitingLength += length
    this.#do(async () => {
      const id = await this.#streams.store(this.id, JSON.parse(json))
      this.#waitingLength -= length
      const frame = this.#streams.frame(json, id)
      if (this.#early !== undefined && this.#early.length < MAX_EARLY) this.#early.push(frame)
      this.connection?.write(frame)
    })
  }

  end(frames = ''): boolean {
    if (this.closed) return false
    this.write(frames)
    this.closed = true
    this.#do(() => {
      this.#streams.ended(this)
      this.connection?.end()
      this.connection = undefined
    })
    this.#owner?.onClose?.()
    return true
  }

  /** Takes another connection, which has what it missed. */
  connect(connection: EventSink): void {
    this.connection?.end()
    this.connection = connection
    const early = this.#early
    this.#early = undefined
    if (early !== undefined && early.length > 0) this.#do(() => void connection.write(early.join('')))
  }

  /** Its client has listened before, to another process. */
  dropEarly(): void {
    this.#early = undefined
  }

  /** Ends the connection and not the stream: its client comes back for the rest. */
  disconnect(): void {
    if (!this.#primes && !this.isStandalone) return
    this.#do(() => {
      this.connection?.end()
      this.connection = undefined
    })
  }

  comment(): void {
    this.idleTicks = 0
    this.connection?.comment()
  }

  detach(): void {}

  #giveUp(): void {
    const loss = this.isStandalone ? 'a message is lost' : 'the stream ends'
    this.#streams.onError(new Error(`The eventStore does not keep up with the messages of a stream: ${loss}`))
    if (this.isStandalone) return
    this.closed = true
    this.#streams.ended(this)
    this.connection?.end()
    this.connection = undefined
    this.#owner?.onClose?.()
  }

  #do(work: () => Promise<void> | void): void {
    this.inOrder(work).catch((error: Error) => this.#streams.onError(error))
  }
}

/** The messages of frames, as JSON. */
function messagesOf(frames: string): string[] {
  return frames.split('\n\n').flatMap((frame) => {
    const lines = frame.split('\n').filter((line) => line.startsWith('data: '))
    return lines.length === 0 ? [] : [lines.map((line) => line.slice('data: '.length)).join('\n')]
  })
}
