/**
 * What users load: the entries with everything they import, and the maps that lead back to src.
 *
 *    import 'barewire'         ->  index.js  ->  exports.cjs        ->  index.cjs  --.
 *    require('barewire')       -----------------------------------------^            |--> core.cjs ..> lazy-*.cjs
 *    import 'barewire/fetch'   ->  fetch.js  ->  fetch.exports.cjs  ->  fetch.cjs  --'
 *    import 'barewire/client'  ->  client.js   ->  client-core.js     import() where it is needed: client-flows.js, ...
 *    require('barewire/client')->  client.cjs  ->  client-core.cjs    require() at the same places: client-flows.cjs, ...
 *
 * What entries have in common is in a module of its own, so that a class is one and the same in all of them: a server
 * that was made with one entry is served by another. Entries that run anywhere stand alone: they are ES modules that
 * import nothing else, with a copy for require(). What they load with import() stays a module of its own. What the others
 * do not need for their first answers is a module that they load on its first use (lazy-parts.ts).
 *
 * There is one implementation, a CommonJS module, since Node 20 cannot require() an ES module. A second copy as an ES
 * module would double the package, and a program that loads both would have two classes of each name. The ES module
 * names the exports and holds nothing else. It takes them through exports.cjs, because Node scans the text of a
 * CommonJS module that an ES module imports for the names it exports: 30 ms for the whole implementation (Node 20).
 *
 * One module instead of a hundred, since node resolves, reads and compiles each of them on its own before the first
 * request can come (bench: start). Indentation and comments go, statements are written as short as they can be, and
 * parameters and local variables get names of one letter. What a stack trace or `error.name` shows keeps its name:
 * functions, also those that a local variable holds, classes with their private members, and, of CommonJS modules, all
 * of the top level.
 * The lines stay short, because node prints the whole line of an uncaught error.
 *
 * The map says for each statement that can throw which line of src it comes from, and repeats no source: that is what
 * stack traces need, in a seventh of the bytes of esbuild's own map.
 *
 * Invariant: the modules import nothing but each other and Node's own modules.
 * Not here: what goes into which file (pieces.ts); declarations, which the compiler writes (../build.ts).
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode, encode, type SourceMapMappings } from '@jridgewell/sourcemap-codec'
import { buildSync, transformSync } from 'esbuild'
import { minify_sync } from 'terser'
import { LAZY_PARTS, type LazyPart, withLazyImports } from './lazy-parts.ts'
import { isOfNode, renamed, SETTINGS, split, withOneCore } from './pieces.ts'

const SOURCE_ROOT = '../src/'
const MAX_LINE = 160
/** Takes the place of the `#` of private names: terser would rename them, and has no option to leave them. */
const PRIVATE = 'ǂ'
/** Calls, member access and what else a stack trace can point at. */
const CAN_THROW = /[(.[]|\$\{|\}=|\b(?:new|throw|await|yield|in|of|instanceof)\b/
const BEYOND_ASCII = /[^\0-\x7f]/g
const root = fileURLToPath(new URL('../..', import.meta.url))

interface SourceMap {
  readonly version: number
  readonly sources: readonly string[]
  readonly mappings: string
}

/**
 * Writes the ES module of one entry, and next to it what it exports, and the implementation with its map.
 *
 * @param outfile - where to; the implementation has the same name with `.cjs`
 * @param entry - the source to begin with
 * @throws {Error} when a source does not parse or is missing, or one of them imports what it must not
 */
export function bundle(outfile: string, entry = join(root, 'src', 'index.ts')): void {
  const implementation = outfile.replace(/js$/, 'cjs')
  const { metafile, outputFiles } = buildSync({
    ...SETTINGS,
    entryPoints: [entry],
    outfile: implementation,
    format: 'cjs',
    sourcemap: 'external',
  })
  checkImports(entry, Object.values(metafile.outputs).flatMap(pathsOf), isOfNode)
  const code = writeImplementation(implementation, ...codeAndMap(outputFiles), false)
  writeExports(outfile, code)
}

/**
 * Writes a program of the package: an ES module that loads others of its files.
 *
 * @param outfile - where to
 * @param entry - the source to begin with
 * @param files - imports, as they stand in its sources, that are files of the package already, by these names
 * @throws {Error} as `bundle`
 */
export function bundleProgram(outfile: string, entry: string, files: ReadonlyMap<string, string>): void {
  const { metafile, outputFiles } = buildSync({
    ...SETTINGS,
    entryPoints: [entry],
    outfile,
    format: 'esm',
    external: [...files.keys()],
    sourcemap: 'external',
  })
  const imports = Object.values(metafile.outputs).flatMap(pathsOf)
  checkImports(entry, imports, (path) => isOfNode(path) || files.has(path))
  const [code, map] = codeAndMap(outputFiles)
  writeImplementation(outfile, renamed(code, files), map, true)
  chmodSync(outfile, 0o755)
}

/**
 * Writes entries as `bundle` does, and what several of them have in common as modules of their own: `core.cjs` for all
 * of them.
 *
 * @param dist - the folder
 * @param entries - their sources below src, and their names
 * @param lazy - what they load on its first use, each in a file of its own
 * @throws {Error} as `bundle`
 */
export async function bundleTogether(
  dist: string,
  entries: readonly { readonly source: string; readonly output: string }[],
  lazy: readonly LazyPart[] = LAZY_PARTS,
): Promise<void> {
  const pieces = await split(dist, entries, 'core', lazy)
  for (const { code, imports, output, isShared } of pieces) {
    checkImports(output, imports, (path) => isOfNode(path) || path.startsWith('./'))
    const short = writeImplementation(join(dist, `${output}.cjs`), ...asCommonJs(code, `${output}.js`), false)
    if (!isShared) writeExports(join(dist, `${output}.js`), short)
  }
}

/**
 * Writes an entry that runs anywhere: as an ES module and as a CommonJS module, both with what they load by `import()`
 * in files of their own, and what these share in further ones.
 *
 * @param dist - the folder
 * @param entry - its source below src, and its name
 * @throws {Error} as `bundle`
 */
export async function bundleAnywhere(
  dist: string,
  entry: { readonly source: string; readonly output: string },
): Promise<void> {
  const pieces = await split(dist, [entry], `${entry.output}-core`)
  for (const { code, imports, output } of withOneCore(dist, pieces)) {
    checkImports(output, imports, (path) => path.startsWith('./'))
    writeImplementation(join(dist, `${output}.js`), ...asModule(code, `${output}.js`), true)
    writeImplementation(join(dist, `${output}.cjs`), ...asCommonJs(code, `${output}.js`), false)
  }
}

function pathsOf({ imports }: { readonly imports: readonly { readonly path: string }[] }): string[] {
  return imports.map(({ path }) => path)
}

function checkImports(from: string, imports: readonly string[], isAllowed: (path: string) => boolean): void {
  const foreign = imports.find((path) => !isAllowed(path))
  if (foreign !== undefined)
    throw new Error(`${from} needs ${foreign}, expected what is its own and, where it may, node: modules`)
}

function codeAndMap(
  files: readonly { readonly path: string; readonly text: string }[],
): [code: string, map: string] {
  const text = (isMap: boolean) => files.find(({ path }) => path.endsWith('.map') === isMap)?.text ?? ''
  return [text(false), text(true)]
}

const AGAIN = {
  platform: 'node',
  target: SETTINGS.target,
  sourcemap: 'external',
  sourcesContent: false,
} as const

function asModule(code: string, sourcefile: string): [code: string, map: string] {
  const done = transformSync(code, { ...AGAIN, format: 'esm', sourcefile })
  return [done.code, done.map]
}

/** `import()` becomes a `require()` at the same place: it knows where the file is, whatever bundles it. */
function asCommonJs(code: string, sourcefile: string): [code: string, map: string] {
  const supported = { 'dynamic-import': false }
  const done = transformSync(code, { ...AGAIN, format: 'cjs', sourcefile, supported })
  const relative = /(?<=require\("\.\/[\w-]+\.)js(?="\))/g
  return [withLazyImports(done.code.replace(relative, 'cjs')), done.map]
}

/** @returns the code that was written */
function writeImplementation(file: string, text: string, textMap: string, module: boolean): string {
  const { code, map } = shortenNames(module ? text : withPlainExports(text), textMap, module)
  writeFileSync(file, `${code}\n//# sourceMappingURL=${basename(file)}.map\n`)
  writeFileSync(`${file}.map`, reduceMap(map, code.split('\n')))
  return code
}

/**
 * Exports values in the place of the getters that esbuild writes: a piece uses what another one exports with every
 * request, and each use would be a call. Nothing that is exported changes, and pieces do not need each other in a circle.
 * Every line stays where it is.
 */
function withPlainExports(code: string): string {
  const getters = /__export\(\w+, (\{\n[^}]*\n\})\);\nmodule\.exports = __toCommonJS\(\w+\);/
  const found = getters.exec(code)
  const annotation = /^0 && \(module\.exports = \{[^}]*\}\);/m
  if (found === null || !annotation.test(code)) throw new Error('esbuild writes exports in another form')
  const [written, members = ''] = found
  const values = members.replaceAll('() => ', '').replaceAll('\n', '')
  const marker = 'Object.defineProperty(module.exports, "__esModule", { value: true });'
  return code
    .replace(written, written.replace(/[^\n]+/g, ''))
    .replace(annotation, (whole) => `module.exports = ${values};${marker}${whole.replace(/[^\n]+/g, '')}`)
}

/** @param code - of the implementation, which has the same name as `outfile` with `.cjs` */
function writeExports(outfile: string, code: string): void {
  const implementation = basename(outfile).replace(/js$/, 'cjs')
  const [values = ''] = /(?<=module\.exports=\{)[^}]*/.exec(code.replaceAll('\n', '')) ?? []
  const names = `{${values.replace(/:[^,]+/g, '')}}`
  const bridge = `const${names}=require('./${implementation}');module.exports=${names}\n`
  const exportsFile = basename(outfile).replace(/^(?:index\.)?(.*)js$/, '$1exports.cjs')
  writeFileSync(join(dirname(outfile), exportsFile), bridge)
  writeFileSync(outfile, `export${names}from'./${exportsFile}'\n`)
}

function shortenNames(code: string, map: string, module: boolean): { code: string; map: SourceMap } {
  if (code.includes(PRIVATE)) throw new Error(`the sources contain ${PRIVATE}, which stands for # here`)
  // The variable is where such a class has its name from; at the top level of ES modules they are renamed.
  const reserved = [...code.matchAll(/([\w$]+) = class\b/g)].map(([, name = '']) => name)
  const short = minify_sync(code.replace(/#(?=[\p{ID_Start}$_])/gu, PRIVATE), {
    ecma: 2020,
    compress: false,
    module,
    mangle: { keep_fnames: true, keep_classnames: true, toplevel: false, reserved },
    format: { max_line_len: MAX_LINE },
    sourceMap: { content: map },
  })
  return asAscii(short.code?.replaceAll(PRIVATE, '#') ?? '', JSON.parse(String(short.map)))
}

/**
 * Writes characters beyond ASCII, which are in strings and regular expressions only, as escapes: with one that is not
 * Latin-1, V8 keeps the whole file as two bytes a character.
 */
function asAscii(code: string, map: SourceMap): { code: string; map: SourceMap } {
  const escaped = (text: string) =>
    text.replace(BEYOND_ASCII, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const rows = code.split('\n')
  const lines = decode(map.mappings)
  for (const [row, text] of rows.entries()) {
    if (text.search(BEYOND_ASCII) < 0) continue
    for (const segment of lines[row] ?? []) segment[0] = escaped(text.slice(0, segment[0])).length
  }
  return { code: escaped(code), map: { ...map, mappings: encode(lines) } }
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
