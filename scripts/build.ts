/**
 * `npm run build [-- FOLDER]`: src -> dist, or the folder, from scratch each time: for each entry of the package
 * (lib/entries.ts) JavaScript with its map (lib/bundle.ts), and declarations with the comments that editors show
 * (lib/declarations.ts).
 *
 * The declarations are those of a CommonJS module (`.d.cts`), as the implementation is one; the ES module declares what
 * its counterpart does. So a type is the same one for `import` and `require`. What is wrong with them would only fail
 * on the user's machine, so the output is checked (lib/build-output.ts).
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBuildFaults } from './lib/build-output.ts'
import { bundle, bundleAnywhere, bundleProgram, bundleTogether } from './lib/bundle.ts'
import { readPublicApis } from './lib/declarations.ts'
import { ENTRIES, SDK } from './lib/entries.ts'
import { findEarlyParts } from './lib/lazy-parts.ts'
import { writeSdkModules } from './lib/sdk-modules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** What the command imports of the client is the client as users import it, and not a copy. */
const FILES_OF_PROGRAM = new Map([
  ['../client/index.ts', './client.js'],
  ['../json-schema/compile.ts', './client-compile.js'],
])
const dist = resolve(process.argv[2] ?? join(root, 'dist'))

const apis = readPublicApis()
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
const together = [...ENTRIES.filter(({ anywhere, alone }) => anywhere !== true && alone !== true), SDK]
await bundleTogether(dist, together)
for (const { source, output, anywhere, alone } of ENTRIES) {
  if (anywhere) await bundleAnywhere(dist, { source, output })
  if (alone) bundle(join(dist, `${output}.js`), join(root, 'src', source))
  writeFileSync(join(dist, `${output}.d.cts`), apis.get(output)?.text ?? '')
  writeFileSync(join(dist, `${output}.d.ts`), `export * from './${output}.cjs'\n`)
}
bundleProgram(join(dist, 'cli.js'), join(root, 'src', 'cli', 'index.ts'), FILES_OF_PROGRAM)

writeSdkModules(dist)

const early = findEarlyParts(
  dist,
  together.map(({ output }) => output),
)
const faults = [...findBuildFaults(dist), ...early]
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
