import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { programWithTools } from './tool-templates.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const serverModule = fileURLToPath(new URL('../../src/features/server.ts', import.meta.url)).replaceAll(
  '\\',
  '/',
)
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** Type-checks a program with the project's own compiler options, plus `overrides`, by one checker. */
function typeCheck(t: TestContext, program: string, overrides: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-types-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'tools.ts'), program)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const compilerOptions = {
    typeRoots: [join(root, 'node_modules', '@types')],
    // The program imports by an absolute path, which is not for emit.
    rewriteRelativeImportExtensions: false,
    ...overrides,
  }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, files: ['tools.ts'], include: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  // Several checkers would each instantiate what they share, in proportions that vary from run to run.
  const run = spawnSync(process.execPath, [tsc, '-p', folder, '--extendedDiagnostics', '--singleThreaded'], {
    encoding: 'utf8',
  })
  const count = /^Instantiations:\s+(\d+)/m.exec(run.stdout)?.[1]
  assert.ok(count !== undefined, `tsc printed no number of instantiations:\n${run.stdout}${run.stderr}`)
  return { status: run.status, stdout: run.stdout, instantiations: Number(count) }
}

test('registerTool type-checks 300 tools within a million instantiations, without TS2589', (t) => {
  const none = typeCheck(t, programWithTools(0, serverModule))
  assert.equal(none.status, 0, none.stdout)
  const all = typeCheck(t, programWithTools(300, serverModule))
  assert.doesNotMatch(all.stdout, /TS2589/)
  assert.equal(all.status, 0, all.stdout)
  const cost = all.instantiations - none.instantiations
  t.diagnostic(`${all.instantiations} instantiations, ${Math.round(cost / 300)} for each tool`)
  assert.ok(all.instantiations < 1_000_000, `${all.instantiations} instantiations`)
  // The tools were really looked at: each costs at least something.
  assert.ok(cost > 300, `${cost} instantiations for 300 tools`)
})

test('registerTool infers the same types for users who compile without exactOptionalPropertyTypes', (t) => {
  const loose = { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false }
  const { status, stdout } = typeCheck(t, programWithTools(7, serverModule), loose)
  assert.equal(status, 0, stdout)
})
