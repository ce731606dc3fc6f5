/** What must hold of the client and of the command in the packed package. */

import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../../scripts/lib/child.ts'
import { serve } from '../../src/index.ts'
import { offering } from '../client/offering.ts'

/** 95 KB: the files as they are in the package, which are not minified but for white space and local names. */
const MAX_CLIENT_BYTES = 95_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Prints one line for each check that failed. */
const SAME_ERRORS = `
  const check = (name, holds) => { if (!holds) console.log(name) }
  const cores = [await import('barewire'), require('barewire')]
  const clients = [await import('barewire/client'), require('barewire/client')]
  const classes = [...cores, ...clients]
  for (const [from, { McpError, RpcError }] of classes.entries()) {
    class Own extends RpcError {}
    for (const [to, other] of classes.entries()) {
      check('McpError ' + from + to, new McpError('ERR_CONNECTION', 'x') instanceof other.McpError)
      check('RpcError ' + from + to, new RpcError(1, 'x') instanceof other.RpcError)
      check('apart ' + from + to, !(new RpcError(1, 'x') instanceof other.McpError))
      check('own ' + from + to, new Own(1, 'x') instanceof other.RpcError && !(new other.RpcError(1, 'x') instanceof Own))
    }
  }
  const { stdio } = await import('barewire/client/stdio')
  for (const { connect, statusOf, McpError } of clients) {
    const refused = await connect('http://127.0.0.1:1/mcp', { retries: 0 }).catch((error) => error)
    check('connect', cores.every((core) => refused instanceof core.McpError) && refused.code === 'ERR_CONNECTION')
    const gone = await connect(stdio('no-such-program')).catch((error) => error)
    check('stdio', gone instanceof McpError)
    const fetch = async () => new Response('no', { status: 418 })
    const failed = await connect('http://127.0.0.1/mcp', { fetch }).catch((error) => error)
    check('statusOf', clients.every((client) => client.statusOf(failed) === 418))
  }
`
const LATER_PARTS = `
  const url = process.argv[1]
  for (const { connect, oauth, clientCredentials } of [await import('barewire/client'), require('barewire/client')]) {
    const onElicit = () => ({ action: 'accept', content: { name: 'Ann' } })
    const onSample = () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' })
    const client = await connect(url, { onElicit, onSample, onRoots: () => [] })
    const { structuredContent } = await client.callTool('add', { a: 1, b: 2 })
    const { content } = await client.callTool('ask')
    await client.close()
    const auth = clientCredentials({ clientId: 'a', clientSecret: 'b' })
    const provider = oauth({ redirectUrl: 'http://127.0.0.1/', onRedirect: () => undefined })
    const headers = [await auth.headers({ url, method: 'POST' }), await provider.headers({ url, method: 'POST' })]
    console.log(JSON.stringify([structuredContent, content[0].text.includes('Ann'), headers.length]))
  }
`

/** @param home - where the package is installed */
export function checkClient(home: string): void {
  const installed = join(home, 'node_modules', 'barewire')
  const read = (name: string) => readFileSync(join(installed, 'dist', name), 'utf8')
  const runModule = (program: string, ...args: readonly string[]) => {
    const required = `import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      ${program}`
    return run(process.execPath, ['--input-type=module', '-e', required, ...args], { cwd: home })
  }

  test('import barewire/client loads at most 95 KB, as shipped, and nothing but files of its own', (t) => {
    const loaded = new Set(['client.js'])
    const later = new Set<string>()
    for (const file of loaded) {
      const text = read(file)
      for (const [, name = ''] of text.matchAll(/\bfrom ?["']([^"']+)["']/g)) {
        assert.match(name, /^\.\/client-core\.js$/, `${file} imports ${name}`)
        loaded.add(name.slice(2))
      }
      for (const [, name = ''] of text.matchAll(/\bimport\(["']([^"']+)["']\)/g)) later.add(name)
      assert.doesNotMatch(text, /\brequire\(|node:/)
    }
    const bytes = [...loaded].reduce((sum, name) => sum + statSync(join(installed, 'dist', name)).size, 0)
    t.diagnostic(`import barewire/client: ${bytes} bytes in ${loaded.size} files`)
    assert.ok(bytes > 50_000 && bytes <= MAX_CLIENT_BYTES, `${bytes} bytes`)
    assert.deepEqual([...later].sort(), ['./client-compile.js', './client-flows.js', './client-http-sse.js'])
  })

  test('what the client loads later is there, for import and for require', async () => {
    const running = await serve(offering(), { port: 0 })
    try {
      const { stdout, stderr } = await runModule(LATER_PARTS, running.url)
      assert.equal(stdout, '[{"sum":3},true,2]\n'.repeat(2), stderr)
    } finally {
      await running.close({ drainMs: 0 })
    }
  })

  test('errors of the client, the core and stdio are instances of the classes of all of them, import and require', async () => {
    const { code, stdout, stderr } = await runModule(SAME_ERRORS)
    assert.equal(stdout, '', stderr)
    assert.equal(code, 0, stderr)
  })

  test('npx barewire inspect URL: the command is installed, says its version, and its exit codes are those of the help', async () => {
    const running = await serve(offering(), { port: 0 })
    const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx'
    const barewire = (...args: string[]) => run(npx, ['--offline', 'barewire', ...args], { cwd: home })
    try {
      const inspected = await barewire('inspect', running.url, '--json')
      assert.equal(inspected.code, 0, inspected.stderr)
      assert.equal(JSON.parse(inspected.stdout).server.info.name, 'offers')
      assert.equal((await barewire('call', running.url, 'add', 'a=1', 'b=2')).stdout, '{"sum":3}\n')
      assert.equal((await barewire('call', running.url, 'fail')).code, 1)
      assert.equal((await barewire('inspect')).code, 2)
      assert.equal((await barewire('--version')).stdout.trim(), manifest.version)
    } finally {
      await running.close({ drainMs: 0 })
    }
    assert.equal((await barewire('inspect', running.url, '--timeout', '5')).code, 3)
  })
}
