/**
 * A timer for what is usually over in the turn of the event loop in which it begins, such as an `async` function that
 * waits for nothing. It is started after that turn, so that most are never started.
 *
 * A timer of Node that is the only one of its length costs about as much as all the objects of a quick call: a list
 * and an entry in a queue are made for it and thrown away.
 */

import { nextTurn } from './runtime.ts'

let waiting: LateTimer<unknown>[] = []

export class LateTimer<T> {
  readonly #ms: number
  readonly #onTime: (value: T) => void
  readonly #value: T
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /**
   * @param ms - milliseconds from the end of this turn
   * @param value - what `onTime` is called with
   */
  constructor(ms: number, onTime: (value: T) => void, value: T) {
    this.#ms = ms
    this.#onTime = onTime
    this.#value = value
    waiting.push(this as LateTimer<unknown>)
    if (waiting.length === 1) nextTurn(startAll)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  start(): void {
    if (!this.#stopped) this.#timer = setTimeout(this.#onTime, this.#ms, this.#value)
  }
}

function startAll(): void {
  const timers = waiting
  waiting = []
  for (const timer of timers) timer.start()
}
