/**
 * Another commit of barewire as one more family of contenders, `base`, next to the one of the working tree: the same
 * tools on the same harness, only src/ is that commit's.
 *
 * A commit whose API differs from what contenders/barewire.ts calls fails as a contender, with its message, and the
 * others go on.
 */

import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../../scripts/lib/bundle.ts'
import { run } from '../../scripts/lib/child.ts'
import type { Contender } from '../contenders/index.ts'
import { type Build, ROOT } from './build.ts'
import { type Figure, keyOf } from './results.ts'
import { ratios } from './statistics.ts'

export interface Base {
  /** The commit that was named, in short. */
  readonly commit: string
  /** Of the barewire's that run, each in the other commit. */
  readonly contenders: readonly Contender[]
  remove(): void
}

/**
 * Builds src/ of a commit.
 *
 * @param ref - what git knows it by
 * @param compiled - the benchmark's own servers, which are today's
 * @param contenders - whoever takes part
 * @throws {Error} when git does not know the commit, or its sources do not build
 */
export async function buildBase(
  ref: string,
  compiled: Build,
  contenders: readonly Contender[],
): Promise<Base> {
  const commit = (await git('rev-parse', '--short', '--verify', '--end-of-options', `${ref}^{commit}`)).trim()
  // Below the root, where package.json says that these are ES modules.
  const folder = join(ROOT, '.cache', 'bench', `${process.pid}-base`)
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    mkdirSync(join(folder, 'src'), { recursive: true })
    const archive = join(folder, 'src.tar')
    await git('archive', '--format=tar', `--output=${archive}`, commit, 'src')
    const sources = join(folder, 'sources')
    mkdirSync(sources)
    await runOrThrow('tar', ['-xf', archive, '-C', sources])
    cpSync(compiled.path('bench'), join(folder, 'bench'), { recursive: true })
    bundle(join(folder, 'src', 'index.js'), join(sources, 'src', 'index.ts'))
  } catch (error) {
    remove()
    throw error
  }
  const module = join(folder, 'bench', 'contenders', 'barewire.js')
  const ours = contenders.filter(({ family }) => family === 'barewire')
  return {
    commit,
    contenders: ours.map((each) => ({ ...each, name: baseNameOf(each.name), family: 'base', module })),
    remove,
  }
}

/** `base-stateless` for `barewire-stateless`. */
export const baseNameOf = (barewire: string): string => barewire.replace(/^barewire/, 'base')

/** One line for each figure that both have: the working tree as a ratio to the base commit, round by round. */
export function compareWithBase(figures: readonly Figure[]): string[] {
  const byKey = new Map(figures.map((figure) => [keyOf(figure), figure]))
  return figures.flatMap((figure) => {
    const { part, case: name, n, contender, metric, rounds } = figure
    const base = byKey.get(keyOf({ ...figure, contender: baseNameOf(contender) }))
    if (base === undefined || base === figure) return []
    const ratio = ratios(rounds, base.rounds)
    if (ratio === undefined) return []
    const spread = rounds.length > 1 ? ` (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})` : ''
    return [`${part} ${name} ${n} ${contender} ${metric}: ${ratio.median.toFixed(2)} x base${spread}`]
  })
}

function git(...args: string[]): Promise<string> {
  return runOrThrow('git', args)
}

async function runOrThrow(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { cwd: ROOT })
  if (code !== 0) throw new Error(`--base: ${command} ${args[0]} failed: ${stderr.trim()}`)
  return stdout
}
