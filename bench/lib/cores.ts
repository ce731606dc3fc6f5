/**
 * Which cores server and load run on: each on one of its own, where `taskset` exists and there are two. Otherwise
 * the scheduler decides, and the results say so.
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Cores {
  readonly server: number | undefined
  readonly load: number | undefined
}

export function chooseCores(): Cores {
  const allowed = allowedCores()
  const [first] = allowed
  const last = allowed.at(-1)
  if (allowed.length < 2 || !hasTaskset()) return { server: undefined, load: undefined }
  return { server: first, load: last }
}

/** The command line that runs a program on one core. */
export function pinned(
  core: number | undefined,
  command: string,
  args: readonly string[],
): [string, string[]] {
  return core === undefined ? [command, [...args]] : ['taskset', ['-c', `${core}`, command, ...args]]
}

/**
 * Reads a list of cores as Linux writes it.
 *
 * @param list - such as `0-3,8`
 */
export function parseCoreList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((part) => {
      if (!/^\d+(-\d+)?$/.test(part)) return []
      const [from = 0, to = from] = part.split('-').map(Number)
      return Array.from({ length: to - from + 1 }, (_, i) => from + i)
    })
}

function allowedCores(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    return parseCoreList(/^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? '')
  } catch {
    return []
  }
}

function hasTaskset(): boolean {
  return spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0
}
