/**
 * A client that reads the stream of a call through another node: that node has its connection, and reads the event log.
 * This is the side of the node that runs the call, which notifies the other one when there is more to read.
 *
 * Invariant: at most one message is on its way to the other node; what comes meanwhile is in the next one.
 * Not here: the side of the other node (followed-stream.ts).
 */

import { nextTurn } from '../../bounds/runtime.ts'

/** The messages between the two nodes of a stream. Each names the connection by its key. */
export type StreamMessage =
  /** To the node of the call: a client reads its stream here, and has the events up to `after`. */
  | { readonly attach: string; readonly session: string; readonly stream: string; readonly after: number }
  /** To the node of the call: its connection closed. */
  | { readonly detached: string }
  /** To the node of the call, which asked for it: the client has read the events up to `position`. */
  | { readonly taken: string; readonly position: number }
  /** To the node of the client: the log has events up to `to`, or soon will. @param ask - wants `taken` */
  | { readonly advanced: string; readonly to: number; readonly ask: boolean }
  /** To the node of the client: the connection is to be ended, the stream goes on. */
  | { readonly end: string; readonly retryMs?: number | undefined }
  /** To the node of the call, whose log is not stored: whether it runs there. The answer has the same key. */
  | { readonly asks: string; readonly session: string; readonly stream: string }
  | { readonly answers: string; readonly runs: boolean }

/** The stream that is read. */
interface ReadStream {
  /** Its client has all events up to there. */
  readUpTo(reader: RemoteReader, position: number): void
  readerLost(reader: RemoteReader): void
}

export interface ReaderHost {
  send(node: string, message: StreamMessage): Promise<boolean>
  /** It is not read any more. */
  readerClosed(reader: RemoteReader): void
}

export class RemoteReader {
  /** Of the connection, on its node. */
  readonly key: string
  readonly node: string
  readonly stream: ReadStream
  readonly #host: ReaderHost
  #to = 0
  #asks = false
  #isSending = false
  #isClosed = false

  constructor(host: ReaderHost, node: string, key: string, stream: ReadStream) {
    this.#host = host
    this.node = node
    this.key = key
    this.stream = stream
  }

  /** The stream has events up to a sequence number. */
  advanced(to: number): void {
    this.#to = to
    this.#schedule()
  }

  /** Asks how far its client has read, once it has read all of it. */
  askPosition(): void {
    this.#asks = true
    this.#schedule()
  }

  /** Ends its connection. */
  end(retryMs?: number): void {
    this.#close()
    this.#host.send(this.node, { end: this.key, retryMs }).catch(() => {})
  }

  /** Its connection closed, or its node is gone. */
  lost(): void {
    if (this.#isClosed) return
    this.#close()
    this.stream.readerLost(this)
  }

  #close(): void {
    this.#isClosed = true
    this.#host.readerClosed(this)
  }

  #schedule(): void {
    if (this.#isSending || this.#isClosed) return
    this.#isSending = true
    // With the events of this turn, and after the store has begun to write them.
    nextTurn(() => this.#notify())
  }

  #notify(): void {
    const to = this.#to
    const ask = this.#asks
    this.#asks = false
    this.#host.send(this.node, { advanced: this.key, to, ask }).then(
      (isAlive) => {
        this.#isSending = false
        if (!isAlive) this.lost()
        else if (this.#to > to || this.#asks) this.#schedule()
      },
      () => {
        // The other node reads again by itself, and may have got the message; a question is asked again.
        this.#isSending = false
        this.#asks ||= ask
      },
    )
  }
}
