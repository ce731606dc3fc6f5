/**
 * What the lifecycle of the stateless era needs of a transport. Types only: `http/` and `stdio/` implement them.
 *
 *    RequestTransport    one request: messages ahead of its answer, and the answer
 *    StreamTransport     all subscription streams of a transport: how a message is framed on them
 *    MessageStream       one subscription stream, which outlives the request that opened it
 */

import type { Failure, Outcome } from '../dispatch/outcome.ts'
import type { CalledTool, Principal } from '../dispatch/rpc-exchange.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import type { DecodedRequest } from '../jsonrpc/decode.ts'

/** The exchange that a transport serves. */
export interface ServedExchange {
  readonly message: DecodedRequest
  /** Nobody can receive the answer any more. */
  connectionClosed(): void
}

export interface RequestTransport {
  readonly principal: Principal | undefined
  readonly headers: RequestHeaders
  /** Called by the exchange that the transport serves, once. */
  serve(exchange: ServedExchange): void
  /** Checks what the transport repeats of a tool's arguments; absent where it repeats nothing. @throws {RpcError} */
  checkTool?(tool: CalledTool, args: unknown): void
  /**
   * Sends a message ahead of the answer.
   *
   * @returns false when it cannot reach the client
   */
  send(json: string): boolean
  /** Resolves, and never rejects, when the client has taken what waits for it; undefined where little waits. */
  readonly drained: Promise<void> | undefined
  /**
   * The answer comes in a later turn of the event loop. From now on `connectionClosed` is called.
   *
   * @param mayStream - whether the response may be given the form of a stream before its answer is there
   */
  defer(mayStream: boolean): void
  /** Sends the answer, which is the last that is sent; after `openStream` nothing but an error. */
  answer(outcome: Outcome, json: string): void
  /** Sends the error of a request that the server gives up, because it shuts down. */
  fail(failure: Failure, json: string): void
  /** The body goes on to be used when the request is answered. @returns what releases it */
  detachBody(): () => void
  /**
   * Answers with a subscription stream. The answer that follows closes the request and not the stream.
   *
   * @param frames - the first messages, each framed
   */
  openStream(owner: StreamOwner, frames: string): MessageStream
}

/** Where the messages of one subscription go. */
export interface MessageStream {
  /** True once nothing more can be written. */
  readonly closed: boolean
  /**
   * @param frame - a message, framed; what is written in one turn of the event loop may leave together
   * @returns false: it was not taken, since the connection is closed, or was closed now because its client is too slow
   */
  write(frame: string): boolean
  /** As `write`, for the one message of a turn that goes to thousands of streams. */
  writeNow(frame: string): boolean
  /** Writes the last message. */
  end(frame: string): boolean
}

/** What a stream needs of its subscription. */
export interface StreamOwner {
  /** Bytes that may wait for a slow client; the connection is closed above it. */
  readonly maxBufferBytes: number
  /** Called once, when the stream is closed; from within `openStream`, `write` or `end` when that closes it. */
  onClose(): void
}

export interface StreamTransport {
  /** JSON text as one message of a stream. Called once for a change, however many streams it goes to. */
  frame(json: string): string
  /** Called when a stream is closed. */
  streamClosed(stream: MessageStream): void
}
