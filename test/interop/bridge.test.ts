/**
 * Bridges between transports: mcp-remote takes a host that knows only stdio to a server over HTTP, mcp-proxy serves a
 * program on stdio over HTTP. The official clients are on the other side. `npm run interop` installs both.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { start } from '../../scripts/lib/child.ts'
import type { ServeOptions } from '../../src/index.ts'
import { freePort } from '../helpers/free-port.ts'
import { needsThat } from '../helpers/needs.ts'
import { removeFolder } from '../helpers/remove-folder.ts'
import { untilListening } from '../helpers/until-listening.ts'
import { within } from '../helpers/within.ts'
import { clientV1, clientV1Sse } from './client-v1.ts'
import { clientV2, clientV2Auto, clientV2Pinned } from './client-v2.ts'
import { serveFixture } from './setup.ts'
import { checkFixture, checkProgress, MODES, type Program, startV1, startV2 } from './stdio-clients.ts'

const modules = fileURLToPath(new URL('bridge/node_modules', import.meta.url))
const remote = join(modules, 'mcp-remote', 'dist', 'proxy.js')
const proxy = join(modules, 'mcp-proxy', 'dist', 'bin', 'mcp-proxy.mjs')
const fixture = fileURLToPath(new URL('../fixture/server.ts', import.meta.url))

/** What mcp-remote keeps of its servers. */
const kept = mkdtempSync(join(tmpdir(), 'barewire-bridge-'))
after(() => removeFolder(kept))

/** mcp-remote in front of a server, as a host configures it. */
function remoteTo(url: string | URL, ...args: string[]): Program {
  const env = { PATH: process.env['PATH'] ?? '', MCP_REMOTE_CONFIG_DIR: kept }
  return { command: process.execPath, args: [remote, `${url}`, ...args], env }
}

describe('mcp-remote', { ...needsThat(existsSync(remote), 'npm run interop'), timeout: 120_000 }, () => {
  const ways: readonly (readonly [title: string, path: string, args: string[]])[] = [
    ['as it is by default', '/mcp', []],
    ['with --protocol auto', '/mcp', ['--protocol', 'auto']],
    ['on HTTP+SSE', '/sse', ['--transport', 'sse-only']],
  ]
  for (const [title, path, args] of ways) {
    const at = (served: { readonly url: string }) => new URL(path, served.url)

    test(`${title}: everything works for the SDK v1 client`, async (t) => {
      const { client, logged } = await startV1(t, remoteTo(at(await serveFixture(t)), ...args))
      await checkFixture(client)
      await client.setLoggingLevel('debug')
      await client.callTool({ name: 'test_tool_with_logging', arguments: {} })
      assert.equal(logged.length, 3)
    })

    for (const { name, mode, revision } of MODES) {
      // HTTP+SSE has the session era alone.
      if (path === '/sse' && name.startsWith('pinned')) continue
      test(`${title}: everything works for the SDK v2 client, ${name}`, async (t) => {
        const client = await startV2(t, mode, remoteTo(at(await serveFixture(t)), ...args))
        assert.equal(client.getNegotiatedProtocolVersion(), path === '/sse' ? '2025-11-25' : revision)
        await checkFixture(client)
      })
    }

    test(`${title}: a client is notified of a tool that is added`, async (t) => {
      const served = await serveFixture(t)
      const { client } = await startV1(t, remoteTo(at(served), ...args))
      const changed = new Promise<void>((resolve) => {
        client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve())
      })
      // Its listening may begin after its first answer.
      let isChanged = false
      void changed.then(() => {
        isChanged = true
      })
      const adding = async () => {
        for (let count = 1; !isChanged; count += 1) {
          served.server.registerTool(`added-${count}`, {}, () => '')
          await client.ping()
        }
      }
      await within(adding(), () => 'a notification')
    })
  }

  test('the headers that it is told carry the credentials of auth', async (t) => {
    const verify = (token: string) => (token === 'secret' ? { id: 'ann' } : undefined)
    const options: ServeOptions = { auth: { verify } }
    const { url } = await serveFixture(t, options)
    const { client } = await startV1(t, remoteTo(url, '--header', 'Authorization:Bearer secret'))
    await checkFixture(client)
  })

  test('a client that asks for the era gets the session era of a server that has no other', async (t) => {
    const { url } = await serveFixture(t, { eras: ['session'] })
    const client = await startV2(t, 'auto', remoteTo(url))
    assert.equal(client.getNegotiatedProtocolVersion(), '2025-11-25')
    await checkFixture(client)
  })

  test('with --protocol auto, a client of the session era calls a server of the stateless era alone', async (t) => {
    const { url } = await serveFixture(t, { eras: ['stateless'] })
    const { client } = await startV1(t, remoteTo(url, '--protocol', 'auto'))
    await checkFixture(client)
  })
})

describe('mcp-proxy', { ...needsThat(existsSync(proxy), 'npm run interop'), timeout: 120_000 }, () => {
  for (const kind of [clientV1, clientV1Sse, clientV2, clientV2Auto, clientV2Pinned]) {
    test(`serveStdio behind it: the ${kind.name} lists, calls with progress, and closes`, async (t) => {
      const port = await freePort()
      const program = [process.execPath, '--import', 'tsx', fixture, '--stdio']
      const args = [proxy, '--host', '127.0.0.1', '--port', `${port}`, '--', ...program]
      const running = await start(process.execPath, args, /starting server on port|listening/i)
      t.after(() => running.stop())
      assert.ok(await untilListening(port))
      const client = await kind.connect({ url: `http://127.0.0.1:${port}/mcp` })
      t.after(() => client.close())
      assert.ok((await client.listTools()).length > 10)
      await checkProgress((onprogress) => client.callTool('test_tool_with_progress', {}, { onprogress }))
    })
  }
})
