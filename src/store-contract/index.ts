/**
 * The entry `barewire/store-contract`: tests of `node:test` that say what a store must do. Who writes a store of their own
 * runs them against it.
 */

export type { MakeStore, StoreUnderTest } from './subject.ts'
export { testStore } from './test-store.ts'
