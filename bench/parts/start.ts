/**
 * `start`: from the start of the process to the first answered `initialize`; resident memory at rest; what an
 * installation brings.
 *
 * Measured on the wall clock by the parent, so it includes node's own start, which the floor shows. What starts is
 * barewire's one module as the package has it (lib/build.ts). Packages and bytes are counted in a tree: for barewire
 * in the tarball that `npm pack` would make; for a peer in what its own package needs, found by following
 * `dependencies` through the installed tree.
 *
 * Defeated: modules that are loaded on first use (the clock stops at a complete answer, not at "listening").
 */

import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { ROOT } from '../lib/build.ts'
import { ask, resultOf } from '../lib/check-answer.ts'
import { startServer } from '../lib/process.ts'
import { DEFAULT_SETUP } from '../lib/setup.ts'
import { initialize, rpc } from '../lib/wire.ts'

export const start: Part = {
  name: 'start',
  about: 'process start to first answer, memory at rest, installed size',
  plan(bench) {
    const contenders = bench.able('start').filter(({ wire }) => wire !== 'sessionless')
    const rounds = (contender: Contender) => (bench.quick ? 2 : isPeer(contender) ? 5 : 15)
    const steps: Step[] = bench.inTurn('start', 0.35, rounds, contenders, (contender, round) =>
      firstAnswer(bench, contender, round),
    )
    steps.push({ label: 'start, installed size', seconds: 3, run: async () => installed(bench, contenders) })
    return steps
  },
}

async function firstAnswer(bench: Bench, contender: Contender, round: number): Promise<void> {
  const setup = { ...DEFAULT_SETUP, wire: contender.wire, ...(contender.mode && { mode: contender.mode }) }
  const server = await startServer(bench.modulePath(contender), setup, bench.spawnOptions())
  try {
    const request =
      contender.wire === 'stateless' ? rpc('stateless', 'tools/list', {}) : initialize(contender)
    resultOf(await ask(server.port, request))
    const milliseconds = performance.now() - server.beganAt
    const key = { part: 'start', case: 'process', n: 1, contender: contender.name }
    bench.collector.add({ ...key, metric: 'first-answer' }, 'ms', milliseconds, round)
    const { rss, heap } = await server.memory()
    bench.collector.add({ ...key, metric: 'rss' }, 'bytes', rss, round)
    bench.collector.add({ ...key, metric: 'heap' }, 'bytes', heap, round)
  } finally {
    await server.stop()
  }
}

/** @param part - with another one than this, each way of talking has the figures of its family, to be compared */
export function installed(bench: Bench, contenders: readonly Contender[], part = 'start'): void {
  const families = new Map<string, { count: number; bytes: number }>()
  for (const { family, name, packages } of contenders) {
    const known = families.get(family)
    if (family === 'floor' || (known !== undefined && part === 'start')) continue
    const { count, bytes } =
      known ?? (packages.length === 0 ? ownPackage(bench.quick) : installedTree(packages))
    families.set(family, { count, bytes })
    const key = { part, case: 'installed', n: 1, contender: name }
    bench.collector.add({ ...key, metric: 'packages' }, 'packages', count)
    bench.collector.add({ ...key, metric: 'bytes' }, 'bytes', bytes)
  }
}

/**
 * What `npm pack` puts into the tarball, unpacked.
 *
 * @param asBuilt - take `dist` as it is, if it is there, instead of building it anew
 */
function ownPackage(asBuilt: boolean): { count: number; bytes: number } {
  const pack = ['pack', '--dry-run', '--json', '--silent']
  if (asBuilt && existsSync(join(ROOT, 'dist', 'index.js'))) pack.push('--ignore-scripts')
  const { stdout, status } = spawnSync('npm', pack, { cwd: ROOT, encoding: 'utf8' })
  // The package's own build speaks before the JSON does.
  const json = stdout.slice(stdout.search(/^[[{]/m))
  const parsed = JSON.parse(json) as
    | readonly { unpackedSize: number }[]
    | { [name: string]: { unpackedSize: number } }
  const [first] = Array.isArray(parsed) ? parsed : Object.values(parsed)
  if (status !== 0 || first === undefined) throw new Error('npm pack --dry-run gave no size')
  const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies?: object
  }
  return { count: 1 + Object.keys(dependencies).length, bytes: first.unpackedSize }
}

/** Packages that these need, and the bytes of their files. */
export function installedTree(
  packages: readonly string[],
  home = join(ROOT, 'bench', 'peers'),
): { count: number; bytes: number } {
  const folders = new Set<string>()
  const follow = (name: string, from: string, optional: boolean) => {
    const folder = findPackage(name, from)
    if (folder === undefined) {
      if (optional) return
      throw new Error(`${name}, needed by ${from}, is not installed`)
    }
    if (folders.has(folder)) return
    folders.add(folder)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      readonly dependencies?: object
      readonly optionalDependencies?: object
    }
    for (const each of Object.keys(manifest.dependencies ?? {})) {
      follow(each, folder, each in (manifest.optionalDependencies ?? {}))
    }
    for (const each of Object.keys(manifest.optionalDependencies ?? {})) follow(each, folder, true)
  }
  for (const name of packages) follow(name, home, false)
  const bytes = [...folders].reduce((sum, folder) => sum + folderBytes(folder), 0)
  return { count: folders.size, bytes }
}

/** As node looks for it: in the nearest node_modules upwards. */
function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', ...name.split('/'))
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (dirname(folder) === folder) return undefined
  }
}

function folderBytes(folder: string): number {
  let sum = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      // Packages inside are counted on their own.
      if (entry.name !== 'node_modules') sum += folderBytes(path)
    } else if (entry.isFile()) sum += lstatSync(path).size
  }
  return sum
}
