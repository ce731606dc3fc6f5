/** The parts of the benchmark, in the order in which a run of everything takes them. */

import type { Part } from '../lib/bench.ts'
import { client } from './client.ts'
import { cluster } from './cluster.ts'
import { connections } from './connections.ts'
import { fetchPart } from './fetch.ts'
import { generator } from './generator.ts'
import { instructions } from './instructions.ts'
import { latency } from './latency.ts'
import { micro } from './micro.ts'
import { published } from './published.ts'
import { replay } from './replay.ts'
import { sessions } from './sessions.ts'
import { soak } from './soak.ts'
import { start } from './start.ts'
import { stdioPart } from './stdio.ts'
import { streaming } from './streaming.ts'

export const PARTS: readonly Part[] = [
  latency,
  sessions,
  connections,
  streaming,
  replay,
  cluster,
  start,
  fetchPart,
  stdioPart,
  micro,
  generator,
  client,
  instructions,
  soak,
  published,
]

/**
 * Picks parts.
 *
 * @param names - empty: all but those that run by name only
 * @throws {Error} for a name that no part has
 */
export function pickParts(parts: readonly Part[], names: readonly string[]): Part[] {
  for (const name of names) {
    if (!parts.some((part) => part.name === name)) {
      throw new Error(
        `there is no part ${JSON.stringify(name)}; there are ${parts.map((part) => part.name).join(', ')}`,
      )
    }
  }
  if (names.length === 0) return parts.filter((part) => part.byNameOnly !== true)
  return parts.filter((part) => names.includes(part.name))
}
