/** `npm start -- --stdio`: the demo as a host such as Claude Desktop starts it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('the demo on standard input and output, from the form of a host configuration', async (t) => {
  const configuration = {
    mcpServers: {
      demo: {
        command: process.execPath,
        args: ['--import', 'tsx', 'scripts/start.ts', '--stdio', '--root', 'test/demo'],
      },
    },
  }
  const client = new Client({ name: 'host', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({ ...configuration.mcpServers.demo, cwd: root, stderr: 'ignore' }),
  )
  t.after(() => client.close())
  const { tools } = await client.listTools()
  assert.ok(tools.length > 0)
  const { resources } = await client.listResources()
  assert.ok(resources.some(({ uri }) => uri.endsWith('stdio.test.ts')))
})
