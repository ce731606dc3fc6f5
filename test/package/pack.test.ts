/** The package as a user gets it: built, packed, installed without a registry, embedded, type-checked, and weighed. */
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { decode } from '@jridgewell/sourcemap-codec'
import { publint } from 'publint'
import { run } from '../../scripts/lib/child.ts'
import { ENTRIES, SDK, SDK_MODULES } from '../../scripts/lib/entries.ts'
import { fileOfPart, LAZY_PARTS } from '../../scripts/lib/lazy-parts.ts'
import { checkClient } from './client-checks.ts'
import { CONSUMER, EMBEDDED, FACADE_CONSUMER } from './programs.ts'

/** Unpacked, what those load and read who import the core alone. */
const MAX_CORE_BYTES = 720_000
/** Of the JavaScript of other entries, by the name of their files. */
const MAX_ENTRY_BYTES: { readonly [output: string]: number } = {
  fetch: 20_000,
  stdio: 40_000,
  // All of it: what is loaded at once and what is loaded later, for import and for require.
  client: 420_000,
  'client-stdio': 20_000,
  'client-loopback': 20_000,
  'client-http': 10_000,
  auth: 90_000,
  redis: 60_000,
  'memory-store': 30_000,
  'store-contract': 40_000,
  cli: 45_000,
  sdk: 195_000,
}
const root = fileURLToPath(new URL('../..', import.meta.url))
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

describe('the packed package', () => {
  const home = mkdtempSync(join(tmpdir(), 'barewire-pack-'))
  const installed = join(home, 'node_modules', 'barewire')
  let tarball = ''

  before(async () => {
    const packed = await run(npm, ['pack', '--pack-destination', home], { cwd: root })
    assert.equal(packed.code, 0, packed.stdout + packed.stderr)
    const tarballs = readdirSync(home).filter((name) => name.endsWith('.tgz'))
    assert.equal(tarballs.length, 1, `npm pack wrote ${tarballs.length} tarballs, expected one`)
    tarball = join(home, tarballs[0] ?? '')
    writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }')
    const args = ['install', '--offline', '--no-audit', '--no-fund', tarball]
    const done = await run(npm, args, { cwd: home })
    assert.equal(done.code, 0, done.stdout + done.stderr)
  })
  after(() => rmSync(home, { recursive: true, force: true }))

  test('install brings exactly one package', () => {
    const folders = readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'))
    assert.deepEqual(folders, ['barewire'])
    const lock = JSON.parse(readFileSync(join(home, 'package-lock.json'), 'utf8'))
    assert.deepEqual(Object.keys(lock.packages), ['', 'node_modules/barewire'])
    assert.deepEqual(manifest.dependencies ?? {}, {})
  })

  test('what README.md links to is in the package', () => {
    const text = readFileSync(join(installed, 'README.md'), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path)
    assert.ok(links.length > 5)
    for (const path of links) assert.ok(existsSync(join(installed, path)), `${path} is not in the package`)
  })

  test('files are dist, documents and package.json, all in place and below the size bar', (t) => {
    const all = (readdirSync(installed, { recursive: true }) as string[])
      .map((name) => ({ name, stat: statSync(join(installed, name)) }))
      .filter(({ stat }) => stat.isFile())
    const files = all.filter(({ name }) => !name.endsWith('.md'))
    const outside = files.map(({ name }) => name).filter((name) => !name.startsWith('dist'))
    assert.deepEqual(outside.sort(), ['LICENSE', 'package.json'])
    const stray = files.map(({ name }) => name).filter((name) => /\.(test|tsbuildinfo|tgz)\b/.test(name))
    assert.deepEqual(stray, [])
    const sizeOf = (form: RegExp) =>
      files.filter(({ name }) => form.test(name)).reduce((sum, { stat }) => sum + stat.size, 0)
    const parts = `JavaScript ${sizeOf(/\.c?js$/)}, declarations ${sizeOf(/\.d\.c?ts$/)}, maps ${sizeOf(/\.map$/)}`
    const documents = all.reduce((sum, { stat }) => sum + stat.size, 0) - sizeOf(/./)
    t.diagnostic(`unpacked ${sizeOf(/./)} bytes: ${parts}; documents ${documents}`)
    const others = [...ENTRIES.slice(1).map(({ output }) => output), 'cli', SDK.output]
    /** The files of the client are its entry, what that shares and what it loads later. */
    const formOf = (output: string) =>
      output === 'client' ? 'client(?:-(?:core|compile|flows|http-sse))?' : output
    const isOther = ({ name }: { name: string }) =>
      name.includes('dist/sdk/') ||
      others.some((output) => new RegExp(`dist/${formOf(output)}\\.`).test(name))
    const core = files.filter((file) => !isOther(file)).reduce((sum, { stat }) => sum + stat.size, 0)
    t.diagnostic(`without ${others.join(', ')}: ${core} bytes`)
    assert.ok(core < MAX_CORE_BYTES, `${core} bytes, expected fewer than ${MAX_CORE_BYTES}`)
    for (const output of others) {
      const bytes = sizeOf(new RegExp(`dist/${formOf(output)}\\.(?:exports\\.)?c?js$`))
      const max = MAX_ENTRY_BYTES[output] ?? Number.NaN
      assert.ok(bytes > 0 && bytes <= max, `${output}: ${bytes} bytes, expected at most ${max}`)
    }
  })

  test('exports give types first, and every target is in the package', () => {
    const { main, types, exports } = manifest
    const check = (path: string, target: string | Record<string, string | object>) => {
      if (typeof target === 'string' && target.includes('*')) {
        for (const module of SDK_MODULES) check(path, target.replace('*', module))
        return
      }
      if (typeof target === 'string') {
        assert.ok(
          statSync(join(installed, target)).isFile(),
          `${path} points at ${target}, which is not a file`,
        )
        return
      }
      const conditions = Object.keys(target)
      if ('default' in target) assert.deepEqual(conditions, ['types', 'default'], path)
      for (const each of conditions) check(`${path} ${each}`, target[each] as string)
    }
    check('exports', exports)
    // For those that do not read exports.
    assert.deepEqual({ types, default: main }, exports['.'].require)
  })

  test('publint and "Are the types wrong?" find nothing', async () => {
    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true })
    assert.deepEqual(messages, [])
    const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)))
    assert.ok(analysis.types !== false, 'no types were found')
    assert.deepEqual(analysis.problems, [])
  })

  test('ten lines embed it: a tool is called over HTTP, and the process ends by itself after close()', async () => {
    writeFileSync(join(home, 'embedded.mjs'), EMBEDDED)
    const { code, stdout, stderr } = await run(process.execPath, ['embedded.mjs'], {
      cwd: home,
      timeout: 60_000,
    })
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), { name: 'embedded', text: '42' })
  })

  test('import and require give the same classes, by the names that they have themselves', async () => {
    const program = `
      import { createRequire } from 'node:module'
      import * as imported from 'barewire'
      const required = createRequire(import.meta.url)('barewire')
      const names = Object.entries(imported)
        .map(([name, value]) => [name, typeof value === 'function' ? value.name : name, required[name] === value])
      console.log(JSON.stringify(names))`
    const args = ['--input-type=module', '-e', program]
    const { code, stdout, stderr } = await run(process.execPath, args, { cwd: home })
    assert.equal(code, 0, stderr)
    const names = Object.keys(await import('../../src/index.ts'))
    assert.deepEqual(
      JSON.parse(stdout),
      names.map((name) => [name, name, true]),
    )
  })

  test('barewire/sdk/... has the module paths of the SDK, with and without .js, for import and require', async () => {
    const program = `
      import { createRequire } from 'node:module'
      import { McpServer } from 'barewire/sdk/server/mcp.js'
      import { McpError } from 'barewire/sdk/types'
      const require = createRequire(import.meta.url)
      console.log(McpServer === require('barewire/sdk/server/mcp').McpServer, McpServer.name,
        McpError === require('barewire/sdk/types.js').McpError, require('barewire/sdk/client').Client.name)`
    const args = ['--input-type=module', '-e', program]
    const { code, stdout, stderr } = await run(process.execPath, args, { cwd: home })
    assert.equal(code, 0, stderr)
    assert.equal(stdout.trim(), 'true McpServer true Client')
  })

  test('barewire/fetch and what it shares load no module of Node but crypto, buffer and diagnostics_channel', () => {
    const read = (name: string) => readFileSync(join(installed, 'dist', name), 'utf8')
    const reached = new Set(['fetch.cjs'])
    const modules = new Set<string>()
    for (const file of reached) {
      for (const [, name = ''] of read(file).matchAll(/\b(?:require|import)\(["'`]([^"'`]*)/g)) {
        if (name.startsWith('./')) reached.add(name.slice(2))
        else modules.add(name)
      }
    }
    const lazy = LAZY_PARTS.filter(({ name }) => name !== 'zlib').map((part) => `${fileOfPart(part)}.cjs`)
    // The session on one connection, which HTTP+SSE shares with stdio.
    const shared = ['core-fetch-index-sdk.cjs', 'core-fetch-sdk.cjs', 'core-sdk-stdio.cjs', 'core.cjs']
    assert.deepEqual([...reached].sort(), [...shared, ...lazy, 'fetch.cjs'].sort())
    assert.deepEqual([...modules].sort(), ['node:buffer', 'node:crypto', 'node:diagnostics_channel'])
  })

  test('barewire/fetch loads and makes a handler where there is no process, no random number and no timer', async () => {
    const program = `
      import crypto from 'node:crypto'
      import { syncBuiltinESMExports } from 'node:module'
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      // Node loads its own parts of these on the first use.
      await new Response(new Request('http://localhost', { method: 'POST', body: '' }).body).text()
      const { process } = globalThis
      const forbidden = () => { throw new Error('not while a program loads') }
      const kept = { ...globalThis, setTimeout, setInterval, setImmediate, Buffer }
      const { randomBytes, randomUUID } = crypto
      Object.assign(crypto, { randomBytes: forbidden, randomUUID: forbidden })
      syncBuiltinESMExports()
      for (const name of ['setTimeout', 'setInterval', 'setImmediate']) globalThis[name] = forbidden
      for (const name of ['process', 'Buffer']) delete globalThis[name]
      const { createFetchHandler, McpServer } = require('barewire/fetch')
      const server = new McpServer({ name: 'edge', version: '1.0.0' })
      server.registerTool('hi', {}, () => 'hi')
      const handler = createFetchHandler(server)
      Object.assign(crypto, { randomBytes, randomUUID })
      // Node's own Request needs it.
      globalThis.Buffer = kept.Buffer
      // As on a platform without setImmediate, and whose timers are numbers.
      for (const name of ['setTimeout', 'setInterval']) globalThis[name] = (...args) => Number(kept[name](...args))
      delete globalThis.setImmediate
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } }
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
      const response = await handler(new Request('http://localhost/mcp', { method: 'POST', headers, body }))
      const { result } = await response.json()
      console.log(response.status, result.serverInfo.name)
      await handler.close({ drainMs: 0 })
      process.exit(0)`
    const args = ['--input-type=module', '-e', program]
    const { stdout, stderr } = await run(process.execPath, args, { cwd: home })
    assert.equal(stdout.trim(), '200 edge', stderr)
  })

  test('a server made with barewire is served by barewire/fetch: the classes of both are the same', async () => {
    const program = `
      import * as core from 'barewire'
      import * as web from 'barewire/fetch'
      const own = ['createFetchHandler']
      const different = Object.keys(web).filter((name) => !own.includes(name) && web[name] !== core[name])
      console.log(JSON.stringify(different), Object.keys(web).length > 5)`
    const args = ['--input-type=module', '-e', program]
    const { stdout, stderr } = await run(process.execPath, args, { cwd: home })
    assert.equal(stdout.trim(), '[] true', stderr)
  })

  checkClient(home)

  test('with source maps on, a stack trace leads to the line in src', async () => {
    const program = `
      import { McpServer } from 'barewire'
      try { new McpServer({ name: 'x', version: '1' }).registerTool('x', {}, 'no function') }
      catch (error) { console.log(error.stack) }`
    const args = ['--enable-source-maps', '--input-type=module', '-e', program]
    const { stdout, stderr } = await run(process.execPath, args, { cwd: home })
    const [, file = '', line] = /(src[\\/][^:\n]+\.ts):(\d+)/.exec(stdout) ?? []
    assert.notEqual(file, '', stdout + stderr)
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    assert.match(lines[Number(line) - 1] ?? '', /throw new TypeError/)
  })

  test('functions, classes and private members have the names of the sources, and the map leads to each throw', () => {
    const code = readFileSync(join(installed, 'dist', 'core.cjs'), 'utf8').split('\n')
    const { sourceRoot, sources, mappings } = JSON.parse(
      readFileSync(join(installed, 'dist', 'core.cjs.map'), 'utf8'),
    )
    const texts: string[] = sources.map((source: string) =>
      readFileSync(join(root, 'dist', sourceRoot, source), 'utf8'),
    )
    const words = new Set(texts.flatMap((text) => text.match(/[\w$]+/g) ?? []))
    const named = /\b(?:function\*?|class) ?(?!extends\b)([A-Za-z]\w*)[({ ]|#([A-Za-z]\w*)[(;=.,)]/g
    const names = code.flatMap((line) => [...line.matchAll(named)].map(([, a, b]) => a ?? b ?? ''))
    assert.ok(names.length > 1000)
    // Where two files have one name, the bundler puts a number behind the second.
    assert.deepEqual(
      names.filter((name) => !words.has(name) && !words.has(name.replace(/\d+$/, ''))),
      [],
    )
    const lines = decode(mappings)
    const throws = code.flatMap((line, row) =>
      [...line.matchAll(/\bthrow new \w+/g)].map(({ index, 0: statement }) => {
        const [, source = 0, at = 0] = lines[row]?.findLast(([column]) => column <= index) ?? []
        return { statement, line: texts[source]?.split('\n')[at] ?? '' }
      }),
    )
    assert.ok(throws.length > 100)
    for (const { statement, line } of throws) assert.match(line, /\bthrow\b/, statement)
  })

  test('a consumer type-checks against the declarations, library check included', async () => {
    mkdirSync(join(home, 'typed'))
    writeFileSync(join(home, 'typed', 'consumer.ts'), CONSUMER)
    writeFileSync(join(home, 'typed', 'facade.ts'), FACADE_CONSUMER)
    writeFileSync(join(home, 'typed', 'facade.cts'), FACADE_CONSUMER)
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2023',
      module: 'nodenext',
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
    }
    writeFileSync(
      join(home, 'typed', 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.ts', 'facade.ts', 'facade.cts'] }),
    )
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { code, stdout } = await run(process.execPath, [compiler, '-p', join(home, 'typed')], { cwd: home })
    assert.equal(code, 0, stdout)
  })

  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const older = (wantedMajor: number, wantedMinor: number) =>
    major < wantedMajor || (major === wantedMajor && minor < wantedMinor)

  test('CommonJS code can require() it, without a warning', async () => {
    const program = "const { McpServer } = require('barewire'); console.log(typeof McpServer)"
    const { code, stdout, stderr } = await run(process.execPath, ['--input-type=commonjs', '-e', program], {
      cwd: home,
    })
    assert.equal(code, 0, stderr)
    assert.equal(stdout.trim(), 'function')
    assert.equal(stderr, '')
  })

  const noTypes = older(22, 18) ? 'plain Node runs TypeScript from 22.18' : false
  test('the sources run in plain Node, without a build or a loader', { skip: noTypes }, async () => {
    const program = "const { McpServer } = await import('./src/index.ts'); console.log(typeof McpServer)"
    const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
    })
    assert.equal(code, 0, stderr)
    assert.equal(stdout.trim(), 'function')
  })
})
