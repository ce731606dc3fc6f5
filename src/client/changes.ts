/**
 * Changes as an async iterator: what changes between two calls of `next` is kept, each change once, so that the number of
 * changes that wait is bounded by the filter.
 *
 * Invariant: after `return` no `next` waits, and nothing listens.
 */

import type { Change } from './connection.ts'

/** Resources of a server that may have changed and were not asked for one by one, such as those below a folder. */
const MAX_WAITING = 1000
/** Of their URIs together, in characters. */
const MAX_WAITING_LENGTH = 1_000_000

interface Waiter {
  readonly resolve: (result: IteratorResult<Change, undefined>) => void
  readonly reject: (error: unknown) => void
}

const DONE: IteratorResult<Change, undefined> = { done: true, value: undefined }

export class Changes implements AsyncIterableIterator<Change, undefined> {
  readonly #listen: (onChange: (change: Change) => void, signal: AbortSignal) => Promise<void>
  readonly #stop = new AbortController()
  readonly #waiting = new Map<string, Change>()
  /** Of its keys. */
  #waitingLength = 0
  readonly #waiters: Waiter[] = []
  #state: 'idle' | 'listening' | 'over' = 'idle'
  #failure: { readonly error: unknown } | undefined

  /**
   * @internal
   * @param listen - runs until the signal aborts; what it throws ends the iteration
   */
  constructor(listen: (onChange: (change: Change) => void, signal: AbortSignal) => Promise<void>) {
    this.#listen = listen
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Change, undefined>> {
    if (this.#state === 'idle') this.#start()
    for (const [key, value] of this.#waiting) {
      this.#waiting.delete(key)
      this.#waitingLength -= key.length
      return Promise.resolve({ done: false, value })
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure
      this.#failure = undefined
      return Promise.reject(error)
    }
    if (this.#state === 'over') return Promise.resolve(DONE)
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<Change, undefined>> {
    this.#waiting.clear()
    this.#failure = undefined
    this.#end()
    return Promise.resolve(DONE)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #start(): void {
    this.#state = 'listening'
    this.#listen((change) => this.#push(change), this.#stop.signal).then(
      () => this.#end(),
      (error: unknown) => {
        if (this.#state === 'over') return
        const waiter = this.#waiters.shift()
        if (waiter === undefined) this.#failure = { error }
        else waiter.reject(error)
        this.#end()
      },
    )
  }

  #push(change: Change): void {
    if (this.#state === 'over') return
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: change })
      return
    }
    if (this.#waiting.has('gap')) return
    const key = change.kind === 'resource' ? `resource ${change.uri}` : change.kind
    if (this.#waiting.has(key)) return
    const isTooMuch =
      this.#waiting.size >= MAX_WAITING || this.#waitingLength + key.length > MAX_WAITING_LENGTH
    // A gap says all that the others say.
    if (change.kind === 'gap' || isTooMuch) this.#keepOnly({ kind: 'gap' })
    else this.#keep(key, change)
  }

  #keep(key: string, change: Change): void {
    this.#waiting.set(key, change)
    this.#waitingLength += key.length
  }

  #keepOnly(change: Change): void {
    this.#waiting.clear()
    this.#waitingLength = 0
    this.#keep(change.kind, change)
  }

  #end(): void {
    this.#state = 'over'
    this.#stop.abort()
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE)
  }
}
