/**
 * What a part works with: the contenders of this run, their servers, the load process, and the place for figures.
 *
 * A part is a list of steps that were planned before the first one runs, so that the time left can be told. Servers
 * are started on demand and live until the part that asked for them is over; while one is measured the others idle.
 */

import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Contender, isPeer } from '../contenders/index.ts'
import { type Build, ROOT } from './build.ts'
import { chooseCores } from './cores.ts'
import { type LoadProcess, type ServerProcess, startLoad, startServer } from './process.ts'
import type { Collector } from './results.ts'
import { DEFAULT_SETUP, type Setup } from './setup.ts'
import { rotate } from './statistics.ts'

export interface Step {
  readonly label: string
  /** Estimate. */
  readonly seconds: number
  run(): Promise<void>
}

/** A number for all contenders, or one for each: peers have fewer rounds, and take longer. */
export type PerContender = number | ((contender: Contender) => number)

const numberOf = (value: PerContender, contender: Contender) =>
  typeof value === 'number' ? value : value(contender)

export interface Part {
  readonly name: string
  /** What is measured, in a few words. */
  readonly about: string
  /** Only when it is named: too long for a run of everything. */
  readonly byNameOnly?: boolean
  plan(bench: Bench): Step[]
}

export interface BenchOptions {
  readonly quick: boolean
  /** The Node for the servers. */
  readonly node: string
  readonly contenders: readonly Contender[]
  readonly build: Build
  readonly collector: Collector
  readonly maxOpenFiles: number | undefined
}

export class Bench {
  readonly quick: boolean
  readonly contenders: readonly Contender[]
  readonly collector: Collector
  readonly build: Build
  readonly node: string
  readonly maxOpenFiles: number
  /** What went wrong with a server that must work. */
  readonly failures: string[] = []
  readonly cores = chooseCores()
  /** Lifecycle: from its first use to the end of the part. */
  readonly #servers = new Map<string, Promise<ServerProcess>>()
  #load: Promise<LoadProcess> | undefined
  /** Contenders that failed in this part, which then take no further part in it. */
  readonly #out = new Set<string>()

  constructor(options: BenchOptions) {
    this.quick = options.quick
    this.node = options.node
    this.contenders = options.contenders
    this.build = options.build
    this.collector = options.collector
    this.maxOpenFiles = options.maxOpenFiles ?? 1024
  }

  get load(): Promise<LoadProcess> {
    this.#load ??= startLoad(this.build.path('bench/load/child.ts'), this.cores.load)
    return this.#load
  }

  modulePath({ module }: Contender): string {
    if (isAbsolute(module)) return module
    return module.startsWith('bench/peers/') ? join(ROOT, module) : this.build.path(module)
  }

  /** The server of a contender in a setup; the same one for the same setup. */
  server(contender: Contender, setup: Partial<Setup> = {}): Promise<ServerProcess> {
    const whole: Setup & { mode?: string } = {
      ...DEFAULT_SETUP,
      ...setup,
      wire: contender.wire,
      ...(contender.mode !== undefined && { mode: contender.mode }),
    }
    const key = `${contender.name} ${JSON.stringify(whole)}`
    const known = this.#servers.get(key)
    if (known !== undefined) return known
    const started = startServer(this.modulePath(contender), whole, this.spawnOptions())
    this.#servers.set(key, started)
    // Whoever asked for it sees the failure; this is for nobody asking a second time.
    started.catch(() => {})
    return started
  }

  /** For `import`. */
  moduleUrl(contender: Contender): string {
    return pathToFileURL(this.modulePath(contender)).href
  }

  /** As servers get it. */
  setupOf({ wire, mode }: Contender): Setup {
    return { ...DEFAULT_SETUP, wire, ...(mode !== undefined && { mode }) }
  }

  spawnOptions() {
    return { node: this.node, core: this.cores.server, entry: this.build.path('bench/lib/server-child.ts') }
  }

  /** Ends the servers, of one contender or of all. */
  async stopServers(contender?: Contender): Promise<void> {
    for (const [key, started] of [...this.#servers]) {
      if (contender !== undefined && !key.startsWith(`${contender.name} `)) continue
      this.#servers.delete(key)
      await started.then(
        (server) => server.stop(),
        () => {},
      )
    }
  }

  /**
   * One step for each contender and round, in turn.
   *
   * @param seconds - estimate of one step
   * @param rounds - who has fewer of them takes part in the first ones
   * @param task - measures one contender once. What it throws ends the contender's part, not the run
   */
  inTurn(
    label: string,
    seconds: PerContender,
    rounds: PerContender,
    contenders: readonly Contender[],
    task: (contender: Contender, round: number) => Promise<void>,
  ): Step[] {
    const most = Math.max(0, ...contenders.map((contender) => numberOf(rounds, contender)))
    return Array.from({ length: most }, (_, round) =>
      rotate(contenders, round)
        .filter((contender) => round < numberOf(rounds, contender))
        .map((contender) => ({
          label: `${label}, round ${round + 1} of ${numberOf(rounds, contender)}, ${contender.name}`,
          seconds: numberOf(seconds, contender),
          run: () => this.attempt(contender, label, () => task(contender, round)),
        })),
    ).flat()
  }

  /** Runs a task of a contender, unless that one has failed in this part before. */
  async attempt(contender: Contender, label: string, task: () => Promise<void>): Promise<void> {
    if (this.#out.has(contender.name)) return
    try {
      await task()
    } catch (error) {
      this.#out.add(contender.name)
      const text = `${contender.name} failed at ${label}: ${error instanceof Error ? error.message : String(error)}`
      this.collector.note(text)
      // Another commit need not have what today's benchmark asks for.
      if (!isPeer(contender) && contender.family !== 'base') this.failures.push(text)
    }
  }

  /** The contenders that can take part in a part; the others get a note. */
  able(part: string): Contender[] {
    return this.contenders.filter((contender) => {
      if (contender.parts?.includes(part) === false) return false
      const reason = contender.without?.[part]
      if (reason !== undefined) this.collector.note(`${contender.name} is not in ${part}: ${reason}`)
      return reason === undefined
    })
  }

  /** Between two parts. */
  async endPart(): Promise<void> {
    this.#out.clear()
    await this.stopServers()
    const load = this.#load
    this.#load = undefined
    await load?.then((process) => process.stop())
  }
}

/** Whether the packages of a contender are there. */
export function isInstalled({ packages }: Contender): boolean {
  return packages.every((name) => existsSync(manifestOf(name)))
}

/** The versions of the peers among some contenders, by family. */
export function versionsOf(contenders: readonly Contender[]): Record<string, string> {
  const versions: Record<string, string> = {}
  for (const { family, packages } of contenders) {
    // The others are what it is set up with.
    const [own] = packages
    if (own === undefined) continue
    const { version } = JSON.parse(readFileSync(manifestOf(own), 'utf8')) as { readonly version: string }
    versions[family] = version
  }
  return versions
}

const manifestOf = (name: string) =>
  join(ROOT, 'bench', 'peers', 'node_modules', ...name.split('/'), 'package.json')
