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

/** A store whose answers about sessions wait until they are released. */
export function held(memory = new MemoryStore()) {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const store: Store = {
    join(events) {
      const node = memory.join(events)
      const { sessions } = node
      const later: SessionStore = {
        create: (...args) => released.then(() => sessions.create(...args)),
        read: (...args) => released.then(() => sessions.read(...args)),
        setField: (...args) => released.then(() => sessions.setField(...args)),
        touch: (...args) => released.then(() => sessions.touch(...args)),
        delete: (...args) => released.then(() => sessions.delete(...args)),
      }
      return Object.assign(node, { sessions: later })
    },
  }
  return { store, release }
}

/** A store that reads a session at once, and gives what it has read when that is released. */
export function slowReads(memory = new MemoryStore()) {
  const releases: (() => void)[] = []
  const store: Store = {
    join(events) {
      const node = memory.join(events)
      const { sessions } = node
      const read: SessionStore['read'] = async (id) => {
        const stored = await sessions.read(id)
        await new Promise<void>((resolve) => releases.push(resolve))
        return stored
      }
      return Object.assign(node, { sessions: { ...sessions, read } })
    },
  }
  return { store, releases }
}
