/** Stores for tests that look at what a node asks of them. */

import { MemoryStore } from '../../../src/store/memory-store.ts'
import type { SessionStore } from '../../../src/store/session-store.ts'
import type { Store, StoreNode } from '../../../src/store/store.ts'

/** A store that counts what its nodes ask of the sessions. */
export function counted(memory = new MemoryStore()) {
  const calls = new Map<string, number>()
  let last: StoreNode | undefined
  const store: Store = {
    join(events) {
      const node = memory.join(events)
      last = node
      const sessions = new Proxy(node.sessions, {
        get(target, name: string) {
          const method = target[name as keyof SessionStore] as (...args: unknown[]) => unknown
          return (...args: unknown[]) => {
            calls.set(name, (calls.get(name) ?? 0) + 1)
            return method(...args)
          }
        },
      })
      return new Proxy(node, {
        get(target, name: string) {
          if (name === 'sessions') return sessions
          const value = target[name as keyof StoreNode]
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  /** The node that joined last. */
  return { store, memory, calls, node: () => last }
}
