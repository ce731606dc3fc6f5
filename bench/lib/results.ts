/**
 * The results of a run, as they are written to `bench/results/latest.json`: a flat list of figures, so that report,
 * README and bars can look up any of them without knowing how a part is made.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Machine } from './machine.ts'
import { ratios, type Summary, summarise } from './statistics.ts'

/** What a figure is of. Two figures with equal keys are rounds of the same one. */
export interface FigureKey {
  readonly part: string
  /** What was done, such as `echo`. */
  readonly case: string
  /** Connections, sessions, streams or messages, as the part says. */
  readonly n: number
  readonly contender: string
  /** What was measured, such as `requests/s`. */
  readonly metric: string
}

export interface Figure extends FigureKey {
  readonly unit: string
  /** One for each round. */
  readonly rounds: readonly number[]
  readonly value: Summary
  /** Against the floor of the same rounds. */
  readonly toFloor?: Summary
}

export interface Results {
  readonly machine: Machine
  /** When the run began, ISO 8601. */
  readonly date: string
  readonly commit: string
  readonly arguments: readonly string[]
  /** Of the peers that took part, by family. */
  readonly versions?: Readonly<Record<string, string>>
  readonly seconds: number
  readonly quick: boolean
  readonly figures: readonly Figure[]
  /** What did not run, and why; what makes a figure doubtful. */
  readonly notes: readonly string[]
}

/** Collects values while a run goes on. */
export class Collector {
  readonly notes: string[] = []
  /** Lifecycle: one run. The values of each key, by round. */
  readonly #values = new Map<string, { key: FigureKey; unit: string; rounds: (number | undefined)[] }>()

  /** @param round - 0 for what is measured once */
  add(key: FigureKey, unit: string, value: number, round = 0): void {
    const name = keyOf(key)
    const entry = this.#values.get(name) ?? { key, unit, rounds: [] }
    entry.rounds[round] = value
    this.#values.set(name, entry)
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text)
  }

  /** @param floorOf - the floor of a contender, by name */
  figures(floorOf: (contender: string) => string): Figure[] {
    return [...this.#values.values()].map(({ key, unit, rounds }) => {
      const base = this.#values.get(keyOf({ ...key, contender: floorOf(key.contender) }))
      const toFloor = base === undefined ? undefined : ratios(rounds, base.rounds)
      const present = rounds.filter((value) => value !== undefined)
      return {
        ...key,
        unit,
        rounds: present,
        value: summarise(present),
        ...(toFloor !== undefined && { toFloor }),
      }
    })
  }
}

export function keyOf({ part, case: name, n, contender, metric }: FigureKey): string {
  return [part, name, n, contender, metric].join('|')
}

export function writeResults(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
}

/** @throws {Error} when the file is not there or is no JSON */
export function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, 'utf8')) as Results
}
