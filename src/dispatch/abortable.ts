/**
 * The signal of an exchange, made when a handler first asks for it: most never do, and an `AbortController` costs
 * more than all the rest of a quick call's objects.
 *
 * It also ends the wait of handlers for a slow client (`ctx.progress`): none waits longer than its call runs.
 *
 * Invariant: the first reason is kept; a signal that is first used after the abort is aborted already.
 */

import { Gate } from '../bounds/gate.ts'

export class Abortable {
  #controller: AbortController | undefined
  #reason: Error | undefined
  /** Lifecycle: from a message that must wait for the client, until there is room again. */
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
   * @param drained - resolves when the client has read what is buffered for it
   * @returns the same, but resolved by `release` at the latest
   */
  protected untilDrained(drained: Promise<void> | undefined): Promise<void> | undefined {
    if (drained === undefined) return undefined
    if (this.#gate === undefined) {
      const gate = new Gate()
      this.#gate = gate
      drained.then(() => {
        gate.open()
        if (this.#gate === gate) this.#gate = undefined
      })
    }
    return this.#gate.passed
  }

  /** The call is over: handlers that wait for the client continue. */
  protected release(): void {
    this.#gate?.open()
    this.#gate = undefined
  }
}
