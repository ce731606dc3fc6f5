/**
 * Reads what the conformance suite wrote and judges it more strictly than the suite's own exit code does: that
 * one ignores warnings, skipped checks, and failures in scenarios that a revision does not score.
 *
 * Input: `<folder>/server-<scenario>-<time>/checks.json`, or without `server-` where a client was tested, each a list of
 * checks with a `status`.
 * Not here: running the suite (conformance.ts).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** How the folder of one scenario ends. */
const RESULT = /-\d{4}-\d\d-\d\dT[\d-]+Z$/

/** Statuses that do not count against us. */
const HARMLESS: ReadonlySet<string> = new Set(['SUCCESS', 'INFO'])

/** A check that failed, warned, was skipped without leave, or has a status we do not know. */
export interface Complaint {
  readonly scenario: string
  readonly check: string
  readonly status: string
  readonly message: string
}

/** The outcome of one run of the suite. */
export interface RunReport {
  readonly scenarios: number
  /** How often each status occurred. */
  readonly counts: ReadonlyMap<string, number>
  readonly complaints: readonly Complaint[]
  /** Scenarios in which a check was skipped with leave. */
  readonly skipped: ReadonlySet<string>
}

/**
 * Reads the results of one run.
 *
 * @param folder - the suite's output folder; a missing one is a run of no scenario
 * @param maySkip - scenarios in which a check may be skipped
 * @returns what ran, and everything to complain about; a scenario without any check, or with none that says more than
 *   what was sent, is a complaint as well
 */
export function readRun(folder: string, maySkip: { has(scenario: string): boolean } = new Set()): RunReport {
  const skipped = new Set<string>()
  const counts = new Map<string, number>()
  const complaints: Complaint[] = []
  const found = existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : []
  const names = found.filter((name) => RESULT.test(name))
  for (const name of names.sort()) {
    const scenario = name.replace(/^server-/, '').replace(RESULT, '')
    const checks = readChecks(join(folder, name, 'checks.json'))
    if (checks.length === 0) {
      complaints.push({ scenario, check: '(none)', status: 'EMPTY', message: 'the scenario made no check' })
    }
    const isIdle = checks.length > 0 && checks.every(({ status = '' }) => status === 'INFO')
    if (isIdle) {
      complaints.push({ scenario, check: '(all)', status: 'IDLE', message: 'no check succeeded' })
    }
    for (const check of checks) {
      const status = check.status ?? 'MISSING'
      counts.set(status, (counts.get(status) ?? 0) + 1)
      if (HARMLESS.has(status)) continue
      if (status === 'SKIPPED' && maySkip.has(scenario)) {
        skipped.add(scenario)
        continue
      }
      const message = check.errorMessage ?? check.description ?? ''
      complaints.push({ scenario, check: check.id ?? '(no id)', status, message })
    }
  }
  return { scenarios: names.length, counts, complaints, skipped }
}

interface Check {
  readonly id?: string
  readonly status?: string
  readonly description?: string
  readonly errorMessage?: string
}

function readChecks(file: string): readonly Check[] {
  if (!existsSync(file)) return []
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return Array.isArray(parsed) ? parsed : []
}

/**
 * Says in words why a run is not clean.
 *
 * @param report - what was read
 * @param expected - how many scenarios the run should have
 * @param exitCode - the suite's own verdict, null when a signal ended it
 * @returns one line a reason; empty when the run is clean
 */
export function findReasons(report: RunReport, expected: number, exitCode: number | null): string[] {
  const reasons = report.complaints.map(
    ({ status, scenario, check, message }) => `${status} ${scenario} / ${check}: ${message}`,
  )
  if (report.scenarios !== expected) {
    reasons.push(`${report.scenarios} scenarios ran, expected ${expected} (the suite is pinned)`)
  }
  if (exitCode !== 0) reasons.push(`the suite ended with exit code ${exitCode ?? 'none (killed)'}`)
  return reasons
}

/**
 * Lays out one line of the summary table.
 *
 * @param cells - run, scenarios, passed, failed, warned, skipped, other, verdict
 * @returns the cells, padded so that the columns of all lines agree
 */
export function tableLine(cells: readonly (string | number)[]): string {
  const widths = [24, 10, 8, 8, 8, 8, 8, 0]
  return cells
    .map((cell, index) => {
      const text = String(cell)
      const width = widths[index] ?? 0
      return index === 0 || width === 0 ? text.padEnd(width) : text.padStart(width).padEnd(width + 2)
    })
    .join('')
    .trimEnd()
}
