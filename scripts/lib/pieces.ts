/**
 * Entries that are built together, and what they load by `import()`, as pieces: files without copies of what they have in
 * common. How a piece is written: bundle.ts.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, buildSync } from 'esbuild'
import { fileOfPart, type LazyPart, lazyPlugin } from './lazy-parts.ts'

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
  /** Names that it exports. */
  readonly exports: readonly string[]
}

/**
 * Builds entries and what they load by `import()`, without copies of what they have in common.
 *
 * @param core - names what all of them have in common; what some have is named by them, too
 * @param lazy - what is loaded on its first use
 */
export async function split(
  dist: string,
  entries: readonly { readonly source: string; readonly output: string }[],
  core: string,
  lazy: readonly LazyPart[] = [],
): Promise<Piece[]> {
  const lazyFiles = lazy.map(fileOfPart)
  const { metafile, outputFiles } = await build({
    ...SETTINGS,
    absWorkingDir: root,
    entryPoints: [
      ...entries.map(({ source, output }) => ({ in: resolve(root, 'src', source), out: output })),
      ...lazyFiles.map((file) => ({ in: file, out: file })),
    ],
    plugins: [lazyPlugin(lazy)],
    outdir: dist,
    splitting: true,
    format: 'esm',
    chunkNames: 'piece-[hash]',
    sourcemap: 'inline',
  })
  const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [basename(file), output]))
  const isLazy = (file: string): boolean => lazyFiles.includes(basename(file, '.js'))
  const importsOf = (file: string, how: 'static' | 'all'): readonly string[] =>
    (outputs.get(file)?.imports ?? [])
      .filter(({ kind, path }) => how === 'all' || (kind !== 'dynamic-import' && !isLazy(path)))
      .map(({ path }) => (isOfNode(path) ? path : basename(path)))
  const reaches = (from: string, target: string): boolean =>
    importsOf(from, 'static').some((next) => next === target || reaches(next, target))
  const names = new Map<string, string>()
  /** Entries, and the files that `import()` loads. */
  const roots = new Map<string, string>()
  for (const [file, { entryPoint }] of outputs) {
    if (entryPoint === undefined) continue
    const isEntry = entries.some(({ output }) => `${output}.js` === file)
    const own = basename(isEntry || isLazy(file) ? file : entryPoint).replace(/\.[jt]s$/, '')
    if (!isLazy(file)) roots.set(file, own)
    names.set(file, isEntry || isLazy(file) ? own : `${entries.map(({ output }) => output).join('-')}-${own}`)
  }
  for (const file of outputs.keys()) {
    if (names.has(file)) continue
    const users = [...roots].filter(([user]) => reaches(user, file)).map(([, name]) => name)
    const others = users.filter((name) => !core.startsWith(`${name}-`)).sort()
    // Only lazy parts use it.
    if (users.length === 0) names.set(file, `${core}-lazy`)
    else names.set(file, users.length === roots.size ? core : `${core}-${others.join('-')}`)
  }
  const pieces: Piece[] = outputFiles.map(({ path, text }) => ({
    code: text,
    output: basename(path, '.js'),
    imports: importsOf(basename(path), 'all'),
    isShared: outputs.get(basename(path))?.entryPoint === undefined || isLazy(path),
    exports: outputs.get(basename(path))?.exports ?? [],
  }))
  return joined(dist, pieces, new Map([...names].map(([file, name]) => [basename(file, '.js'), name])))
}

/** Makes one piece of all that are shared: each file is a request of its own in a browser. */
export function withOneCore(dist: string, pieces: readonly Piece[]): readonly Piece[] {
  const [core] = pieces
    .filter(({ isShared }) => isShared)
    .map(({ output }) => output)
    .sort()
  if (core === undefined) return pieces
  return joined(
    dist,
    pieces,
    new Map(pieces.map(({ output, isShared }) => [output, isShared ? core : output])),
  )
}

/** Gives pieces new names, and makes one piece of those that get the same. */
function joined(dist: string, pieces: readonly Piece[], names: ReadonlyMap<string, string>): Piece[] {
  const groups = new Map<string, Piece[]>()
  for (const piece of pieces) {
    const name = names.get(piece.output) ?? piece.output
    groups.set(name, [...(groups.get(name) ?? []), piece])
  }
  const aliases = new Map([...groups.values()].flatMap((group) => [...aliasesOf(group)]))
  const files = new Map([...names].map(([from, to]) => [`./${from}.js`, `./${to}.js`]))
  return [...groups].map(([output, group]) => {
    const unique = group.map((piece) => ({ ...piece, code: withAliases(piece, aliases) }))
    const code = unique.length === 1 ? (unique[0]?.code ?? '') : bundled(dist, unique)
    const imports = group.flatMap((piece) => piece.imports).map((path) => files.get(`./${path}`) ?? path)
    const own = `./${output}.js`
    return {
      output,
      code: withOneImportOfEach(renamed(code, files)),
      imports: [...new Set(imports)].filter((path) => path !== own),
      exports: group.flatMap((piece) => piece.exports),
      isShared: group.every(({ isShared }) => isShared),
    }
  })
}

/** @returns by file, new names for exports of which another piece has one of the same name */
function aliasesOf(group: readonly Piece[]): Map<string, Map<string, string>> {
  const seen = new Set<string>()
  return new Map(
    group.map(({ output, exports }, index) => {
      const taken = exports.filter((name) => seen.has(name))
      for (const name of exports) seen.add(name)
      return [`./${output}.js`, new Map(taken.map((name) => [name, `${name}$${index}`]))]
    }),
  )
}

/** Uses new names in what a piece exports and imports. Lines stay where they are. */
function withAliases(
  { code, output }: Piece,
  aliases: ReadonlyMap<string, ReadonlyMap<string, string>>,
): string {
  const own = aliases.get(`./${output}.js`)
  return code
    .replace(/(?<=^export \{)[^}]*(?=\};$)/m, (list) =>
      list.replace(/(?:([\w$]+) as )?([\w$]+)/g, (whole, inside, name) =>
        own?.has(name) ? `${inside ?? name} as ${own.get(name)}` : whole,
      ),
    )
    .replace(/(?<=^import \{)([^}]*)(?=\} from "(\.[^"]+)";$)/gm, (list, _list, file) =>
      list.replace(/([\w$]+)(?: as ([\w$]+))?/g, (whole: string, name: string, inside?: string) =>
        aliases.get(file)?.has(name) ? `${aliases.get(file)?.get(name)} as ${inside ?? name}` : whole,
      ),
    )
}

/** Makes one import of those of the same file, which have come from pieces that are one now. Lines stay where they are. */
function withOneImportOfEach(code: string): string {
  const imports = /^import(?: \{([^}]*)\} from)? "(\.[^"]+)";$/gm
  const lists = new Map<string, string[]>()
  for (const [, list, file = ''] of code.matchAll(imports)) {
    const names = list === undefined ? [] : [list.replaceAll('\n', '')]
    lists.set(file, [...(lists.get(file) ?? []), ...names])
  }
  return code.replace(imports, (whole, _list, file) => {
    const names = lists.get(file)
    lists.delete(file)
    const lines = whole.replace(/[^\n]+/g, '')
    if (names === undefined) return lines
    return `import ${names.length === 0 ? '' : `{${names.join(',')}} from `}"${file}";${lines}`
  })
}

function bundled(dist: string, group: readonly Piece[]): string {
  const fileOf = (output: string) => join(dist, `${output}.js`)
  const own = new Set(group.map(({ output }) => `./${output}.js`))
  const others = group
    .flatMap(({ imports }) => imports)
    .map((path) => (path.startsWith('./') ? path : `./${path}`))
  mkdirSync(dist, { recursive: true })
  for (const { code, output } of group) writeFileSync(fileOf(output), code)
  const { outputFiles } = buildSync({
    ...SETTINGS,
    stdin: {
      contents: group.map(({ output }) => `export * from './${output}.js'`).join('\n'),
      resolveDir: dist,
    },
    external: others.filter((path) => !own.has(path)),
    outfile: join(dist, 'joined.js'),
    format: 'esm',
    sourcemap: 'inline',
  })
  for (const { output } of group) rmSync(fileOf(output))
  return outputFiles[0]?.text ?? ''
}

export function isOfNode(path: string): boolean {
  return path.startsWith('node:')
}

export function renamed(code: string, files: ReadonlyMap<string, string>): string {
  return code.replace(/(["'])(\.{1,2}\/[^"'\n]+)\1/g, (whole, quote, path) =>
    files.has(path) ? `${quote}${files.get(path)}${quote}` : whole,
  )
}
