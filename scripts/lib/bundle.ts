/**
 * What users load: the entries with everything they import, and the maps that lead back to src.
 *
 *    import 'barewire'         ->  index.js  ->  exports.cjs        ->  index.cjs  --.
 *    require('barewire')       -----------------------------------------^            |--> core.cjs
 *    import 'barewire/fetch'   ->  fetch.js  ->  fetch.exports.cjs  ->  fetch.cjs  --'
 *
 * What entries have in common is in a module of its own, so that a class is one and the same in all of them: a server
 * that was made with one entry is served by another. Entries that run anywhere stand alone.
 *
 * There is one implementation, a CommonJS module, since Node 20 cannot require() an ES module. A second copy as an ES
 * module would double the package, and a program that loads both would have two classes of each name. The ES module
 * names the exports and holds nothing else. It takes them through exports.cjs, because Node scans the text of a
 * CommonJS module that an ES module imports for the names it exports: 30 ms for the whole implementation (Node 20).
 *
 * One module instead of a hundred, since node resolves, reads and compiles each of them on its own before the first
 * request can come (bench: start). Indentation and comments go, statements are written as short as they can be, and
 * parameters and local variables get names of one letter. What a stack trace or `error.name` shows keeps its name:
 * functions, also those that a local variable holds, classes with their private members, and all of the top level.
 * The lines stay short, because node prints the whole line of an uncaught error.
 *
 * The map says for each statement that can throw which line of src it comes from, and repeats no source: that is what
 * stack traces need, in a seventh of the bytes of esbuild's own map.
 *
 * Invariant: the modules import nothing but each other and Node's own modules.
 * Not here: declarations, which the compiler writes (../build.ts).
 */
import { writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode, encode, type SourceMapMappings } from '@jridgewell/sourcemap-codec'
import { type BuildOptions, buildSync, transformSync } from 'esbuild'
import { minify_sync } from 'terser'

const SOURCE_ROOT = '../src/'
const MAX_LINE = 160
/** Takes the place of the `#` of private names: terser would rename them, and has no option to leave them. */
const PRIVATE = 'ǂ'
/** Calls, member access and what else a stack trace can point at. */
const CAN_THROW = /[(.[]|\$\{|\}=|\b(?:new|throw|await|yield|in|of|instanceof)\b/
const root = fileURLToPath(new URL('../..', import.meta.url))

interface SourceMap {
  readonly version: number
  readonly sources: readonly string[]
  readonly mappings: string
}

// The target as in tsconfig.json: Node 20 speaks it, so nothing is rewritten for less.
const SETTINGS = {
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

/**
 * Writes the ES module of one entry, and next to it what it exports, and the implementation with its map.
 *
 * @param outfile - where to; the implementation has the same name with `.cjs`
 * @param entry - the source to begin with
 * @param anywhere - it must run where there is no Node: the ES module is the implementation, and imports nothing
 * @throws {Error} when a source does not parse or is missing, or one of them imports what it must not
 */
export function bundle(outfile: string, entry = join(root, 'src', 'index.ts'), anywhere = false): void {
  const implementation = anywhere ? outfile : outfile.replace(/js$/, 'cjs')
  const { metafile, outputFiles } = buildSync({
    ...SETTINGS,
    entryPoints: [entry],
    outfile: implementation,
    format: anywhere ? 'esm' : 'cjs',
    sourcemap: 'external',
  })
  for (const { path } of Object.values(metafile.outputs).flatMap(({ imports }) => imports)) {
    if (anywhere || !path.startsWith('node:')) {
      throw new Error(`${entry} needs ${path}, expected ${anywhere ? 'nothing' : 'node: modules only'}`)
    }
  }
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
  const code = writeImplementation(implementation, text(basename(implementation)), text('.map'), anywhere)
  if (!anywhere) writeExports(outfile, code)
}

/**
 * Writes entries as `bundle` does, and what several of them have in common as modules of their own: `core.cjs` for all
 * of them.
 *
 * @param dist - the folder
 * @param entries - their sources below src, and their names
 * @throws {Error} as `bundle`
 */
export function bundleTogether(
  dist: string,
  entries: readonly { readonly source: string; readonly output: string }[],
): void {
  const { metafile, outputFiles } = buildSync({
    ...SETTINGS,
    absWorkingDir: root,
    entryPoints: entries.map(({ source, output }) => ({ in: resolve(root, 'src', source), out: output })),
    outdir: dist,
    splitting: true,
    format: 'esm',
    chunkNames: 'shared-[hash]',
    sourcemap: 'inline',
  })
  const importsOf = new Map(
    Object.entries(metafile.outputs).map(([file, { imports }]) => [
      basename(file),
      imports.map(({ path }) => (path.startsWith('node:') ? path : basename(path))),
    ]),
  )
  const reaches = (from: string, target: string): boolean =>
    importsOf.get(from)?.some((next) => next === target || reaches(next, target)) === true
  const shared = [...importsOf.keys()].filter((name) => name.startsWith('shared-'))
  const names = new Map(
    shared.map((name) => {
      const users = entries.map(({ output }) => output).filter((output) => reaches(`${output}.js`, name))
      return [name, users.length === entries.length ? 'core.cjs' : `core-${users.sort().join('-')}.cjs`]
    }),
  )
  for (const [file, imports] of importsOf) {
    const foreign = imports.find((path) => !path.startsWith('node:') && !names.has(path))
    if (foreign !== undefined) throw new Error(`${file} needs ${foreign}, expected node: modules only`)
  }
  for (const { path, text } of outputFiles) {
    const outfile = join(dist, basename(path))
    const name = names.get(basename(path)) ?? basename(path).replace(/js$/, 'cjs')
    const { code, map } = transformSync(
      text.replace(/"\.\/(shared-\w+\.js)"/g, (_, other) => `"./${names.get(other)}"`),
      {
        format: 'cjs',
        platform: 'node',
        target: SETTINGS.target,
        sourcefile: outfile,
        sourcemap: 'external',
        sourcesContent: false,
      },
    )
    const short = writeImplementation(join(dist, name), code, map, false)
    if (!names.has(basename(path))) writeExports(outfile, short)
  }
}

/** @returns the code that was written */
function writeImplementation(file: string, text: string, textMap: string, module: boolean): string {
  const { code, map } = shortenNames(text, textMap, module)
  writeFileSync(file, `${code}\n//# sourceMappingURL=${basename(file)}.map\n`)
  writeFileSync(`${file}.map`, reduceMap(map, code.split('\n')))
  return code
}

/** @param code - of the implementation, which has the same name as `outfile` with `.cjs` */
function writeExports(outfile: string, code: string): void {
  const implementation = basename(outfile).replace(/js$/, 'cjs')
  // What esbuild puts at the end for those who scan the text.
  const [names = '{}'] = /(?<=&&\(module\.exports=)[^)]*/.exec(code.replaceAll('\n', '')) ?? []
  const bridge = `const${names}=require('./${implementation}');module.exports=${names}\n`
  const exportsFile = basename(outfile).replace(/^(?:index\.)?(.*)js$/, '$1exports.cjs')
  writeFileSync(join(dirname(outfile), exportsFile), bridge)
  writeFileSync(outfile, `export${names}from'./${exportsFile}'\n`)
}

function shortenNames(code: string, map: string, module: boolean): { code: string; map: SourceMap } {
  if (code.includes(PRIVATE)) throw new Error(`the sources contain ${PRIVATE}, which stands for # here`)
  const short = minify_sync(code.replace(/#(?=[\p{ID_Start}$_])/gu, PRIVATE), {
    ecma: 2020,
    compress: false,
    module,
    mangle: { keep_fnames: true, keep_classnames: true, toplevel: false },
    format: { max_line_len: MAX_LINE },
    sourceMap: { content: map },
  })
  return { code: short.code?.replaceAll(PRIVATE, '#') ?? '', map: JSON.parse(String(short.map)) }
}

/** Leaves the first mapping of each run that comes from one line, without columns of src and without names. */
function reduceMap(map: SourceMap, code: readonly string[]): string {
  // Said once for all sources below it.
  const sourceRoot = map.sources.every((source) => source.startsWith(SOURCE_ROOT)) ? SOURCE_ROOT : ''
  const sources = map.sources.map((source) => source.slice(sourceRoot.length))
  const lines = firstOfRuns(decode(map.mappings)).map((segments, row) =>
    segments
      .filter(([column], index) => CAN_THROW.test(code[row]?.slice(column, segments[index + 1]?.[0]) ?? ''))
      .map(([column, source, line]): [number, number, number, number] => [column, source ?? 0, line ?? 0, 0]),
  )
  const mappings = encode(firstOfRuns(lines))
  return JSON.stringify({ version: map.version, sourceRoot, sources, names: [], mappings })
}

function firstOfRuns(lines: SourceMapMappings): SourceMapMappings {
  return lines.map((segments) =>
    segments.filter((segment, index) => {
      const before = segments[index - 1]
      return before === undefined || before[1] !== segment[1] || before[2] !== segment[2]
    }),
  )
}
