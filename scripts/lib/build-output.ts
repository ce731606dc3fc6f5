/**
 * Reads a build back to say what is wrong with it.
 *
 * Invariant of a good build: each entry has its files, declarations and map, no import names a `.ts` file, and every
 * relative import finds its file.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ENTRIES, type Entry } from './entries.ts'

/** A relative specifier that ends in `.ts` but not `.d.ts`: `from './x.ts'`, `import './x.ts'`, `import("./x.ts")`. */
const TS_SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+?)(?<!\.d)\.ts\2/g
/** A relative specifier that ends in `.cjs` or `.js`, in the same places and in `require`. */
const JS_SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\()(['"])(\.{1,2}\/[^'"\n]+?)\.(c?js)\1/g

/**
 * Lists the faults of a build.
 *
 * @param dist - the output folder
 * @param entries - whose files must be there
 * @returns one sentence a fault; empty when the build is good
 */
export function findBuildFaults(dist: string, entries: readonly Entry[] = ENTRIES): string[] {
  const files = listFiles(dist)
  const needed = entries.flatMap(({ output, anywhere }) => [
    `${output}.js`,
    `${output}.d.ts`,
    `${output}.d.cts`,
    `${output}.cjs`,
    `${output}.cjs.map`,
    anywhere ? `${output}.js.map` : output === 'index' ? 'exports.cjs' : `${output}.exports.cjs`,
  ])
  const faults = needed
    .filter((file) => !files.includes(file))
    .map((file) => `there is no ${file} in ${dist}`)
  for (const file of files.filter((name) => /\.(?:js|cjs|ts|cts)$/.test(name))) {
    for (const match of readFileSync(join(dist, file), 'utf8').matchAll(TS_SPECIFIER)) {
      faults.push(`${file} imports ${match[3]}.ts, expected ${match[3]}.cjs`)
    }
    for (const target of importedFiles(dist, file)) {
      if (!files.includes(target)) faults.push(`${file} imports ${target}, which is not there`)
    }
  }
  return faults
}

/** What a file imports of the others, by the path in the output folder; for a declaration, their declarations. */
function importedFiles(dist: string, file: string): string[] {
  const isDeclaration = /\.d\.c?ts$/.test(file)
  const text = readFileSync(join(dist, file), 'utf8')
  return [...text.matchAll(JS_SPECIFIER)].map(([, , path = '', ending = '']) =>
    join(dirname(file), `${path}.${isDeclaration ? `d.${ending.replace('js', 'ts')}` : ending}`),
  )
}

function listFiles(folder: string): string[] {
  return existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : []
}
