/** The first program of the recipe "Calling servers": plain JavaScript of Node 20, which runs as it stands. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { McpServer, serve } from '../../src/index.ts'
import { typescript } from '../helpers/typescript.ts'

const run = promisify(execFile)

test('the program of the recipe needs no compiler and no name that it does not define', async (t) => {
  const recipes = readFileSync(new URL('../../scripts/examples/README.md', import.meta.url), 'utf8')
  const [, program = ''] = /^## Calling servers\n[\s\S]*?^```ts\n([\s\S]*?)^```/m.exec(recipes) ?? []
  assert.match(program, /connect\('http:\/\/127\.0\.0\.1:3000\/mcp'/)
  const server = new McpServer({ name: 's', version: '1' })
  const numbers = { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } } as const
  server.registerTool('add', { inputSchema: numbers, description: 'adds' }, async ({ a = 0, b = 0 }, ctx) => {
    const requestedSchema = { type: 'object', properties: { sure: { type: 'boolean' } } } as const
    const { action } = await ctx.elicit('sure', { message: 'Sure?', requestedSchema })
    return `${action} ${a + b}`
  })
  const { url, close } = await serve(server, { port: 0 })
  t.after(() => close({ drainMs: 0 }))
  const folder = mkdtempSync(join(tmpdir(), 'barewire-recipe-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'program.mjs')
  writeFileSync(file, program)
  await run(process.execPath, ['--check', file])
  const source = new URL('../../src/client/index.ts', import.meta.url).href
  writeFileSync(
    file,
    program.replace("'barewire/client'", `'${source}'`).replace('http://127.0.0.1:3000/mcp', url),
  )
  const { stdout, stderr } = await run(process.execPath, [...typescript, file])
  assert.match(stdout, /add adds[\s\S]*Sure\? \[ 'sure' \][\s\S]*decline 3/)
  assert.equal(stderr.replace(/^.*(?:Warning|trace-warnings).*$/gm, '').trim(), '')
})
