/**
 * Compiles the benchmark's own servers and load generator to plain JavaScript: child processes then run without a
 * loader, which would cost them start time and memory and be measured too. Servers import barewire as users do, as
 * the modules that `npm run build` makes; only the micro benchmarks have modules of src/ to themselves.
 *
 * The output lies below the project's root so that packages resolve as usual. Each run has a folder of its own.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundle, bundleAnywhere, bundleTogether } from '../../scripts/lib/bundle.ts'
import { run } from '../../scripts/lib/child.ts'
import { SDK } from '../../scripts/lib/entries.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Build {
  /** The path of a compiled file. @param source - such as `bench/contenders/floor.ts` */
  path(source: string): string
  remove(): void
}

/** @throws {Error} with what the tool said, when a file does not compile */
export async function build(): Promise<Build> {
  const folder = join(ROOT, '.cache', 'bench', `${process.pid}`)
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '-p', join(ROOT, 'bench', 'tsconfig.json'), '--outDir', folder]
  const { code, stdout, stderr } = await run(process.execPath, args, { cwd: ROOT })
  if (code !== 0) throw new Error(`the benchmark does not compile:\n${stdout}${stderr}`)
  // In place of what the compiler made of the entries.
  const entries = ['index', 'fetch', 'stdio'].map((output) => ({ source: `${output}.ts`, output }))
  await bundleTogether(join(folder, 'src'), entries)
  await bundleAnywhere(join(folder, 'src', 'client'), { source: 'client/index.ts', output: 'index' })
  bundle(join(folder, 'src', 'client', 'http.js'), join(ROOT, 'src', 'client', 'http.ts'))
  bundle(join(folder, 'src', 'sdk.js'), join(ROOT, 'src', SDK.source))
  writeFacade(join(folder, 'bench', 'contenders'))
  return {
    path: (source) => join(folder, source.replace(/\.ts$/, '.js')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The program of sdk-v1 with other imports, which is all that it takes to run it on the facade. */
function writeFacade(folder: string): void {
  const peers = join(ROOT, 'bench', 'peers')
  const program = readFileSync(join(peers, 'sdk-v1.mjs'), 'utf8')
    .replace(/'@modelcontextprotocol\/sdk\/[^']+'/g, "'../../src/sdk.js'")
    .replace("'./shared.mjs'", `'${pathToFileURL(join(peers, 'shared.mjs')).href}'`)
  writeFileSync(join(folder, 'facade.mjs'), program)
}
