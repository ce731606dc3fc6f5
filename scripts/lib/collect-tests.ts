/**
 * Finds the project's test files.
 *
 * Invariant: the list is sorted and holds paths relative to the root with `/` between the parts, so that a
 * filter typed by hand matches on every system.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Folders below test/ that hold no test of ours: installed packages, and the official suite with its own runner. */
const SKIPPED: ReadonlySet<string> = new Set(['test/conformance'])

/**
 * What takes long because it starts many processes or the programs of others (stores, proxies, browsers, compilers,
 * other clients and servers, frameworks and runtimes, examples of the official SDK), floods a server, has hundreds of
 * clients at once, or measures what something huge takes.
 */
const LONG = [
  /^test\/(?:browser|cluster|interop|proxies|redis|robustness|types)\//,
  /^test\/client\/(?:browser|real-servers|runtimes|sdk-tasks)\./,
  /^test\/demo\/(?:shares|start)\./,
  /^test\/package\/(?:api|lazy-parts|pack|scripts)\./,
  /^test\/(?:bounds\/heap-size|both-eras\/error-text|client\/memory|json-schema\/limits|stdio\/process)\./,
  /^test\/node-http\/(?:http2-hostile|http2-many|sse-writer-slow-reader|unread-replies)\./,
  /^test\/stateless-era\/subscriptions-many\./,
  /^test\/(?:both-eras|features|session-era)\/isolation\./,
  /^test\/web-http\/hostile-bodies\./,
  /^test\/sdk\/(?:event-store|examples|guides|hanging-store|tasks)\./,
]
/** Attacks on a server run for a minute, and by their name only: `npm run attacks`. */
const ATTACKS = /\/attacks\//

/** Whether the test runs without being asked for. */
export function isQuick(file: string): boolean {
  return !isAttack(file) && !LONG.some((long) => long.test(file))
}

export function isAttack(file: string): boolean {
  return ATTACKS.test(file)
}

/**
 * Lists `*.test.ts` under `test/`.
 *
 * @param root - the folder that contains `test/`
 * @param filters - parts of paths; a file is taken when its path contains any of them. None: every file.
 * @returns paths relative to `root`, sorted; empty when nothing matches or `test/` does not exist
 */
export function collectTests(root: string, filters: readonly string[]): string[] {
  const found: string[] = []
  walk(root, 'test', found)
  const wanted = filters.map((filter) => filter.replaceAll('\\', '/').replace(/^\.\//, ''))
  return found.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part))).sort()
}

function walk(root: string, folder: string, found: string[]): void {
  for (const entry of readEntries(join(root, folder))) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !SKIPPED.has(path)) walk(root, path, found)
    } else if (entry.name.endsWith('.test.ts')) {
      found.push(path)
    }
  }
}

function readEntries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw cause
  }
}
