/**
 * The recipe for Cloudflare Workers in workerd, the runtime that they are run by, with the package as it is published.
 * `npm run interop` installs it.
 */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { bundleTogether } from '../../scripts/lib/bundle.ts'
import { type Started, start } from '../../scripts/lib/child.ts'
import { ENTRIES } from '../../scripts/lib/entries.ts'
import { needsThat } from '../helpers/needs.ts'
import { removeFolder } from '../helpers/remove-folder.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { endOfTurn, within } from '../helpers/within.ts'
import { clientV2Auto, clientV2Pinned } from './client-v2.ts'
import { findProgramOf } from './find-runtime.ts'
import { connections, wholeAnswers } from './portable-checks.ts'

const meta = { progressToken: 't' }
const root = fileURLToPath(new URL('../..', import.meta.url))
const workerd = findProgramOf('workerd', '@cloudflare', 'bin/workerd')

/** The package as an application has it, among the modules that it bundles. */
async function writePackage(folder: string): Promise<void> {
  const home = join(folder, 'node_modules', 'barewire')
  mkdirSync(join(home, 'dist'), { recursive: true })
  writeFileSync(join(home, 'package.json'), readFileSync(join(root, 'package.json')))
  await bundleTogether(
    join(home, 'dist'),
    ENTRIES.filter(({ anywhere, alone }) => anywhere !== true && alone !== true),
  )
}

/** As wrangler bundles: what requires a module of Node gets it by an import, since Workers have no require. */
const nodeModules: Plugin = {
  name: 'modules of Node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'required' } : { path, external: true },
    )
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `import whole from '${path}'; module.exports = whole`,
    }))
  },
}

/** In the place of the source, as what is tested here is what users bundle. */
const ownPackage = (folder: string): Plugin => ({
  name: 'barewire',
  setup: ({ onResolve }) =>
    onResolve({ filter: /src\/(?:fetch|index)\.ts$/ }, () => ({
      path: join(folder, 'node_modules', 'barewire', 'dist', 'fetch.js'),
    })),
})

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2025-09-01",
  compatibilityFlags = ["nodejs_compat"],
);
`

describe('Cloudflare Workers', {
  ...needsThat(workerd !== undefined, 'npm run interop'),
  timeout: 120_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-workerd-'))
  let running: Started | undefined
  let url = ''
  before(async () => {
    await writePackage(folder)
    await build({
      entryPoints: [join(root, 'test', 'interop', 'workerd', 'worker.ts')],
      outfile: join(folder, 'worker.js'),
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      logLevel: 'silent',
      plugins: [ownPackage(folder), nodeModules],
    })
    writeFileSync(join(folder, 'config.capnp'), CONFIG)
    const args = ['serve', 'config.capnp', '--control-fd=1']
    running = await start(workerd as string, args, /"port":(\d+)/, { cwd: folder })
    url = `http://127.0.0.1:${running.match[1]}/mcp`
  })
  after(async () => {
    await running?.stop()
    await removeFolder(folder)
  })

  for (const kind of [clientV2Auto, clientV2Pinned]) {
    test(`the official client, ${kind.name}: discover, list, call, progress`, async (t) => {
      const client = await kind.connect({ url })
      t.after(() => client.close())
      assert.equal(client.protocolVersion, '2026-07-28')
      assert.ok((await client.listTools()).some(({ name }) => name === 'progress'))
      assert.equal((await client.callTool('echo', { text: 'é' })).content[0]?.text, 'é')
      const values: number[] = []
      const onprogress = ({ progress }: { progress: number }) => values.push(progress)
      const result = await client.callTool('progress', { count: 3 }, { onprogress })
      assert.deepEqual([result.content[0]?.text, values], ['done', [1, 2, 3]])
      assert.deepEqual(client.errors, [])
    })
  }

  test('stateless calls, in JSON and with progress', () =>
    wholeAnswers['stateless calls, in JSON and with progress']?.(url))
  const slow = 'a client that reads nothing for a while loses no message'
  test(slow, () => connections[slow]?.(url, ['stateless']))

  test('a client that leaves aborts its call', async () => {
    const client = new StatelessClient(url)
    const left = async () => Number((await client.call('left')).result.content[0].text)
    const before = await left()
    const stream = await client.stream('tools/call', { name: 'hold', arguments: {} }, { meta })
    await stream.nextMessage()
    assert.equal(await left(), before)
    await stream.destroy()
    const ends = async () => {
      while ((await left()) === before) await endOfTurn()
    }
    await within(ends(), () => 'the call to be aborted')
  })

  test('subscriptions/listen is acknowledged and then ended by the platform, as the recipe says; changes harm nobody', async () => {
    const client = new StatelessClient(url)
    const stream = await client.listen({ toolsListChanged: true })
    assert.equal((await stream.nextMessage()).method, 'notifications/subscriptions/acknowledged')
    assert.deepEqual((await client.call('change')).result.content, [])
    await stream.ended
    assert.deepEqual((await client.call('change')).result.content, [])
  })

  test('Host and Origin are checked, and the refusal names the option', async () => {
    const rows = [
      [{ host: 'mcp.example.com' }, 200, /./],
      [{ host: 'mcp.example.com', origin: 'https://mcp.example.com' }, 200, /./],
      [{ host: 'evil.example' }, 403, /allowedHosts option/],
      [{ host: 'mcp.example.com', origin: 'https://evil.example' }, 403, /allowedOrigins option/],
    ] as const
    for (const [headers, status, message] of rows) {
      const client = new StatelessClient(url, { headers })
      const reply = await client.request('tools/list', {}, { check: 'none' })
      assert.equal(reply.status, status, JSON.stringify(headers))
      assert.match(JSON.stringify(reply.error?.message ?? 'ok'), message)
    }
  })
})
