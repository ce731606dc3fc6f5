/**
 * Which process warnings count as defects of this project. Pure, so that tests can hold it against examples.
 *
 * Node documents the names in `process` "warning" events, https://nodejs.org/api/process.html#event-warning.
 */

const DEFECTS: ReadonlySet<string> = new Set([
  'MaxListenersExceededWarning',
  'TimeoutOverflowWarning',
  'TimeoutNegativeWarning',
  'TimeoutNaNWarning',
  'UnsupportedWarning',
])

/**
 * Says whether a warning should fail the tests.
 *
 * @param warning - what the process emitted
 * @returns true for leaks and wrong timers wherever they come from, and for deprecations unless the call was
 *   made inside an installed package
 */
export function isDefectWarning(warning: Error): boolean {
  if (DEFECTS.has(warning.name)) return true
  return warning.name === 'DeprecationWarning' && !(warning.stack ?? '').includes('node_modules')
}
