/**
 * `dist/sdk/`: the module paths of the official SDK. Each module names what it takes of the one implementation, and has
 * the declarations that the compiler wrote for its source, with those that they import.
 *
 *    import 'barewire/sdk/server/mcp.js'   ->  sdk/server/mcp.js   ->  sdk.exports.cjs  ->  sdk.cjs
 *    require('barewire/sdk/server/mcp')    ->  sdk/server/mcp.cjs  ->  sdk.cjs
 *
 * Not here: the implementation (bundle.ts).
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { declarationTexts } from './declarations.ts'
import { SDK, SDK_MODULES } from './entries.ts'

const sources = fileURLToPath(new URL('../../src/sdk', import.meta.url))
const SPECIFIER = /(\bfrom\s*|\bimport\(\s*)(['"])(\.[^'"\n]+?)\.ts\2/g

/** @throws {Error} a declaration that is not of the facade, or is missing */
export function writeSdkModules(dist: string): void {
  // No path of the package.
  rmSync(join(dist, `${SDK.output}.js`))
  for (const path of SDK_MODULES) {
    const names = valuesOf(path)
    const up = '../'.repeat(path.split('/').length)
    const taken = names.length === 0 ? '{}' : `{${names.join(',')}}`
    write(
      dist,
      `${path}.js`,
      names.length === 0 ? 'export {}\n' : `export${taken}from'${up}${SDK.output}.exports.cjs'\n`,
    )
    write(dist, `${path}.cjs`, `const${taken}=require('${up}${SDK.output}.cjs');module.exports=${taken}\n`)
  }
  for (const [path, text] of declarations()) {
    write(dist, `${path}.d.cts`, text.replace(SPECIFIER, '$1$2$3.cjs$2'))
    if (SDK_MODULES.includes(path))
      write(dist, `${path}.d.ts`, `export * from './${path.split('/').pop()}.cjs'\n`)
  }
}

/** The values that a module of the facade exports. */
export function valuesOf(path: string): readonly string[] {
  const { metafile } = buildSync({
    entryPoints: [resolve(sources, `${path}.ts`)],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    outdir: '/',
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  return output?.exports ?? []
}

/** By path below `sdk/`: those of the modules, and what they import. */
function declarations(): ReadonlyMap<string, string> {
  const texts = declarationTexts()
  const found = new Map<string, string>()
  const add = (path: string): void => {
    if (found.has(path)) return
    const text = texts[`sdk/${path}.d.ts`]
    if (text === undefined) throw new Error(`there is no declaration of sdk/${path}`)
    // Types that the compiler has inferred are indented deeply.
    found.set(path, text.replace(/^\/\/# sourceMappingURL=.*$/m, '').replace(/^ +/gm, ''))
    for (const [, , , specifier = ''] of text.matchAll(SPECIFIER)) {
      const target = posix.join(posix.dirname(`sdk/${path}`), specifier)
      if (!target.startsWith('sdk/')) throw new Error(`the declaration of sdk/${path} needs ${target}`)
      add(target.slice('sdk/'.length))
    }
  }
  for (const path of SDK_MODULES) add(path)
  return found
}

function write(dist: string, path: string, text: string): void {
  const file = join(dist, SDK.output, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
