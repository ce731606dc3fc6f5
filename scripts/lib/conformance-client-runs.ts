/**
 * The runs of the official conformance suite in its client mode, and the checks that may be skipped. Data only.
 */

import type { ConformanceRun } from './conformance-runs.ts'

const skills = ['no-prefetch', 'verify-digest', 'verify-size', 'verify-frontmatter']

/** Scenarios of extensions are a part of both sets of requirements. */
export const conformanceClientRuns: readonly ConformanceRun[] = [
  { name: 'client-2025-11-25', args: ['--requirements', '2025-11-25'], scenarios: 25 },
  { name: 'client-2026-07-28', args: ['--requirements', '2026-07-28'], scenarios: 39 },
  { name: 'client-2025-03-26', args: ['--suite', 'all', '--spec-version', '2025-03-26'], scenarios: 2 },
  ...skills.map((skill) => ({
    name: `client-skills-${skill}`,
    args: ['--scenario', `sep-2640-client-${skill}`],
    scenarios: 1,
  })),
]

/** A revision without `initialize` has no headers of it to look at. */
export const acceptedClientSkips: ReadonlyMap<string, string> = new Map([
  ['http-standard-headers', 'initialize and its notification are not sent in this revision'],
])
