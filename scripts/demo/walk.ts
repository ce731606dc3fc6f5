/**
 * Walking the served folder: every regular file that a client may ask for, in a stable order.
 *
 * Bounded by count and depth. Symbolic links are not followed, so that no file is seen twice and no cycle is
 * entered; `node_modules` and names that begin with a dot are passed over.
 *
 * A glob comes from the client and is turned into a regular expression by picomatch, so what could make that
 * expression slow (groups, quantifiers, long runs of stars) is refused first.
 */

import { opendir } from 'node:fs/promises'
import path from 'node:path'
import picomatch from 'picomatch'
import { isServed, quote, type Root } from './root.ts'
import { UserError } from './user-error.ts'

export const walkLimits = { maxFiles: 10_000, maxDepth: 32, maxEntries: 200_000, maxGlobLength: 200 } as const

export interface WalkOptions {
  readonly glob?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** @defaultValue `walkLimits.maxFiles` */
  readonly maxFiles?: number
}

export interface FoundFiles {
  /** Relative to the root, `/` between names, sorted. */
  readonly paths: string[]
  /** A limit was reached: there may be more. */
  readonly truncated: boolean
}

/** @throws {UserError} for a glob that is not accepted; whatever `signal` was aborted with */
export async function findFiles(root: Root, options: WalkOptions = {}): Promise<FoundFiles> {
  const { glob, signal, maxFiles = walkLimits.maxFiles } = options
  const accepts = glob === undefined ? () => true : compileGlob(glob)
  const paths: string[] = []
  const pending: { folder: string; depth: number }[] = [{ folder: '', depth: 0 }]
  let entries = 0
  let truncated = false
  for (let next = pending.shift(); next !== undefined && !truncated; next = pending.shift()) {
    const { folder, depth } = next
    signal?.throwIfAborted()
    // A folder that cannot be read is passed over, as `find` does.
    const directory = await opendir(path.join(root.directory, folder)).catch(() => undefined)
    if (directory === undefined) continue
    const names: { name: string; isFolder: boolean }[] = []
    for await (const entry of directory) {
      if (++entries > walkLimits.maxEntries) truncated = true
      if (truncated) break
      if (entry.isFile() || entry.isDirectory())
        names.push({ name: entry.name, isFolder: entry.isDirectory() })
    }
    signal?.throwIfAborted()
    for (const { name, isFolder } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const relative = folder === '' ? name : `${folder}/${name}`
      if (!isServed(relative)) continue
      if (isFolder) {
        if (name === 'node_modules') continue
        if (depth < walkLimits.maxDepth) pending.push({ folder: relative, depth: depth + 1 })
        else truncated = true
      } else if (accepts(relative)) {
        if (paths.length >= maxFiles) {
          truncated = true
          break
        }
        paths.push(relative)
      }
    }
  }
  return { paths: paths.sort(), truncated }
}

/**
 * A pattern without `/` is held against the file name, one with `/` against the whole path.
 *
 * @throws {UserError} naming the glob and what is not accepted in it
 */
export function compileGlob(glob: string): (relative: string) => boolean {
  const refuse = (reason: string) => new UserError(`glob ${quote(glob)} is refused: ${reason}`)
  if (glob === '') throw refuse('it is empty; expected something like "**/*.md"')
  if (glob.length > walkLimits.maxGlobLength)
    throw refuse(`longer than ${walkLimits.maxGlobLength} characters`)
  if (/[()|\\\0]/.test(glob)) throw refuse('parentheses, "|" and "\\" are not accepted')
  if (/[\]}]\+/.test(glob)) throw refuse('"+" after "]" or "}" is not accepted')
  if (glob.split('/').some((segment) => (segment.match(/\*+/g)?.length ?? 0) > 3)) {
    throw refuse('more than 3 stars in one segment')
  }
  if ((glob.match(/\*+/g)?.length ?? 0) > 8) throw refuse('more than 8 stars')
  if ((glob.match(/\{/g)?.length ?? 0) > 4) throw refuse('more than 4 alternatives in braces')
  return picomatch(glob, { noextglob: true, basename: !glob.includes('/') })
}
