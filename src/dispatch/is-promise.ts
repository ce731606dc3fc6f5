/**
 * Whether a function of the application answered later: anything with a `then`, as `await` has it, since it may come
 * from another realm, a promise library, or a query builder.
 *
 * A foreign `then` may be all that there is: it may return nothing, call back twice, or throw after it has called
 * back. So it goes through `Promise.resolve` before anything is chained to it.
 */

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
  )
}
