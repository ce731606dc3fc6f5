/**
 * Reads a request body up to a limit.
 *
 * Invariant: `done` is called exactly once, and by then every listener and timer of this file is gone. At most
 * `maxBytes` and one chunk of the socket are ever held. On an error the request is left paused and not
 * destroyed, so that a refusal can still be written (see `closeAfter` in reply.ts).
 *
 * A declared length only ever refuses a body early; what is accepted is counted while it arrives.
 *
 * Not here: decoding, media types, the reply.
 */

import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

/**
 * Why there is no body:
 * - `too-large`: it is, or says that it is, longer than the limit
 * - `timeout`: it did not arrive in time
 * - `aborted`: the client went away before the end; there is no one to answer
 * - `consumed`: something else has read it already, such as a body parser of the application
 */
export type BodyErrorKind = 'too-large' | 'timeout' | 'aborted' | 'consumed'

/** A body that could not be read. */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly kind: BodyErrorKind

  constructor(kind: BodyErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** Limits other than the size. */
export interface BodyOptions {
  /** Milliseconds for the whole body to arrive; 0 or `Infinity`: no limit. @defaultValue 0 */
  readonly timeoutMs?: number | undefined
}

/** Called once; on an error the body is empty. */
export type BodyCallback = (error: BodyError | undefined, body: Buffer) => void

const EMPTY: Buffer = Buffer.alloc(0)

/** The longest delay that a Node timer can have; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Reads the whole body.
 *
 * @param request - nothing of its body may have been read
 * @param maxBytes - the most bytes accepted; a body of exactly this length is accepted. `Infinity`: no limit
 * @param done - called before this function returns when the answer is known at once
 * @param options - a deadline
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: BodyCallback,
  options?: BodyOptions,
): void {
  if (request.destroyed && !request.readableEnded) {
    done(aborted(0), EMPTY)
    return
  }
  if (request.readableEnded || request.readableDidRead) {
    done(
      new BodyError('consumed', 'The request body was read before: pass the parsed body to the handler'),
      EMPTY,
    )
    return
  }
  // Node's parser lets only digits through, so this is NaN exactly when the header is absent.
  const declared = Number(request.headers['content-length'] ?? Number.NaN)
  if (declared > maxBytes) {
    request.pause()
    done(tooLarge(`declares ${declared} bytes`, maxBytes), EMPTY)
    return
  }

  let first: Buffer | undefined
  let chunks: Buffer[] | undefined
  let length = 0
  let timer: NodeJS.Timeout | undefined

  const finish = (error: BodyError | undefined, body: Buffer): void => {
    clearTimeout(timer)
    request.off('data', onData)
    request.off('end', onEnd)
    request.off('error', onGone)
    request.off('close', onGone)
    if (error !== undefined) request.pause()
    done(error, body)
  }
  const onData = (chunk: Buffer): void => {
    length += chunk.length
    if (length > maxBytes) {
      finish(tooLarge(`has ${length} bytes or more`, maxBytes), EMPTY)
    } else if (first === undefined) {
      first = chunk
    } else if (chunks === undefined) {
      chunks = [first, chunk]
    } else {
      chunks.push(chunk)
    }
  }
  // One chunk is the usual case, and is handed on without a copy.
  const onEnd = (): void =>
    finish(undefined, chunks === undefined ? (first ?? EMPTY) : Buffer.concat(chunks, length))
  const onGone = (): void => finish(aborted(length), EMPTY)

  request.on('data', onData)
  request.on('end', onEnd)
  request.on('error', onGone)
  request.on('close', onGone)

  const timeoutMs = options?.timeoutMs ?? 0
  if (timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY) {
    timer = setTimeout(
      () => {
        const problem = `The request body did not arrive within ${timeoutMs} ms: received ${length} bytes`
        finish(new BodyError('timeout', problem), EMPTY)
      },
      Math.min(timeoutMs, MAX_TIMER_MS),
    )
    timer.unref()
  }
}

function tooLarge(received: string, maxBytes: number): BodyError {
  return new BodyError('too-large', `The request body ${received}, the limit is ${maxBytes}`)
}

function aborted(length: number): BodyError {
  return new BodyError('aborted', `The client went away after ${length} bytes of the request body`)
}
