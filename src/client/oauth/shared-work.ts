/**
 * Shared work: many callers that need the same thing at the same time start it once.
 *
 * The work has a signal of its own. A caller that gives up leaves the others waiting; when the last one gives up, the
 * work is aborted.
 */

import { abortable } from '../on-abort.ts'

export class SharedWork<T> {
  /** Lifecycle: from the first caller until the work has settled. */
  #running:
    | { readonly promise: Promise<T>; readonly controller: AbortController; waiting: number }
    | undefined

  /** Joins the work that is running, or starts it. */
  async join(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    if (this.#running === undefined) {
      const controller = new AbortController()
      const running = { promise: work(controller.signal), controller, waiting: 0 }
      this.#running = running
      const end = (): void => {
        if (this.#running === running) this.#running = undefined
      }
      running.promise.then(end, end)
    }
    const running = this.#running
    running.waiting++
    try {
      return await orAborted(running.promise, signal)
    } finally {
      running.waiting--
      if (running.waiting === 0 && signal?.aborted === true) {
        // A caller that comes now starts anew, and does not get the reason of this one.
        if (this.#running === running) this.#running = undefined
        running.controller.abort(signal.reason)
      }
    }
  }
}

/** What a promise gives, or the reason of the signal when that is aborted first. */
export async function orAborted<T>(promise: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T> {
  signal?.throwIfAborted()
  return await abortable(promise, signal, () => signal?.reason)
}
