/**
 * `npm run build [-- FOLDER]`: src -> dist, or the folder, from scratch each time: JavaScript with its map
 * (lib/bundle.ts), and declarations with the comments that editors show (lib/declarations.ts).
 *
 * The declarations are those of a CommonJS module (`.d.cts`), as the implementation is one; the ES module declares what
 * its counterpart does. So a type is the same one for `import` and `require`. What is wrong with them would only fail
 * on the user's machine, so the output is checked (lib/build-output.ts).
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBuildFaults } from './lib/build-output.ts'
import { bundle } from './lib/bundle.ts'
import { readPublicApi } from './lib/declarations.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = resolve(process.argv[2] ?? join(root, 'dist'))

const { text } = readPublicApi()
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
bundle(join(dist, 'index.js'))
writeFileSync(join(dist, 'index.d.cts'), text)
writeFileSync(join(dist, 'index.d.ts'), "export * from './index.cjs'\n")

const faults = findBuildFaults(dist)
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
