/**
 * Module hooks that give a program the facade in the place of the official SDK: `@modelcontextprotocol/sdk/...`, and what
 * the SDK's own examples import of it by relative paths. A module that the facade does not have is an error.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const facade = new URL('../../src/sdk/', import.meta.url)
const BARE = /^@modelcontextprotocol\/sdk\/(.+)$/
const INSIDE = /\/@modelcontextprotocol\/sdk\/dist\/(?:esm|cjs)\/(?!examples\/)(.+)$/

export function resolve(specifier, context, next) {
  const bare = BARE.exec(specifier)
  if (bare !== null) return next(found(bare[1], specifier), context)
  if (!specifier.startsWith('.') || context.parentURL === undefined) return next(specifier, context)
  const inside = INSIDE.exec(new URL(specifier, context.parentURL).href)
  return next(inside === null ? specifier : found(inside[1], specifier), context)
}

function found(path, specifier) {
  const name = path.replace(/\.js$/, '')
  for (const file of [`${name}.ts`, `${name}/index.ts`]) {
    const url = new URL(file, facade)
    if (existsSync(fileURLToPath(url))) return url.href
  }
  throw new Error(`barewire/sdk has no module ${specifier}`)
}
