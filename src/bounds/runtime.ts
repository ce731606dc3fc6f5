/**
 * What not every runtime has: code that runs on Node, Bun, Deno and edge platforms alike uses these functions where they
 * differ. Nothing is accessed before it is needed: some runtimes forbid that while a program loads.
 *
 * Not here: what needs a server of Node (node-http/).
 */

import type { AsyncLocalStorage } from 'node:async_hooks'
import type { setMaxListeners } from 'node:events'
import type { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { WarningCode } from './warning-codes.ts'

/** What is used of `process`; Node 20 has no `getBuiltinModule` before 20.16. */
interface Process {
  readonly env?: { readonly [name: string]: string | undefined } | undefined
  readonly emitWarning?: ((text: string, options: { readonly code: string }) => void) | undefined
  readonly getBuiltinModule?: ((name: string) => object | undefined) | undefined
}

/** What is used of modules of Node where they are there, and done without elsewhere. */
export interface OptionalModules {
  readonly 'node:async_hooks': { readonly AsyncLocalStorage: typeof AsyncLocalStorage }
  readonly 'node:events': { readonly setMaxListeners: typeof setMaxListeners }
  readonly 'node:zlib': {
    readonly deflateRawSync: typeof deflateRawSync
    readonly inflateRawSync: typeof inflateRawSync
  }
}

const provided = new Map<string, object>()

/** For code that runs on Node only and imports a module itself: `optionalModule` returns it from then on. */
export function provideModules(modules: Partial<OptionalModules>): void {
  for (const [name, module] of Object.entries(modules)) provided.set(name, module)
}

/** @returns undefined where the runtime does not have it */
export function optionalModule<Name extends keyof OptionalModules>(
  name: Name,
): OptionalModules[Name] | undefined {
  return (provided.get(name) ?? currentProcess()?.getBuiltinModule?.(name)) as
    | OptionalModules[Name]
    | undefined
}

/** Calls a function in a later turn of the event loop, after what has arrived in this one. */
export function nextTurn(run: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(run)
  else setTimeout(run, 0)
}

/** A timer that does not keep the process alive. Elsewhere than on Node a timer may be a number. */
export function unref(timer: NodeJS.Timeout): NodeJS.Timeout {
  if (typeof timer === 'object') timer.unref?.()
  return timer
}

/** Resolves after a time, and rejects with the reason of the signal when that aborts. Does not keep the process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = unref(
      setTimeout(() => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }, ms),
    )
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}

/** @returns undefined: it is not set, or the program may not read it */
export function environmentVariable(name: string): string | undefined {
  try {
    return currentProcess()?.env?.[name]
  } catch {
    // Deno without --allow-env.
    return undefined
  }
}

export function emitWarning(problem: string, code: WarningCode): void {
  const { emitWarning: emit } = currentProcess() ?? {}
  if (emit === undefined) console.warn(`[${code}] ${problem}`)
  else emit(problem, { code })
}

function currentProcess(): Process | undefined {
  return (globalThis as { readonly process?: Process }).process
}
