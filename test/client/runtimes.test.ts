/** The built client under Node, Bun and Deno. These two are installed by `npm run interop`, and skipped where they are not. */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { run } from '../../scripts/lib/child.ts'
import { serve } from '../../src/index.ts'
import { findRuntime } from '../interop/find-runtime.ts'
import { offering } from './offering.ts'
import { buildClient, checkOutcomes } from './portable-checks.ts'

const RUNTIMES: readonly (readonly [name: string, command: string | undefined, args: readonly string[]])[] = [
  ['Node', process.execPath, []],
  ['Bun', findRuntime('@oven', 'bin/bun'), []],
  ['Deno', findRuntime('@deno', 'deno'), ['run', '--allow-net', '--no-lock', '--no-config']],
]
const ENTRIES = {
  'main.mjs': `import * as client from './client.js'
    import { useClient } from './program.mjs'
    const [url] = globalThis.Deno?.args ?? process.argv.slice(2)
    console.log(JSON.stringify(await useClient(client, url)))`,
  'main.cjs': `const client = require('./client.cjs')
    const url = process.argv[2]
    import('./program.mjs')
      .then(({ useClient }) => useClient(client, url))
      .then((outcomes) => console.log(JSON.stringify(outcomes)))`,
}

describe('the built client', () => {
  let built: Awaited<ReturnType<typeof buildClient>>
  before(async () => {
    built = await buildClient()
    writeFileSync(join(built.folder, 'package.json'), '{ "type": "module" }')
    for (const [name, text] of Object.entries(ENTRIES)) writeFileSync(join(built.folder, name), text)
  })
  after(() => built.remove())

  for (const [name, command, args] of RUNTIMES) {
    const skip = command === undefined && 'not installed here: npm run interop'
    // Deno has no require() without being told where from.
    for (const entry of name === 'Deno' ? ['main.mjs'] : Object.keys(ENTRIES)) {
      test(`${name}, ${entry}: connect, list, call with progress, elicit, both eras`, { skip }, async (t) => {
        const running = await serve(offering(), { port: 0 })
        t.after(() => running.close({ drainMs: 0 }))
        const { code, stdout, stderr } = await run(command as string, [...args, entry, running.url], {
          cwd: built.folder,
          timeout: 60_000,
        })
        assert.equal(code, 0, stderr)
        checkOutcomes(JSON.parse(stdout))
      })
    }
  }
})
