/**
 * Finishes a build and reads it back to say what is wrong with it.
 *
 * Invariant of a good build: each `.js` has a `.d.ts` and a map next to it, no import names a `.ts` file, and every
 * relative import of a declaration finds a declaration.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A relative specifier that ends in `.ts` but not `.d.ts`: `from './x.ts'`, `import './x.ts'`, `import("./x.ts")`. */
const TS_SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+?)(?<!\.d)\.ts\2/g
/** A relative specifier that ends in `.js`, in the same places. */
const JS_SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+?)\.js\1/g

/**
 * Turns `./x.ts` into `./x.js` in every declaration file, where the compiler leaves it, and its indentation into tabs.
 *
 * @param dist - the output folder
 */
export function rewriteDeclarations(dist: string): void {
  for (const file of listFiles(dist).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join(dist, file), 'utf8')
    // Tabs, since a sixth of a declaration file of the compiler is indentation.
    const rewritten = text
      .replace(TS_SPECIFIER, '$1$2$3.js$2')
      .replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4))
    if (rewritten !== text) writeFileSync(join(dist, file), rewritten)
  }
}

/**
 * Removes the declarations that no import leads to from `index.d.ts`: they describe modules that a user cannot name.
 *
 * @param dist - the output folder, after `rewriteDeclarations`
 */
export function pruneDeclarations(dist: string): void {
  const reached = new Set<string>()
  const follow = (file: string) => {
    if (reached.has(file) || !existsSync(join(dist, file))) return
    reached.add(file)
    for (const target of importedDeclarations(dist, file)) follow(target)
  }
  follow('index.d.ts')
  for (const file of listFiles(dist).filter((name) => name.endsWith('.d.ts'))) {
    if (!reached.has(file)) rmSync(join(dist, file))
  }
}

/**
 * Removes the comments that no editor shows to a user: those of modules, of declarations that are not exported, and
 * all of a file that `index.d.ts` takes nothing from itself.
 *
 * @param dist - the output folder, after `pruneDeclarations`
 */
export function stripInternalComments(dist: string): void {
  const named = new Set(['index.d.ts', ...importedDeclarations(dist, 'index.d.ts')])
  for (const file of listFiles(dist).filter((name) => name.endsWith('.d.ts'))) {
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
  const scripts = files.filter((file) => file.endsWith('.js'))
  const faults = scripts.length === 0 ? [`${dist} contains no JavaScript: nothing was compiled`] : []
  for (const script of scripts) {
    const stem = script.slice(0, -'.js'.length)
    for (const ending of ['.d.ts', '.js.map']) {
      if (!files.includes(stem + ending)) faults.push(`${script} has no ${ending} next to it`)
    }
  }
  for (const file of files.filter((name) => name.endsWith('.js') || name.endsWith('.d.ts'))) {
    for (const match of readFileSync(join(dist, file), 'utf8').matchAll(TS_SPECIFIER)) {
      faults.push(`${file} imports ${match[3]}.ts, expected ${match[3]}.js`)
    }
    if (file.endsWith('.js')) continue
    for (const target of importedDeclarations(dist, file)) {
      if (!files.includes(target)) faults.push(`${file} imports ${target}, which is not there`)
    }
  }
  return faults
}

/** The declarations that one imports, by their path in the output folder. */
function importedDeclarations(dist: string, file: string): string[] {
  const text = readFileSync(join(dist, file), 'utf8')
  return [...text.matchAll(JS_SPECIFIER)].map((match) => join(dirname(file), `${match[2]}.d.ts`))
}

function listFiles(folder: string): string[] {
  return existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : []
}
