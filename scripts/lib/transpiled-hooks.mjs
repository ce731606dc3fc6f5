/**
 * Module hooks that give a process the project's TypeScript as `transpile.ts` has written it. Plain JavaScript,
 * because nothing can load TypeScript before them.
 *
 * The same functions serve `module.registerHooks`, in the thread of the program, and `module.register`, in a thread of
 * their own: they wait for nothing, and return what the next hook returns.
 */
import { readFileSync } from 'node:fs'

const root = new URL('../..', import.meta.url).href
const folder = process.env.TRANSPILED_SOURCES

/** Node would look for each file, and follow links, once for each module that imports it. */
export function resolve(specifier, context, next) {
  if (!/^\..*\.ts$/.test(specifier) || !context.parentURL?.startsWith(root)) return next(specifier, context)
  return { url: new URL(specifier, context.parentURL).href, shortCircuit: true }
}

export function load(url, context, next) {
  if (!url.startsWith(root) || !url.endsWith('.ts')) return next(url, context)
  const path = decodeURI(url.slice(root.length, -'.ts'.length))
  return { format: 'module', source: readFileSync(`${folder}/${path}.js`), shortCircuit: true }
}
