/**
 * A safety limit for tests that wait for an event: a wait that never ends becomes an error that says what was
 * awaited. No test depends on the limit being reached. It uses the real timers even while a test mocks them.
 */

const startTimer = globalThis.setTimeout
const stopTimer = globalThis.clearTimeout
const startImmediate = globalThis.setImmediate

export const waitLimitMs = 20_000

/**
 * Gives the promise's outcome, or rejects after `limitMs`.
 *
 * @param what - what is awaited, as it should read in the error; called only when the limit passes.
 */
export async function within<T>(
  promise: Promise<T>,
  what: () => string,
  limitMs: number = waitLimitMs,
): Promise<T> {
  let timer: ReturnType<typeof startTimer> | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = startTimer(() => reject(new Error(`waited ${limitMs} ms for ${what()}`)), limitMs)
  })
  try {
    return await Promise.race([promise, expired])
  } finally {
    stopTimer(timer)
  }
}

/** Resolves when the turn of the event loop is over, and what was to run at its end has run. */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => startImmediate(resolve))
}

/** Resolves after a millisecond, also while a test mocks the timers. */
export function pause(): Promise<void> {
  return new Promise((resolve) => startTimer(resolve, 1))
}
