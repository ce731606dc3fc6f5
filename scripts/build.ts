/**
 * `npm run build`: src -> dist (JavaScript, declarations and source maps), from scratch each time.
 *
 * Two passes: declarations keep their comments, which editors show, and JavaScript loses them, since the sources are
 * in the package and the maps lead there.
 *
 * The compiler rewrites `./x.ts` imports to `./x.js` in JavaScript, and lib/build-output.ts does so in the
 * declarations. A specifier that slips through would only fail on the user's machine, so the output is checked.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBuildFaults, rewriteDeclarations } from './lib/build-output.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
for (const pass of [
  ['--emitDeclarationOnly'],
  ['--declaration', 'false', '--declarationMap', 'false', '--removeComments'],
]) {
  const args = [compiler, '-p', 'tsconfig.build.json', ...pass]
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (error !== undefined) console.error(`cannot start the compiler: ${error.message}`)
  if (status !== 0) process.exit(1)
}

rewriteDeclarations(dist)
const faults = findBuildFaults(dist)
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
