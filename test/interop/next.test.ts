/**
 * The fetch handler as a route of a Next.js application, built and started as in production. `npm run interop` installs
 * Next.js.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundleTogether } from '../../scripts/lib/bundle.ts'
import { run, type Started, start } from '../../scripts/lib/child.ts'
import { ENTRIES } from '../../scripts/lib/entries.ts'
import { freePort } from '../helpers/free-port.ts'
import { needsThat } from '../helpers/needs.ts'
import { clientV1 } from './client-v1.ts'
import { clientV2Auto } from './client-v2.ts'
import { connections, oldHttp, pipelining, streams, wholeAnswers } from './portable-checks.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = join(root, 'test', 'interop', 'next')
const next = join(home, 'node_modules', 'next', 'dist', 'bin', 'next')
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '', NODE_ENV: 'production' }

/** The package as it is published, among the packages of the application. */
async function installBarewire(): Promise<void> {
  const folder = join(home, 'node_modules', 'barewire')
  mkdirSync(join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), readFileSync(join(root, 'package.json')))
  const together = ENTRIES.filter(({ anywhere, alone }) => anywhere !== true && alone !== true)
  await bundleTogether(join(folder, 'dist'), together)
}

/** The definition, as a module of the application. */
async function writeDefinition(): Promise<void> {
  await build({
    entryPoints: [join(root, 'test', 'interop', 'portable-server.ts')],
    outfile: join(home, 'generated', 'portable-server.js'),
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
    plugins: [
      {
        name: 'the library is a package',
        setup: ({ onResolve }) =>
          onResolve({ filter: /src\/index\.ts$/ }, () => ({ path: 'barewire/fetch', external: true })),
      },
    ],
  })
}

describe('a route of Next.js', {
  ...needsThat(existsSync(next), 'npm run interop'),
  timeout: 300_000,
}, () => {
  let server: Started
  let url = ''
  before(async () => {
    await installBarewire()
    await writeDefinition()
    const built = await run(process.execPath, [next, 'build'], { cwd: home, env })
    assert.equal(built.code, 0, `${built.stdout}${built.stderr}`)
    assert.match(built.stdout, /ƒ \/mcp/)
    // What warns of a handler says so while it builds.
    assert.doesNotMatch(built.stdout + built.stderr, /warn(?!ing: )|Module not found|not supported/i)
    const port = await freePort()
    const args = [next, 'start', '--hostname', '127.0.0.1', '--port', `${port}`]
    server = await start(process.execPath, args, /Ready in/, { cwd: home, env })
    url = `http://127.0.0.1:${port}/mcp`
  })
  after(() => server?.stop())

  for (const [title, check] of Object.entries({ ...wholeAnswers, ...streams, ...connections })) {
    test(title, () => check(url))
  }
  test('pipelined requests are answered in order', () => pipelining(url))
  test('HTTP/1.0', () => oldHttp(url))
  for (const kind of [clientV1, clientV2Auto]) {
    test(`the official client, ${kind.name}`, async (t) => {
      const client = await kind.connect({ url })
      t.after(() => client.close())
      assert.ok((await client.listTools()).some(({ name }) => name === 'progress'))
      const values: number[] = []
      const result = await client.callTool(
        'progress',
        { count: 3 },
        { onprogress: ({ progress }) => values.push(progress) },
      )
      assert.deepEqual([result.content[0]?.text, values], ['done', [1, 2, 3]])
      assert.deepEqual(client.errors, [])
    })
  }
  test('a browser gets the page', async () => {
    const response = await fetch(url, { headers: { accept: 'text/html' } })
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.ok((await response.text()).includes(url))
  })
})
