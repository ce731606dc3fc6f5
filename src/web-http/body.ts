/**
 * Reads the body of a `Request` up to a limit.
 *
 * A body so small that none of it counts, and that says so, is taken as a whole, which costs one promise; any other one
 * piece by piece, so that no more than the limit is ever held, and its pieces may be small. What is not read is left to
 * the platform, which knows how to end its connection. Not every platform breaks the body of a client that is gone, so
 * what is kept of one is dropped when the signal of its request aborts, too.
 *
 * Invariant: `done` is called once, and not before `readBody` has returned.
 * Not here: what is kept and counted (http/body-bytes.ts).
 */

import { Buffer } from 'node:buffer'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { BodyBytes, FREE_BYTES, NO_BYTES } from '../http/body-bytes.ts'
import { BodyError } from '../http/body-error.ts'

/**
 * Called once; on an error the body is empty.
 *
 * @param charged - bytes that were taken from the budget, for the receiver to give back
 */
export type BodyCallback = (error: BodyError | undefined, body: Buffer, charged: number) => void

export function readBody(request: Request, maxBytes: number, budget: ByteBudget, done: BodyCallback): void {
  const kept = new BodyBytes(maxBytes, budget)
  const length = request.headers.get('content-length')
  const declared = length === null || !/^\d+$/.test(length) ? Number.NaN : Number(length)
  const refusal = request.bodyUsed ? consumed() : kept.refuseLength(declared)
  if (refusal !== undefined) queueMicrotask(() => done(refusal, NO_BYTES, 0))
  else if (declared <= FREE_BYTES) readWhole(request, kept, done)
  else readPieces(request, kept, length ?? undefined, done)
}

function readWhole(request: Request, kept: BodyBytes, done: BodyCallback): void {
  request.arrayBuffer().then(
    // No platform reads more than was declared, but a Request that was made by hand may hold more.
    (bytes) => end(kept.append(Buffer.from(bytes), undefined), kept, done),
    () => end(kept.aborted, kept, done),
  )
}

function readPieces(
  { body, signal }: Request,
  kept: BodyBytes,
  declared: string | undefined,
  done: BodyCallback,
): void {
  let isOver = false
  const settle = (error: BodyError | undefined) => {
    if (isOver) return
    isOver = true
    signal.removeEventListener('abort', onAbort)
    end(error, kept, done)
  }
  const onAbort = () => settle(kept.aborted)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) queueMicrotask(onAbort)
  else appendPieces(body, kept, declared, () => isOver).then(settle, onAbort)
}

/** @throws what the platform throws when its connection closes */
async function appendPieces(
  body: ReadableStream<Uint8Array> | null,
  kept: BodyBytes,
  declared: string | undefined,
  isOver: () => boolean,
): Promise<BodyError | undefined> {
  if (body === null) return undefined
  const reader = body.getReader()
  try {
    for (let piece = await reader.read(); !piece.done && !isOver(); piece = await reader.read()) {
      const { buffer, byteOffset, byteLength } = piece.value
      const error = kept.append(Buffer.from(buffer, byteOffset, byteLength), declared)
      if (error !== undefined) return error
    }
  } finally {
    reader.releaseLock()
  }
  return undefined
}

function end(error: BodyError | undefined, kept: BodyBytes, done: BodyCallback): void {
  if (error !== undefined) kept.drop()
  done(error, error === undefined ? kept.bytes : NO_BYTES, kept.charged)
}

function consumed(): BodyError {
  return new BodyError(
    'consumed',
    'The request body was read before: pass { parsedBody } as the second argument',
  )
}
