/** Where tokens are kept unless the application says otherwise. */

import type { TokenStore } from './store.ts'

/** A store in memory: what it holds is gone when the program ends. */
export function memoryStore(): TokenStore {
  const values = new Map<string, string>()
  return {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
    delete: (key) => values.delete(key),
  }
}
