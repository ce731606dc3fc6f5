/**
 * Why a request body could not be read.
 *
 * Not here: how a body is read (node-http/body.ts), which status belongs to which reason (entrance.ts).
 */

/**
 * - `too-large`: it is, or says that it is, longer than the limit
 * - `busy`: the bodies of all requests together are larger than their budget
 * - `aborted`: the connection closed before the end, so that no answer can be sent
 * - `consumed`: something else has read it already, such as a body parser of the application
 */
export type BodyErrorKind = 'too-large' | 'busy' | 'aborted' | 'consumed'

/** A body that could not be read. */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly kind: BodyErrorKind

  constructor(kind: BodyErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** The budget of all bodies is used up. */
export function busyError(): BodyError {
  const problem =
    'The request bodies that are being read or worked on take all the memory that they may (maxTotalBodyBytes)'
  return new BodyError('busy', problem)
}
