/**
 * Reads the body of a `Request` up to a limit.
 *
 * A body so small that none of it counts, and that says so, is taken as a whole, which costs one promise; any other one
 * piece by piece, so that no more than the limit is ever held, and its pieces may be small. What is not read is left to
 * the platform, which knows how to end its connection. Not every platform breaks the body of a client that is gone, so the
 * signal of the request counts as well.
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
  const { signal } = request
  let isOver = false
  const end = (error: BodyError | undefined) => {
    if (isOver || error !== undefined) kept.drop()
    if (isOver) return
    isOver = true
    signal.removeEventListener('abort', onAbort)
    done(error, error === undefined ? kept.bytes : NO_BYTES, kept.charged)
  }
  const onAbort = () => end(kept.aborted)
  signal.addEventListener('abort', onAbort)
  const reading = signal.aborted ? Promise.resolve(kept.aborted) : read(request, kept)
  reading.then(end, onAbort)
}

/** @throws what the platform throws when its connection closes */
async function read(request: Request, kept: BodyBytes): Promise<BodyError | undefined> {
  if (request.bodyUsed) {
    const problem = 'The request body was read before: pass { parsedBody } as the second argument'
    return new BodyError('consumed', problem)
  }
  const length = request.headers.get('content-length')
  const declared = length === null || !/^\d+$/.test(length) ? Number.NaN : Number(length)
  const refusal = kept.refuseLength(declared)
  if (refusal !== undefined) return refusal
  // No platform reads more than was declared, but a Request that was made by hand may hold more.
  if (declared <= FREE_BYTES) return kept.append(Buffer.from(await request.arrayBuffer()), undefined)
  if (request.body === null) return undefined
  const reader = request.body.getReader()
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (request.signal.aborted) return kept.aborted
      const { buffer, byteOffset, byteLength } = piece.value
      const error = kept.append(Buffer.from(buffer, byteOffset, byteLength), length ?? undefined)
      if (error !== undefined) return error
    }
  } finally {
    reader.releaseLock()
  }
  return undefined
}
