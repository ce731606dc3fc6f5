/**
 * Finishes a build and reads it back to say what is wrong with it.
 *
 * Invariant of a good build: each `.js` has a `.d.ts` and maps next to it, and no import names a `.ts` file.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A relative specifier that ends in `.ts` but not `.d.ts`: `from './x.ts'`, `import './x.ts'`, `import("./x.ts")`. */
const TS_SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+?)(?<!\.d)\.ts\2/g

/**
 * Turns `./x.ts` into `./x.js` in every declaration file. The compiler does this for JavaScript only
 * (`rewriteRelativeImportExtensions`). Both names have the same length, so the source maps stay right.
 *
 * @param dist - the output folder
 */
export function rewriteDeclarations(dist: string): void {
  for (const file of listFiles(dist).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join(dist, file), 'utf8')
    const rewritten = text.replace(TS_SPECIFIER, '$1$2$3.js$2')
    if (rewritten !== text) writeFileSync(join(dist, file), rewritten)
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
    for (const ending of ['.d.ts', '.js.map', '.d.ts.map']) {
      if (!files.includes(stem + ending)) faults.push(`${script} has no ${ending} next to it`)
    }
  }
  for (const file of files.filter((name) => name.endsWith('.js') || name.endsWith('.d.ts'))) {
    for (const match of readFileSync(join(dist, file), 'utf8').matchAll(TS_SPECIFIER)) {
      faults.push(`${file} imports ${match[3]}.ts, expected ${match[3]}.js`)
    }
  }
  return faults
}

function listFiles(folder: string): string[] {
  return existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : []
}
