/**
 * `search_text`: lines of the served files that contain a text.
 *
 * Bounded by the number of files (walk.ts), of matches, the length of a line (lines.ts), and for regular
 * expressions by time (line-matcher.ts) and by how many run at once (shares.ts).
 */

import { createMatcher } from './line-matcher.ts'
import { readLines } from './lines.ts'
import type { Root } from './root.ts'
import { UserError } from './user-error.ts'
import { findFiles } from './walk.ts'

const DEFAULT_MATCHES = 100
const MAX_SHOWN_LENGTH = 200

/** `progress` grows with every call. */
export type Report = (progress: number, total?: number, message?: string) => void

export interface SearchRequest {
  readonly pattern: string
  readonly glob?: string | undefined
  readonly regex?: boolean | undefined
  readonly ignoreCase?: boolean | undefined
  /** @defaultValue 100 */
  readonly maxMatches?: number | undefined
}

export interface SearchMatch {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly text: string
}

export interface SearchResult {
  readonly matches: SearchMatch[]
  readonly filesSearched: number
  /** Binary or unreadable. */
  readonly filesSkipped: number
  /** There may be more matches than these. */
  readonly truncated: boolean
}

/**
 * @param takeWorker - takes one of the places for regular expressions, and gives what returns it
 * @throws {UserError} for a pattern or glob that is not accepted, or what `takeWorker` throws; whatever `signal` was
 *   aborted with
 */
export async function searchText(
  root: Root,
  request: SearchRequest,
  signal?: AbortSignal,
  report?: Report,
  takeWorker?: () => () => void,
): Promise<SearchResult> {
  const { glob, maxMatches = DEFAULT_MATCHES } = request
  const matcher = createMatcher({ ...request, signal, takeWorker })
  try {
    const found = await findFiles(root, { glob, signal })
    const matches: SearchMatch[] = []
    let filesSearched = 0
    let filesSkipped = 0
    for (const [index, file] of found.paths.entries()) {
      if (matches.length >= maxMatches) break
      const kind = await searchFile(root, file, signal, async (lines, first) => {
        for (const at of await matcher.matches(lines)) {
          if (matches.length >= maxMatches) return false
          matches.push({ file, line: first + at, text: (lines[at] as string).slice(0, MAX_SHOWN_LENGTH) })
        }
        return true
      })
      if (kind === 'text') filesSearched++
      else filesSkipped++
      report?.(index + 1, found.paths.length, file)
    }
    const truncated = found.truncated || matches.length >= maxMatches
    return { matches, filesSearched, filesSkipped, truncated }
  } finally {
    await matcher.close()
  }
}

async function searchFile(
  root: Root,
  file: string,
  signal: AbortSignal | undefined,
  visit: (lines: string[], first: number) => Promise<boolean>,
): Promise<'text' | 'binary' | 'unreadable'> {
  // A file may vanish between the walk and now: that is no failure of the search.
  const opened = await root.openFile(file).catch((error: unknown) => {
    if (error instanceof UserError) return undefined
    throw error
  })
  if (opened === undefined) return 'unreadable'
  try {
    return await readLines(opened.handle, signal, visit)
  } finally {
    await opened.handle.close()
  }
}
