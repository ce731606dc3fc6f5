/**
 * Gate: what many may wait for, and what happens once. Closed when it is made; whoever waits passes when it opens.
 * Nobody has to wait, so that the promise is made for the first who does.
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
