/**
 * Entries that are built together, and what they load by `import()`, as pieces: files without copies of what they have in
 * common. How a piece is written: bundle.ts.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, buildSync } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

// The target as in tsconfig.json: Node 20 speaks it, so nothing is rewritten for less.
export const SETTINGS = {
  write: false,
  bundle: true,
  platform: 'node',
  target: 'es2023',
  packages: 'external',
  minifySyntax: true,
  legalComments: 'none',
  sourcesContent: false,
  metafile: true,
  logLevel: 'silent',
} satisfies BuildOptions

/** One file of a build. */
export interface Piece {
  /** An ES module with its map in it. */
  readonly code: string
  /** The file, without ending. */
  readonly output: string
  /** What it imports: modules of Node, and other pieces. */
  readonly imports: readonly string[]
  /** Nobody imports it by name. */
  readonly isShared: boolean
}

/**
 * Builds entries and what they load by `import()`, without copies of what they have in common.
 *
 * @param core - names what all of them have in common; what some have is named by them, too
 */
export function split(
  dist: string,
  entries: readonly { readonly source: string; readonly output: string }[],
  core: string,
): Piece[] {
  const { metafile, outputFiles } = buildSync({
    ...SETTINGS,
    absWorkingDir: root,
    entryPoints: entries.map(({ source, output }) => ({ in: resolve(root, 'src', source), out: output })),
    outdir: dist,
    splitting: true,
    format: 'esm',
    chunkNames: 'piece-[hash]',
    sourcemap: 'inline',
  })
  const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [basename(file), output]))
  const importsOf = (file: string, how: 'static' | 'all'): readonly string[] =>
    (outputs.get(file)?.imports ?? [])
      .filter(({ kind }) => how === 'all' || kind !== 'dynamic-import')
      .map(({ path }) => (isOfNode(path) ? path : basename(path)))
  const reaches = (from: string, target: string): boolean =>
    importsOf(from, 'static').some((next) => next === target || reaches(next, target))
  const names = new Map<string, string>()
  /** Entries, and the files that `import()` loads. */
  const roots = new Map<string, string>()
  for (const [file, { entryPoint }] of outputs) {
    if (entryPoint === undefined) continue
    const isEntry = entries.some(({ output }) => `${output}.js` === file)
    const own = basename(isEntry ? file : entryPoint).replace(/\.[jt]s$/, '')
    roots.set(file, own)
    names.set(file, isEntry ? own : `${entries.map(({ output }) => output).join('-')}-${own}`)
  }
  for (const file of outputs.keys()) {
    if (names.has(file)) continue
    const users = [...roots].filter(([user]) => reaches(user, file)).map(([, name]) => name)
    const others = users.filter((name) => !core.startsWith(`${name}-`)).sort()
    names.set(file, users.length === roots.size ? core : `${core}-${others.join('-')}`)
  }
  const files = new Map([...names].map(([file, name]) => [`./${file}`, `./${name}.js`]))
  return outputFiles.map(({ path, text }) => ({
    code: renamed(text, files),
    output: names.get(basename(path)) ?? '',
    imports: importsOf(basename(path), 'all').map((name) => files.get(`./${name}`) ?? name),
    isShared: outputs.get(basename(path))?.entryPoint === undefined,
  }))
}

/** Makes one piece of all that are shared: each file is a request of its own in a browser. */
export function withOneCore(dist: string, pieces: readonly Piece[]): readonly Piece[] {
  const shared = pieces.filter(({ isShared }) => isShared)
  const others = pieces.filter(({ isShared }) => !isShared)
  const [core] = shared.map(({ output }) => output).sort()
  if (core === undefined || shared.length === 1) return pieces
  const fileOf = (output: string) => join(dist, `${output}.js`)
  for (const { code, output } of shared) writeFileSync(fileOf(output), code)
  const { outputFiles } = buildSync({
    ...SETTINGS,
    stdin: {
      contents: shared.map(({ output }) => `export * from './${output}.js'`).join('\n'),
      resolveDir: dist,
    },
    external: others.map(({ output }) => `./${output}.js`),
    outfile: fileOf(core),
    format: 'esm',
    sourcemap: 'inline',
  })
  for (const { output } of shared) rmSync(fileOf(output))
  const files = new Map(shared.map(({ output }) => [`./${output}.js`, `./${core}.js`]))
  const isOther = (path: string) => !files.has(path)
  return [
    ...others.map((piece) => ({ ...piece, code: renamed(piece.code, files) })),
    {
      code: outputFiles[0]?.text ?? '',
      output: core,
      imports: shared.flatMap(({ imports }) => imports).filter(isOther),
      isShared: true,
    },
  ]
}

export function isOfNode(path: string): boolean {
  return path.startsWith('node:')
}

export function renamed(code: string, files: ReadonlyMap<string, string>): string {
  return code.replace(/(["'])(\.{1,2}\/[^"'\n]+)\1/g, (whole, quote, path) =>
    files.has(path) ? `${quote}${files.get(path)}${quote}` : whole,
  )
}
