/** Whether a handler answered later: anything thenable, since it may come from another realm or promise library. */

export function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || typeof (value as { then?: unknown } | null)?.then === 'function'
}
