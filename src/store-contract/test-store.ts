/** All tests of the contract, for one store. */

import { testBus } from './bus.ts'
import { testEventLogs } from './event-logs.ts'
import { testKeys } from './keys.ts'
import { testLeases } from './leases.ts'
import { testOutages } from './outages.ts'
import { testSessions } from './sessions.ts'
import type { MakeStore } from './subject.ts'
import { testTasks } from './tasks.ts'

/**
 * Registers the tests of the contract for a store.
 *
 * @param name - begins the name of each test
 * @param make - makes the store for one test
 *
 * @example
 * ```ts
 * testStore('myStore', () => ({ store: myStore({ leaseMs: 500 }) }))
 * ```
 */
export function testStore(name: string, make: MakeStore): void {
  testSessions(name, make)
  testEventLogs(name, make)
  testBus(name, make)
  testLeases(name, make)
  testTasks(name, make)
  testKeys(name, make)
  testOutages(name, make)
}
