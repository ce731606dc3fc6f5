/**
 * Hooks: functions of the application that are called on an event, and whose result nothing waits for.
 */

import { isPromise } from '../bounds/is-promise.ts'

/** Calls a hook. An error in it, thrown or rejected, is reported and has no other effect. */
export function runHook(hook: () => unknown, report: (error: unknown) => void): void {
  try {
    const returned = hook()
    if (isPromise(returned)) Promise.resolve(returned).then(undefined, report)
  } catch (error) {
    report(error)
  }
}
