/**
 * The runs of the official conformance suite that this project holds itself to, and the scenarios in which a check
 * may be skipped. Data only; a new protocol revision is a new row.
 */

/** One invocation of the suite. */
export interface ConformanceRun {
  /** What the report calls it; also the name of its results folder. */
  readonly name: string
  /** Arguments after `server --url URL`. */
  readonly args: readonly string[]
  /**
   * How many scenarios the pinned suite has for these arguments. A run with fewer is a failure: a scenario that
   * silently did not run proves nothing.
   */
  readonly scenarios: number
}

/**
 * The last row is the suite's "all versions": what 2026-07-28 or an extension brought runs with 2026-07-28, all else
 * with 2025-11-25.
 */
export const conformanceRuns: readonly ConformanceRun[] = [
  { name: 'requirements-2025-11-25', args: ['--requirements', '2025-11-25'], scenarios: 33 },
  { name: 'requirements-2026-07-28', args: ['--requirements', '2026-07-28'], scenarios: 50 },
  { name: 'all-2025-03-26', args: ['--suite', 'all', '--spec-version', '2025-03-26'], scenarios: 1 },
  { name: 'all-2025-06-18', args: ['--suite', 'all', '--spec-version', '2025-06-18'], scenarios: 27 },
  { name: 'all-2025-11-25', args: ['--suite', 'all', '--spec-version', '2025-11-25'], scenarios: 33 },
  { name: 'all-2026-07-28', args: ['--suite', 'all', '--spec-version', '2026-07-28'], scenarios: 40 },
  { name: 'all', args: ['--suite', 'all'], scenarios: 65 },
]

const STUB = 'a stub: the suite has no check yet'

/** By scenario, the reason for which its checks may be skipped. A check skipped anywhere else fails the run. */
export const acceptedSkips: ReadonlyMap<string, string> = new Map([['tasks-status-notifications', STUB]])
