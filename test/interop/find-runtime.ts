/** Programs that packages bring along: Bun, Deno, workerd, where `npm run interop` has installed them. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Bun or Deno. */
export function findRuntime(scope: string, path: string): string | undefined {
  return findProgramOf('runtimes', scope, path)
}

/**
 * Where an optional package for this platform has put a program.
 *
 * @param home - the folder here that has the package
 */
export function findProgramOf(home: string, scope: string, path: string): string | undefined {
  const folder = fileURLToPath(new URL(`${home}/node_modules/${scope}`, import.meta.url))
  if (!existsSync(folder)) return undefined
  return readdirSync(folder)
    .map((name) => join(folder, name, path))
    .find((file) => existsSync(file))
}
