/**
 * Who takes part. A contender is one server in one way of talking; a server that can talk in several ways is there
 * several times. The ratios of a contender are to the floor that talks in the same way.
 */

import type { Wire } from '../lib/setup.ts'

export interface Contender {
  readonly name: string
  readonly wire: Wire
  /** Source of the module, from the project's root. */
  readonly module: string
  /** `ours`, `floor`, or the name that `--only` knows a peer by. */
  readonly family: string
  /** The npm packages that must be installed below bench/peers. */
  readonly packages: readonly string[]
  /** What the setup does not say, for servers that have several modes. */
  readonly mode?: string
  /** Parts that this server cannot take part in, with the reason. */
  readonly without?: { readonly [part: string]: string }
}

const FLOOR = 'bench/contenders/floor.ts'
const OURS = 'bench/contenders/barewire.ts'

export const CONTENDERS: readonly Contender[] = [
  { name: 'floor', wire: 'session', module: FLOOR, family: 'floor', packages: [] },
  { name: 'floor-stateless', wire: 'stateless', module: FLOOR, family: 'floor', packages: [] },
  { name: 'floor-sessionless', wire: 'sessionless', module: FLOOR, family: 'floor', packages: [] },
  { name: 'barewire', wire: 'session', module: OURS, family: 'barewire', packages: [] },
  { name: 'barewire-stateless', wire: 'stateless', module: OURS, family: 'barewire', packages: [] },
  { name: 'barewire-sessionless', wire: 'sessionless', module: OURS, family: 'barewire', packages: [] },
]

/** The floor that a contender is compared with. */
export function floorOf(contender: Contender): string {
  return contender.wire === 'session' ? 'floor' : `floor-${contender.wire}`
}

/**
 * Picks contenders.
 *
 * @param only - families or names; empty: all. The floor always takes part, or there would be nothing to compare with
 * @throws {Error} for a name that nobody has
 */
export function pick(all: readonly Contender[], only: readonly string[]): Contender[] {
  for (const name of only) {
    if (!all.some((each) => each.name === name || each.family === name)) {
      const known = [...new Set(all.map((each) => each.family))].join(', ')
      throw new Error(`there is no contender ${JSON.stringify(name)}; there are ${known}`)
    }
  }
  if (only.length === 0) return [...all]
  const chosen = all.filter((each) => only.includes(each.name) || only.includes(each.family))
  const floors = new Set(chosen.map(floorOf))
  return all.filter((each) => chosen.includes(each) || floors.has(each.name))
}
