/**
 * The arithmetic of the results. Machines are noisy, so every figure is a median over rounds with its spread, and
 * a comparison is the median of the ratios within each round, not the ratio of two medians: what slowed the whole
 * machine for one round is in both of its figures.
 */

export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws {RangeError} for no values */
export function summarise(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('there are no values to summarise')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number }
}

/**
 * Ratios of two contenders, round by round.
 *
 * @param values - one for each round
 * @param base - what they are compared with, of the same rounds; a round that either lacks does not count
 * @returns undefined when no round has both
 */
export function ratios(
  values: readonly (number | undefined)[],
  base: readonly (number | undefined)[],
): Summary | undefined {
  const both: number[] = []
  for (const [round, value] of values.entries()) {
    const other = base[round]
    if (value !== undefined && other !== undefined && other > 0) both.push(value / other)
  }
  return both.length === 0 ? undefined : summarise(both)
}

/**
 * The order of the contenders in a round: each round begins with another one, so that none always runs first, or
 * always after the same neighbour's heat.
 */
export function rotate<T>(items: readonly T[], round: number): T[] {
  if (items.length === 0) return []
  const at = round % items.length
  const turned = [...items.slice(at), ...items.slice(0, at)]
  return Math.floor(round / items.length) % 2 === 0 ? turned : turned.reverse()
}
