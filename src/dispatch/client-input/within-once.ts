/**
 * Which function of `ctx.once` the code that runs belongs to. A question that such a function asks would wait for a round
 * trip that waits for the function.
 *
 * Known for all that a function does where the runtime has `AsyncLocalStorage`, and up to its first `await` elsewhere. The
 * storage is on only while such functions run, since before Node 24 it makes every promise of the process dearer.
 */

import type { AsyncLocalStorage } from 'node:async_hooks'
import { optionalModule } from '../../bounds/runtime.ts'

interface Scope {
  /** Whose `once` it is. */
  readonly input: object
  readonly key: string
}

let storage: AsyncLocalStorage<Scope> | undefined
let running = 0
/** The scope of the code that runs now, without `storage`. */
let current: Scope | undefined

/** @returns the key of the `once` of this input within whose function it is called */
export function keyOfOnce(input: object): string | undefined {
  const scope = storage?.getStore() ?? current
  return scope?.input === input ? scope.key : undefined
}

/** Calls the function of a `once`. */
export async function runWithin<T>(input: object, key: string, run: () => T | Promise<T>): Promise<T> {
  const scope = { input, key }
  const Storage = optionalModule('node:async_hooks')?.AsyncLocalStorage
  if (Storage === undefined) return await runUntilAwait(scope, run)
  storage ??= new Storage()
  running += 1
  try {
    return await storage.run(scope, run)
  } finally {
    running -= 1
    if (running === 0) storage.disable()
  }
}

function runUntilAwait<T>(scope: Scope, run: () => T): T {
  const outer = current
  current = scope
  try {
    return run()
  } finally {
    current = outer
  }
}
