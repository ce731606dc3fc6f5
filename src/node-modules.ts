/** Gives the engine the modules of Node that it reaches for where it can, also before Node had a function for that (20.16). */

import { setMaxListeners } from 'node:events'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { provideModules } from './bounds/runtime.ts'

export function provideNodeModules(): void {
  provideModules({ 'node:events': { setMaxListeners }, 'node:zlib': { deflateRawSync, inflateRawSync } })
}
