/**
 * The signal of an exchange, made when a handler first asks for it: most never do, and an `AbortController` costs
 * more than all the rest of a quick call's objects.
 *
 * Invariant: the first reason stays; a signal that is asked for late is aborted from the start.
 */

export class Abortable {
  #controller: AbortController | undefined
  #reason: Error | undefined

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
  }
}
