/**
 * A client that reads the stream of a call through another node: that node has its connection, and reads the event log.
 * This is the side of the node that runs the call, which tells the other one that there is more to read.
 *
 * Invariant: at most one message is on its way to the other node; what comes meanwhile is told by the next one.
 * Not here: the side of the other node (followed-stream.ts).
 */

import { nextTurn } from '../../bounds/runtime.ts'

/** What the two nodes of a stream tell each other. Each names the connection by its key. */
export type StreamMessage =
  /** To the node of the call: a client reads its stream here, and has the events up to `after`. */
  | { readonly attach: string; readonly session: string; readonly stream: string; readonly after: number }
  /** To the node of the call: its connection closed. */
  | { readonly detached: string }
  /** To the node of the call, which asked for it: the client has taken the events up to there. */
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
  takenBy(reader: RemoteReader, position: number): void
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
  #isTelling = false
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

  /** Wants to know how far its client has read, once it has read all of it. */
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
    if (this.#isTelling || this.#isClosed) return
    this.#isTelling = true
    // With the events of this turn, and after the store has begun to write them.
    nextTurn(() => this.#tell())
  }

  #tell(): void {
    const to = this.#to
    const ask = this.#asks
    this.#asks = false
    this.#host.send(this.node, { advanced: this.key, to, ask }).then(
      (isAlive) => {
        this.#isTelling = false
        if (!isAlive) this.lost()
        else if (this.#to > to || this.#asks) this.#schedule()
      },
      () => {
        // The other node looks again by itself, and may have got it; what it was asked, it is asked again.
        this.#isTelling = false
        this.#asks ||= ask
      },
    )
  }
}
