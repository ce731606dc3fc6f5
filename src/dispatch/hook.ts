/**
 * Hooks: functions of the application that are told of something and whose answer nobody waits for.
 */

import { isPromise } from '../bounds/is-promise.ts'

/** Calls a hook. What goes wrong in it, at once or later, is reported and touches nobody else. */
export function runHook(hook: () => unknown, report: (error: unknown) => void): void {
  try {
    const returned = hook()
    if (isPromise(returned)) Promise.resolve(returned).then(undefined, report)
  } catch (error) {
    report(error)
  }
}
