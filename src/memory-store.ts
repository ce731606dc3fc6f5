/** The entry `barewire/memory-store`: a store in the memory of one process, for several handlers of it and for tests. */

export { type MemoryStoreOptions, memoryStore } from './store/memory-store.ts'
