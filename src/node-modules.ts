/** Provides the modules of Node that bounds/runtime.ts uses: Node before 20.16 has no function that finds them. */

import { AsyncLocalStorage } from 'node:async_hooks'
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
  provideModules({
    'node:async_hooks': { AsyncLocalStorage },
    'node:events': { setMaxListeners },
    'node:zlib': ZLIB,
  })
}
