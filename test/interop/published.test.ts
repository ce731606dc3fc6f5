/**
 * Published servers, written for the official SDK, on it and on the facade (test/sdk/hooks.mjs): initialize result, lists
 * and calls are the same. `npm run interop` installs them; skipped where they are not.
 *
 * Left out: @modelcontextprotocol/server-everything, which imports `experimental/tasks`.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { beginTalk, lists } from '../sdk/conversation.ts'
import { LIBRARIES, type Library, nodeArguments } from '../sdk/run-program.ts'
import { type PublishedServer, SERVERS } from './published/servers.ts'

const modules = fileURLToPath(new URL('published/node_modules', import.meta.url))
const isInstalled = existsSync(modules)
if (!isInstalled) test('published servers', { skip: 'not installed here: npm run interop' })

function programOf(name: string): string {
  const { bin } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
  return join(modules, name, typeof bin === 'string' ? bin : (Object.values(bin)[0] as string))
}

async function talkTo(library: Library, server: PublishedServer, folder: string): Promise<unknown> {
  const { name, args = () => [], env = () => ({}), calls, reads = [] } = server
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [...nodeArguments(library), programOf(name), ...args(folder)],
    env: { ...(process.env as Record<string, string>), ...env(folder) },
    stderr: 'ignore',
  })
  // Without roots, which some servers ask for at a time of their own.
  const talk = await beginTalk(transport, {})
  const { client, step, record } = talk
  await lists(talk)
  for (const [tool, given] of calls) {
    await step(`${tool} ${JSON.stringify(given)}`, () => client.callTool({ name: tool, arguments: given }))
  }
  for (const uri of reads) await step(uri, () => client.readResource({ uri }))
  await client.close()
  const text = JSON.stringify(record)
    .replaceAll(folder, 'FOLDER')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
  return JSON.parse(text)
}

for (const server of isInstalled ? SERVERS : []) {
  test(`${server.name} answers on the facade as on the SDK`, async (t) => {
    const folders = LIBRARIES.map(() => mkdtempSync(join(tmpdir(), 'barewire-published-')))
    t.after(() => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    })
    const [sdk, facade] = await Promise.all(
      LIBRARIES.map((library, index) => talkTo(library, server, folders[index] as string)),
    )
    assert.deepEqual(facade, sdk)
  })
}
