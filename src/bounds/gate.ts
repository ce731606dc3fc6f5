/**
 * Gate: a promise of an event that happens once and cannot fail. The promise is made when it is first asked for, since
 * most gates are opened before anything awaits them.
 *
 * Invariant: `passed` never rejects.
 */

const OPEN = Promise.resolve()

export class Gate {
  #isOpen = false
  #passed: Promise<void> | undefined
  #pass: (() => void) | undefined

  /** Resolves when the gate is open. */
  get passed(): Promise<void> {
    if (this.#isOpen) return OPEN
    this.#passed ??= new Promise((resolve) => {
      this.#pass = resolve
    })
    return this.#passed
  }

  open(): void {
    this.#isOpen = true
    this.#pass?.()
  }
}
