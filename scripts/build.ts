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
import { bundle, bundleTogether } from './lib/bundle.ts'
import { readPublicApis } from './lib/declarations.ts'
import { ENTRIES, SDK } from './lib/entries.ts'
import { writeSdkModules } from './lib/sdk-modules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = resolve(process.argv[2] ?? join(root, 'dist'))

const apis = readPublicApis()
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
bundleTogether(dist, [...ENTRIES.filter(({ anywhere, alone }) => anywhere !== true && alone !== true), SDK])
for (const { source, output, anywhere, alone } of ENTRIES) {
  const text = apis.get(output)?.text ?? ''
  if (anywhere || alone) bundle(join(dist, `${output}.js`), join(root, 'src', source), anywhere)
  if (anywhere) {
    writeFileSync(join(dist, `${output}.d.ts`), text.replace("'./index.cjs'", "'./index.js'"))
  } else {
    writeFileSync(join(dist, `${output}.d.cts`), text)
    writeFileSync(join(dist, `${output}.d.ts`), `export * from './${output}.cjs'\n`)
  }
}

writeSdkModules(dist)

const faults = findBuildFaults(dist)
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
