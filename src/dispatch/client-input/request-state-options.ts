/** How the request state of a call is sealed (request-state.ts). */

import type { Keys } from '../key-ring.ts'

export interface SealOptions {
  /**
   * Secrets of at least 32 bytes or characters: the first one seals, all of them open. Give the same ones to all
   * processes behind one URL. @defaultValue keys of the `store`, replaced each day; without one, a random key: states do
   * not outlive the process
   */
  readonly keys?: Keys | undefined
  /** Milliseconds until a state expires; 0: never. @defaultValue 15 minutes */
  readonly ttlMs?: number | undefined
  /** Characters of a sealed state. @defaultValue 64 Ki */
  readonly maxLength?: number | undefined
}
