/**
 * Abort signals: one listener for each signal, however many wait for it. An application may give one signal to all its
 * calls, and Node takes more than ten listeners for a leak.
 *
 * Invariant: a signal has a listener exactly while somebody waits.
 */

interface Waiting {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

/** Lifecycle: as long as the signal. */
const signals = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls back once, when the signal aborts, or now where it has.
 *
 * @returns removes the callback
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    callback()
    return () => {}
  }
  let waiting = signals.get(signal)
  if (waiting === undefined) {
    const callbacks = new Set<() => void>()
    const listener = () => {
      signals.delete(signal)
      for (const each of callbacks) each()
    }
    waiting = { callbacks, listener }
    signals.set(signal, waiting)
    signal.addEventListener('abort', listener, { once: true })
  }
  const { callbacks, listener } = waiting
  const own = () => callback()
  callbacks.add(own)
  return () => {
    callbacks.delete(own)
    if (callbacks.size > 0 || signals.get(signal)?.callbacks !== callbacks) return
    signals.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

/**
 * Waits for something that does not know the signal.
 *
 * @throws what `error` makes, as soon as the signal aborts
 */
export async function abortable<T>(
  promise: PromiseLike<T> | T,
  signal: AbortSignal | undefined,
  error: () => unknown,
): Promise<T> {
  if (signal === undefined) return await promise
  let release = () => {}
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, () => reject(error()))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    release()
  }
}
