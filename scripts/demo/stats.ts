/** `file_stats`: how many files there are, of which kind, and the largest and newest of them. */

import { lstat } from 'node:fs/promises'
import path from 'node:path'
import type { Root } from './root.ts'
import type { Report } from './search.ts'
import { findFiles } from './walk.ts'

const SHOWN = 5
const MAX_EXTENSIONS = 50

export interface FileStats {
  files: number
  bytes: number
  /** Most bytes first, at most 50; `""` stands for no extension. */
  byExtension: { extension: string; files: number; bytes: number }[]
  largest: { path: string; bytes: number }[]
  newest: { path: string; modified: string }[]
  /** There are more files than were looked at. */
  truncated: boolean
}

/** @throws {UserError} for a glob that is not accepted; whatever `signal` was aborted with */
export async function fileStats(
  root: Root,
  glob?: string,
  signal?: AbortSignal,
  report?: Report,
): Promise<FileStats> {
  const { paths, truncated } = await findFiles(root, { glob, signal })
  const entries: { path: string; bytes: number; modifiedMs: number }[] = []
  for (const [index, relative] of paths.entries()) {
    signal?.throwIfAborted()
    const found = await lstat(path.join(root.directory, relative)).catch(() => undefined)
    if (found?.isFile() === true)
      entries.push({ path: relative, bytes: found.size, modifiedMs: found.mtimeMs })
    report?.(index + 1, paths.length)
  }
  const extensions = new Map<string, { files: number; bytes: number }>()
  let bytes = 0
  for (const entry of entries) {
    bytes += entry.bytes
    const extension = path.posix.extname(entry.path).toLowerCase()
    const sum = extensions.get(extension) ?? { files: 0, bytes: 0 }
    extensions.set(extension, { files: sum.files + 1, bytes: sum.bytes + entry.bytes })
  }
  return {
    files: entries.length,
    bytes,
    byExtension: [...extensions]
      .map(([extension, sum]) => ({ extension, ...sum }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_EXTENSIONS),
    largest: entries
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, SHOWN)
      .map((entry) => ({ path: entry.path, bytes: entry.bytes })),
    newest: entries
      .toSorted((a, b) => b.modifiedMs - a.modifiedMs)
      .slice(0, SHOWN)
      .map((entry) => ({ path: entry.path, modified: new Date(entry.modifiedMs).toISOString() })),
    truncated,
  }
}
