/**
 * What users load: src/index.ts with everything it imports, and the map that leads back to src.
 *
 *    import 'barewire'   ->  index.js  ->  exports.cjs  ->  index.cjs          and alike for the other entries
 *    require('barewire') ------------------------------------^
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
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode, encode, type SourceMapMappings } from '@jridgewell/sourcemap-codec'
import { buildSync } from 'esbuild'
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

/**
 * Writes the ES module, and next to it what it exports, and the implementation with its map.
 *
 * @param outfile - where to; the implementation has the same name with `.cjs`
 * @param entry - the source to begin with
 * @param anywhere - it must run where there is no Node: the ES module is the implementation, and imports nothing
 * @throws {Error} when a source does not parse or is missing, or one of them imports what it must not
 */
export function bundle(outfile: string, entry = join(root, 'src', 'index.ts'), anywhere = false): void {
  const implementation = anywhere ? outfile : outfile.replace(/js$/, 'cjs')
  const { metafile, outputFiles } = buildSync({
    entryPoints: [entry],
    outfile: implementation,
    write: false,
    bundle: true,
    format: anywhere ? 'esm' : 'cjs',
    platform: 'node',
    // As in tsconfig.json: Node 20 speaks it, so nothing is rewritten for less.
    target: 'es2023',
    packages: 'external',
    minifySyntax: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
  })
  for (const { path } of Object.values(metafile.outputs).flatMap(({ imports }) => imports)) {
    if (anywhere || !path.startsWith('node:')) {
      throw new Error(`${entry} needs ${path}, expected ${anywhere ? 'nothing' : 'node: modules only'}`)
    }
  }
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
  const { code, map } = shortenNames(text(basename(implementation)), text('.map'), anywhere)
  writeFileSync(implementation, `${code}\n//# sourceMappingURL=${basename(implementation)}.map\n`)
  writeFileSync(`${implementation}.map`, reduceMap(map, code.split('\n')))

  if (anywhere) return

  // What esbuild puts at the end for those who scan the text.
  const [names = '{}'] = /(?<=&&\(module\.exports=)[^)]*/.exec(code.replaceAll('\n', '')) ?? []
  const bridge = `const${names}=require('./${basename(implementation)}');module.exports=${names}\n`
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
