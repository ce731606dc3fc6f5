/**
 * Transpiles the project's TypeScript once, for all test processes.
 *
 * There is one process per test file, and each imports most of src. Left to tsx, every one of them resolves, hashes
 * and looks up some hundred and fifty files again, which takes longer than most tests. Here esbuild writes all of
 * them in one pass to a temporary folder; transpiled-loader.mjs gives them to a process under their own URLs, so that
 * `import.meta.url`, workers and dynamic imports are as if the `.ts` files were loaded themselves.
 *
 * Every statement stays on its line and in its column. So stack traces, the places of tests and the code that
 * `assert.ok` quotes are right without source maps, which Node indexes whenever it loads a module: 100 ms for the
 * modules of one test.
 *
 * Not here: checking types (`npm run types`).
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { decode } from '@jridgewell/sourcemap-codec'
import { build } from 'esbuild'

/** The folders whose files a test can import. */
const FOLDERS = ['src', 'test', 'scripts', 'bench']

/** A folder with the transpiled files: `<folder>/src/index.js` is made of `<root>/src/index.ts`. */
export interface Transpiled {
  readonly folder: string
  remove(): void
}

/**
 * Transpiles every `.ts` file of the project.
 *
 * @param root - the folder that contains `src/` and `test/`
 * @returns where the files are, and how to remove them
 * @throws {Error} with esbuild's message, when a file does not parse
 */
export async function transpile(root: string): Promise<Transpiled> {
  const { outputFiles } = await build({
    entryPoints: FOLDERS.flatMap((folder) => listSources(join(root, folder))),
    outdir: root,
    outbase: root,
    write: false,
    format: 'esm',
    target: 'es2023',
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
  })
  const folder = mkdtempSync(join(tmpdir(), 'barewire-tests-'))
  const maps = new Map(outputFiles.map(({ path, text }) => [path, text]))
  for (const [path, code] of maps) {
    const map = maps.get(`${path}.map`)
    if (map === undefined) continue
    const file = join(folder, relative(root, path))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, restoreLines(code, JSON.parse(map).mappings))
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * Puts code without white space back to the lines and columns it comes from.
 *
 * White space goes only where it can never end or join a statement: behind brackets, `,`, `:`, `;` and `=>`. A map never
 * points into a string, except at the beginning of a printed line, so these are always punctuation.
 *
 * @param code - what esbuild printed with `minifyWhitespace`: its only line breaks are those in template literals
 * @param mappings - the member of its source map
 */
export function restoreLines(code: string, mappings: string): string {
  const parts: string[] = []
  let line = 0
  let column = 0
  const put = (part: string) => {
    parts.push(part)
    column += part.length
  }
  const breakLine = () => {
    parts.push('\n')
    line++
    column = 0
  }

  const lines = code.split('\n')
  const segments = decode(mappings).map((row, index) => row.filter(([start]) => index === 0 || start > 0))
  for (const [index, text] of lines.entries()) {
    if (index > 0) {
      // Where the source has `\n`, esbuild prints the line break itself, which would move all that follows.
      const next = segments.slice(index).find((row) => row.length > 0)?.[0]?.[2]
      if (next === undefined || next > line) breakLine()
      else put('\\n')
    }
    let done = 0
    for (const [start, , toLine = 0, toColumn = 0] of segments[index] ?? []) {
      if (!/^[[{}(),:;>]?$/.test(text.charAt(start - 1))) continue
      put(text.slice(done, start))
      done = start
      while (line < toLine) breakLine()
      if (line === toLine) put(' '.repeat(Math.max(0, toColumn - column)))
    }
    put(text.slice(done))
  }
  return parts.join('')
}

/** @returns the paths of the TypeScript below a folder, but declarations and installed packages */
export function listSources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listSources(path)
    return /(?<!\.d)\.ts$/.test(entry.name) ? [path] : []
  })
}
