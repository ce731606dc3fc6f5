/**
 * `npm run build`: src -> dist, from scratch each time: JavaScript with its map (lib/bundle.ts), and declarations with
 * the comments that editors show.
 *
 * Declarations stay a tree, without the branches that nothing public leads to, and without the comments of internals.
 * What is wrong with them would only fail on the user's machine, so the output is checked (lib/build-output.ts).
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  findBuildFaults,
  pruneDeclarations,
  rewriteDeclarations,
  stripInternalComments,
} from './lib/build-output.ts'
import { bundle } from './lib/bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const args = [compiler, '-p', 'tsconfig.build.json']
const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
if (error !== undefined) console.error(`cannot start the compiler: ${error.message}`)
if (status !== 0) process.exit(1)
bundle(join(dist, 'index.js'))

rewriteDeclarations(dist)
pruneDeclarations(dist)
stripInternalComments(dist)
const faults = findBuildFaults(dist)
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
