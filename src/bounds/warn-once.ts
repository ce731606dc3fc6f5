/**
 * Warnings for the developer, each text once: servers that make a definition for each client register the same tools
 * again and again.
 *
 * Lifecycle: the process. Invariant: a bounded number of texts is remembered.
 */

import { emitWarning } from './runtime.ts'
import type { WarningCode } from './warning-codes.ts'

const MAX_GIVEN = 1000

const given = new Set<string>()

/** @param code - names the kind of warning, for `process.on('warning')` */
export function warnOnce(problem: string, code: WarningCode): void {
  if (given.has(problem)) return
  if (given.size >= MAX_GIVEN) given.clear()
  given.add(problem)
  emitWarning(problem, code)
}
