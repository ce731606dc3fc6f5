/** Bun and Deno, where `npm run interop` has installed them. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('runtimes', import.meta.url))

/** Where an optional package for this platform has put a program. */
export function findRuntime(scope: string, path: string): string | undefined {
  const folder = join(home, 'node_modules', scope)
  if (!existsSync(folder)) return undefined
  return readdirSync(folder)
    .map((name) => join(folder, name, path))
    .find((file) => existsSync(file))
}
