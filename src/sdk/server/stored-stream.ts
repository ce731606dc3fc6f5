/**
 * One stream whose events go to a store of the program, and then to its connection, where there is one.
 *
 *    open --(the last message, too much waits for the store)--> closed
 *
 * Invariant: what is done to a stream is done in its order, one after the other: an event is on the wire after it was
 * stored, and a new connection gets each event once.
 * Not here: the store, and the streams of one transport (event-streams.ts).
 */

import type { SseWriter } from '../../node-http/sse-writer.ts'
import type { EventSink, EventSinkOwner } from '../../sse/event-sink.ts'
import { encodePriming } from '../../sse/frame.ts'
import type { JSONRPCMessage } from '../types.ts'
import type { EventId, StreamId } from './event-store.ts'

/** Events that wait for the store before a handler is asked to wait, too. */
const MAX_WAITING = 64
/** Messages that are kept for a client that has not listened yet. */
const MAX_EARLY = 64
/** Characters of the messages of a stream that wait for the store: one that hangs costs no more. */
const MAX_WAITING_LENGTH = 4 * 1024 * 1024
/** Of each, besides its text. */
const MESSAGE_LENGTH = 256
/** Of each stream with messages that wait. */
const STREAM_LENGTH = 4096

/** What a stream needs of those of its transport. */
interface StreamHost {
  readonly retryMs: number | undefined
  readonly onError: (error: Error) => void
  store(stream: StreamId, message: JSONRPCMessage): Promise<EventId | undefined>
  frame(json: string, id: EventId | undefined): string
  wait(length: number): boolean
  stored(length: number): void
  ended(stream: StoredStream): void
}

/** For the engine it is one connection that never breaks. */
export class StoredStream implements EventSink {
  idleTicks = 0
  closed = false
  /** Its connection ends with the first event. */
  closesFirst = false
  readonly id: StreamId
  readonly isStandalone: boolean
  readonly #streams: StreamHost
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
    streams: StreamHost,
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
    this.#do(async () => {
      let frame: string | undefined
      if (this.#primes) {
        const id = await this.#streams.store(this.id, {} as JSONRPCMessage)
        if (id !== undefined) frame = encodePriming(id, this.#streams.retryMs)
      }
      this.connection?.open(headers, frame)
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
    const waiting = this.#waitingLength
    const length = json.length + MESSAGE_LENGTH
    const ofAll = waiting === 0 ? length + STREAM_LENGTH : length
    if ((waiting > 0 && waiting + length > MAX_WAITING_LENGTH) || !this.#streams.wait(ofAll)) {
      this.#giveUp()
      return
    }
    this.#waitingLength += length
    this.#do(async () => {
      const id = await this.#streams.store(this.id, JSON.parse(json))
      this.#waitingLength -= length
      this.#streams.stored(ofAll)
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

  /** The client has closed a connection of it. */
  connectionClosed(connection: EventSink): void {
    if (this.connection === connection) this.connection = undefined
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
