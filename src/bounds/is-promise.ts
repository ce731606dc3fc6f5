/**
 * Whether a function of the application answers later: anything with a `then`, as `await` has it, since it may come
 * from another realm, a promise library, or a query builder.
 *
 * A foreign `then` may return nothing, call back twice, or throw after it has called back. So pass the value through
 * `Promise.resolve` before anything is chained to it.
 */

export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
  )
}

/** A promise that nobody awaits must not end the process when it is rejected. */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
