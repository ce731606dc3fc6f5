/** The store in memory, held against the contract, and what only it has. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore, memoryStore } from '../../src/store/memory-store.ts'
import { testStore } from '../../src/store-contract/index.ts'

testStore('memoryStore', () => {
  const store = new MemoryStore({ leaseMs: 200 })
  return {
    store,
    kill: ({ id }) => store.kill(id),
    interrupt: async () => {
      store.setAvailable(false)
      return () => store.setAvailable(true)
    },
  }
})

test('memoryStore refuses options that are wrong, naming them', () => {
  assert.throws(() => memoryStore({ leaseMs: -1 }), /memoryStore\.leaseMs must be 0 \(off\) to/)
  assert.throws(() => memoryStore({ maxSessions: 1 } as object), /no option "memoryStore\.maxSessions"/)
})
