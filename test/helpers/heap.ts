/** The heap of this process: what is left of it after a collection. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

export const collectGarbage: () => void = runInNewContext('gc')

/** Bytes in use after several collections. */
export function heapUsed(): number {
  for (let times = 0; times < 5; times++) collectGarbage()
  return process.memoryUsage().heapUsed
}

/** How many of these are collected, within a reasonable number of collections. */
export async function collected(refs: readonly WeakRef<object>[]): Promise<number> {
  const alive = () => refs.filter((ref) => ref.deref() !== undefined).length
  for (let turn = 0; turn < 200 && alive() > 0; turn++) {
    // A collection keeps what was last seen alive in the same turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
  }
  return refs.length - alive()
}
