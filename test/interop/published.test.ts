/**
 * Published servers, written for the official SDK, on it and on the facade (test/sdk/hooks.mjs): initialize result, lists
 * and calls are the same. `npm run interop` installs them; skipped where they are not.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { removeFolder } from '../helpers/remove-folder.ts'
import { beginTalk, lists } from '../sdk/conversation.ts'
import { LIBRARIES, type Library, nodeArguments, startProgram } from '../sdk/run-program.ts'
import { type PublishedServer, SERVERS } from './published/servers.ts'

const modules = fileURLToPath(new URL('published/node_modules', import.meta.url))
const isInstalled = existsSync(modules)
if (!isInstalled) test('published servers', { skip: 'not installed here: npm run interop' })

function programOf(name: string): string {
  const { bin } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
  return join(modules, name, typeof bin === 'string' ? bin : (Object.values(bin)[0] as string))
}

type Connect = (library: Library, server: PublishedServer, folder: string) => Promise<object>

const overStdio: Connect = async (library, { name, args = () => [], env = () => ({}) }, folder) =>
  new StdioClientTransport({
    command: process.execPath,
    args: [...nodeArguments(library), programOf(name), ...args(folder)],
    env: { ...(process.env as Record<string, string>), ...env(folder) },
    stderr: 'ignore',
  })

const overHttp =
  (t: TestContext): Connect =>
  async (library, { name, http = [] }) => {
    const { port } = await startProgram(t, library, programOf(name), {}, http)
    return new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`))
  }

async function talkTo(server: PublishedServer, folder: string, transport: object): Promise<object> {
  const { calls, reads = [] } = server
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
    .replace(/created at [\d:]+ [AP]M/g, 'created at TIME')
  return JSON.parse(text)
}

async function same(
  t: TestContext,
  server: PublishedServer,
  connect: Connect,
  without: readonly string[] = [],
): Promise<void> {
  const folders = LIBRARIES.map(() => mkdtempSync(join(tmpdir(), 'barewire-published-')))
  t.after(() => Promise.all(folders.map(removeFolder)))
  const [sdk, facade] = await Promise.all(
    LIBRARIES.map(async (library, index) => {
      const folder = folders[index] as string
      const record = await talkTo(server, folder, await connect(library, server, folder))
      return Object.fromEntries(Object.entries(record).filter(([step]) => !without.includes(step)))
    }),
  )
  assert.deepEqual(facade, sdk)
}

for (const server of isInstalled ? SERVERS : []) {
  test(`${server.name} answers on the facade as on the SDK`, (t) => same(t, server, overStdio))
  if (server.http !== undefined) {
    // What a server sends before its client listens is lost with the SDK, and kept by the facade.
    test(`${server.name} answers over HTTP as on the SDK`, (t) =>
      same(t, server, overHttp(t), ['notifications']))
  }
}
