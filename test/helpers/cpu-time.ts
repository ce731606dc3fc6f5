/**
 * The CPU time that something takes in this process: for tests of how cost grows. Time on the clock would also count
 * what other programs of the machine do meanwhile.
 */

/** @returns milliseconds, in user and system mode */
export function cpuMs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  return sinceMs(before)
}

/** The least of several times: the others had to collect garbage, or to compile. */
export function leastCpuMs(run: () => void, times = 7): number {
  return Math.min(...Array.from({ length: times }, () => cpuMs(run)))
}

/** @param before - from `process.cpuUsage()` */
export function sinceMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
