/** What a run was made on: the figures mean nothing without it. Nothing that names the machine or its user. */

import { spawnSync } from 'node:child_process'
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { chooseCores } from './cores.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  /** The Node that the servers ran on. */
  readonly node: string
  /** The Node that made the load. */
  readonly loadNode: string
  /** One-minute load average before the run. */
  readonly loadBefore: number
  /** Whether server and load had a core each. */
  readonly pinned: boolean
  /** Open files that a process may have; undefined where it cannot be found out. */
  readonly maxOpenFiles: number | undefined
}

/** @param node - path of the Node for the servers */
export function describeMachine(node: string): Machine {
  const [first] = cpus()
  return {
    cpu: first?.model.trim() ?? arch(),
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim(),
    loadNode: process.version,
    loadBefore: currentLoad(),
    pinned: chooseCores().server !== undefined,
    maxOpenFiles: maxOpenFiles(),
  }
}

/**
 * What to say of a machine that does other work too: where more than half of its cores are taken, server and load have
 * no core each.
 *
 * @returns undefined for a quiet one
 */
export function busyWarning({
  loadBefore,
  cores,
}: Pick<Machine, 'loadBefore' | 'cores'>): string | undefined {
  if (loadBefore <= cores / 2) return undefined
  return `the machine is busy: a load average of ${loadBefore} on ${cores} cores before the run. figures are worse, and vary more, than on a quiet one`
}

/** The one-minute load average. */
export function currentLoad(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2))
}

/** What `ulimit -n` says. */
export function maxOpenFiles(): number | undefined {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })
  const text = (stdout ?? '').trim()
  if (text === 'unlimited') return Number.POSITIVE_INFINITY
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/** One line for the head of a report. */
export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryBytes, system, node, loadBefore, pinned } = machine
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`
  const cpusText = `${cpu} x${cores}`
  return `${cpusText}, ${memory}, ${system}, Node ${node}, load ${loadBefore}, ${pinned ? 'server and load on a core each' : 'not pinned'}`
}
