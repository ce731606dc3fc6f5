/**
 * The signal of an exchange, made when a handler first asks for it: most never do, and an `AbortController` costs
 * more than all the rest of a quick call's objects.
 *
 * It also ends the wait of handlers for a slow client (`ctx.progress`): none waits longer than its call runs.
 *
 * Invariant: the first reason stays; a signal that is asked for late is aborted from the start.
 */

import { Gate } from '../bounds/gate.ts'

export class Abortable {
  #controller: AbortController | undefined
  #reason: Error | undefined
  /** Lifecycle: from a message that the client is too slow for, until there is room again. */
  #gate: Gate | undefined

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#reason !== undefined
  }

  abort(reason: Error): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(reason)
    this.release()
  }

  /**
   * @param room - resolves when the client has taken what waits for it
   * @returns the same, but resolves with `release` at the latest
   */
  protected untilRoom(room: Promise<void> | undefined): Promise<void> | undefined {
    if (room === undefined) return undefined
    if (this.#gate === undefined) {
      const gate = new Gate()
      this.#gate = gate
      room.then(() => {
        gate.open()
        if (this.#gate === gate) this.#gate = undefined
      })
    }
    return this.#gate.passed
  }

  /** The call is over: nothing is waited for any more. */
  protected release(): void {
    this.#gate?.open()
    this.#gate = undefined
  }
}
