/**
 * The one ES module that users load: src/index.ts with everything it imports, and the map that leads back to src.
 *
 * One module instead of a hundred, since node resolves, reads and compiles each of them on its own before the first
 * request can come (bench: start). Indentation and comments go, names and statements stay as they are written, so
 * that stack traces and `error.name` say what the sources say; the lines stay short, because node prints the whole
 * line of an uncaught error. The map repeats no source: src is in the package.
 *
 * Invariant: it imports nothing but Node's own modules.
 * Not here: declarations, which the compiler writes (../build.ts).
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

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
    lineLimit: 110,
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
}
