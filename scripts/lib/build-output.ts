/**
 * Finishes a build and reads it back to say what is wrong with it.
 *
 * The declarations become those of CommonJS modules (`.d.cts`), as the implementation is one; the ES module declares
 * what its counterpart does. So a type is the same one for `import` and `require`.
 *
 * Invariant of a good build: index.js and index.cjs have declarations next to them, index.cjs has a map, no import
 * names a `.ts` file, and every relative import finds its file.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A relative specifier that ends in `.ts` but not `.d.ts`: `from './x.ts'`, `import './x.ts'`, `import("./x.ts")`. */
const TS_SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+?)(?<!\.d)\.ts\2/g
/** A relative specifier that ends in `.cjs`, in the same places and in `require`. */
const CJS_SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\()(['"])(\.{1,2}\/[^'"\n]+?)\.cjs\1/g

/**
 * Renames every declaration file to `.d.cts`, turns the `./x.ts` that the compiler leaves in it into `./x.cjs`, and its
 * indentation into tabs; writes `index.d.ts` for the ES module.
 *
 * @param dist - the output folder
 */
export function rewriteDeclarations(dist: string): void {
  for (const file of listFiles(dist).filter((name) => name.endsWith('.d.ts'))) {
    const path = join(dist, file)
    // Tabs, since a sixth of a declaration file of the compiler is indentation.
    const rewritten = readFileSync(path, 'utf8')
      .replace(TS_SPECIFIER, '$1$2$3.cjs$2')
      .replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4))
    writeFileSync(path, rewritten)
    renameSync(path, path.replace(/ts$/, 'cts'))
  }
  writeFileSync(join(dist, 'index.d.ts'), "export * from './index.cjs'\n")
}

/**
 * Removes the declarations that no import leads to from `index.d.cts`: they describe modules that a user cannot name.
 *
 * @param dist - the output folder, after `rewriteDeclarations`
 */
export function pruneDeclarations(dist: string): void {
  const reached = new Set<string>()
  const follow = (file: string) => {
    if (reached.has(file) || !existsSync(join(dist, file))) return
    reached.add(file)
    for (const target of importedFiles(dist, file)) follow(target)
  }
  follow('index.d.cts')
  for (const file of listFiles(dist).filter((name) => name.endsWith('.d.cts'))) {
    if (!reached.has(file)) rmSync(join(dist, file))
  }
}

/**
 * Removes the comments that no editor shows to a user: those of modules, of declarations that are not exported, and
 * all of a file that `index.d.cts` takes nothing from itself.
 *
 * @param dist - the output folder, after `pruneDeclarations`
 */
export function stripInternalComments(dist: string): void {
  const named = new Set(['index.d.cts', ...importedFiles(dist, 'index.d.cts')])
  for (const file of listFiles(dist).filter((name) => name.endsWith('.d.cts'))) {
    const text = readFileSync(join(dist, file), 'utf8')
    // A module comment is the first one of two, or stands before an import.
    const unexported = /^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n(?!export)/gm
    const any = /^[ \t]*\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/gm
    writeFileSync(join(dist, file), text.replace(named.has(file) ? unexported : any, ''))
  }
}

/**
 * Lists the faults of a build.
 *
 * @param dist - the output folder
 * @returns one sentence a fault; empty when the build is good
 */
export function findBuildFaults(dist: string): string[] {
  const files = listFiles(dist)
  const needed = ['index.js', 'index.d.ts', 'exports.cjs', 'index.cjs', 'index.cjs.map', 'index.d.cts']
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
  const ending = /\.d\.c?ts$/.test(file) ? '.d.cts' : '.cjs'
  const text = readFileSync(join(dist, file), 'utf8')
  return [...text.matchAll(CJS_SPECIFIER)].map((match) => join(dirname(file), match[2] + ending))
}

function listFiles(folder: string): string[] {
  return existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : []
}
