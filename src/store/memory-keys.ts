/** The key store in memory: the secrets of each purpose. */

import { randomBytes } from 'node:crypto'

const SECRET_BYTES = 32

interface Key {
  readonly secret: string
  readonly made: number
}

export class MemoryKeys {
  /** By purpose, the newest first. Lifecycle: the store; there are as many purposes as the program has. */
  readonly #keys = new Map<string, Key[]>()

  read(purpose: string, rotateMs: number, keepMs: number): readonly string[] {
    const now = Date.now()
    let keys = this.#keys.get(purpose) ?? []
    const newest = keys[0]
    if (newest === undefined || now - newest.made >= rotateMs) {
      keys = [{ secret: randomBytes(SECRET_BYTES).toString('base64url'), made: now }, ...keys]
    }
    // One is kept for `keepMs` after the next newer one was made.
    keys = keys.filter((_, place) => place === 0 || now - (keys[place - 1] as Key).made < keepMs)
    this.#keys.set(purpose, keys)
    return keys.map(({ secret }) => secret)
  }
}
