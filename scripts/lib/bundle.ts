/**
 * The one ES module that users load: src/index.ts with everything it imports, and the map that leads back to src.
 *
 * One module instead of a hundred, since node resolves, reads and compiles each of them on its own before the first
 * request can come (bench: start). Indentation and comments go, and statements are written as short as they can be;
 * names stay, so that stack traces and `error.name` say what the sources say. The lines stay short, because node prints
 * the whole line of an uncaught error.
 *
 * The map says for each statement which line of src it comes from, and repeats no source: that is what stack traces
 * need, in a quarter of the bytes of esbuild's own map.
 *
 * Invariant: the module imports nothing but Node's own modules.
 * Not here: declarations, which the compiler writes (../build.ts).
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { buildSync } from 'esbuild'

const SOURCE_ROOT = '../src/'
const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Writes the module, and its map next to it.
 *
 * @param outfile - where to
 * @param entry - the source to begin with
 * @throws {Error} when a source does not parse or is missing, or one of them imports a package
 */
export function bundle(outfile: string, entry = join(root, 'src', 'index.ts')): void {
  const { metafile } = buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // As in tsconfig.json: Node 20 speaks it, so nothing is rewritten for less.
    target: 'es2023',
    packages: 'external',
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    legalComments: 'none',
    sourcemap: true,
    sourcesContent: false,
    allowOverwrite: true,
    metafile: true,
    logLevel: 'silent',
  })
  for (const { path } of Object.values(metafile.outputs).flatMap(({ imports }) => imports)) {
    if (!path.startsWith('node:')) throw new Error(`${entry} needs ${path}, expected node: modules only`)
  }
  reduceMap(`${outfile}.map`)
}

/** Leaves the first mapping of each run that comes from one line, without columns of src and without names. */
function reduceMap(file: string): void {
  const map = JSON.parse(readFileSync(file, 'utf8')) as { mappings: string; sources: string[] }
  // Said once for all sources below it.
  const sourceRoot = map.sources.every((source) => source.startsWith(SOURCE_ROOT)) ? SOURCE_ROOT : ''
  const sources = map.sources.map((source) => source.slice(sourceRoot.length))
  const lines = decode(map.mappings).map((segments) =>
    segments
      .filter((segment, index) => {
        const before = segments[index - 1]
        return before === undefined || before[1] !== segment[1] || before[2] !== segment[2]
      })
      .map(([column, source, line]): [number, number, number, number] => [column, source ?? 0, line ?? 0, 0]),
  )
  writeFileSync(file, JSON.stringify({ ...map, sourceRoot, sources, names: [], mappings: encode(lines) }))
}
