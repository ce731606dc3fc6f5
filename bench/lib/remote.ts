/**
 * Calls between the benchmark and its child processes, over node's IPC channel: never over the socket that is
 * measured.
 */

import type { ChildProcess } from 'node:child_process'

/** Named operations of a child process. Arguments and results must survive JSON. */
export type Operations = { readonly [name: string]: (args: never) => unknown }

interface Call {
  readonly call: number
  readonly operation: string
  readonly args: unknown
}
interface Answer {
  readonly answer: number
  readonly result?: unknown
  readonly error?: string
}

/** In the child: answers calls until the parent is gone, then ends the process. */
export function answerCalls(operations: Operations): void {
  process.on('message', (message: Call) => {
    void (async () => {
      let answer: Answer
      try {
        const operation = operations[message.operation] as ((args: unknown) => unknown) | undefined
        if (operation === undefined) throw new Error(`there is no operation ${message.operation}`)
        answer = { answer: message.call, result: await operation(message.args) }
      } catch (error) {
        answer = { answer: message.call, error: error instanceof Error ? error.message : String(error) }
      }
      process.send?.(answer)
    })()
  })
  process.on('disconnect', () => process.exit(0))
}

/** In the parent: the other end. */
export class Remote {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #calls = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: Answer) => {
      const waiting = this.#waiting.get(message.answer)
      if (waiting === undefined) return
      this.#waiting.delete(message.answer)
      if (message.error === undefined) waiting.resolve(message.result)
      else waiting.reject(new Error(message.error))
    })
    child.once('exit', (code, signal) => {
      const error = new Error(`the process ended during the call (${signal ?? `exit code ${code}`})`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
  }

  /** @throws {Error} with the message of the child's error, or when the child ends */
  call<T>(operation: string, args?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) {
        reject(new Error(`the process is gone, so it cannot ${operation}`))
        return
      }
      const call = ++this.#calls
      this.#waiting.set(call, { resolve: resolve as (value: unknown) => void, reject })
      this.#child.send({ call, operation, args } satisfies Call)
    })
  }
}
