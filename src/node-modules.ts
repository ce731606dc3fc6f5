/** Gives the engine the modules of Node that it reaches for where it can, also before Node had a function for that (20.16). */

import { setMaxListeners } from 'node:events'
import { provideModules } from './bounds/runtime.ts'
import { deflateRawSync, inflateRawSync } from './node-zlib.ts'

/** Read when they are used, which loads node:zlib. */
const ZLIB = {
  get deflateRawSync() {
    return deflateRawSync
  },
  get inflateRawSync() {
    return inflateRawSync
  },
}

export function provideNodeModules(): void {
  provideModules({ 'node:events': { setMaxListeners }, 'node:zlib': ZLIB })
}
