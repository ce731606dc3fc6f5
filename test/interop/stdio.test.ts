/** The official clients over stdio, which start the fixture as a process: each in each way to choose an era. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, type VersionNegotiationMode } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import type { WireJson } from '../helpers/wire.ts'

const fixture = fileURLToPath(new URL('../fixture/server.ts', import.meta.url))
const child = {
  command: process.execPath,
  args: ['--import', 'tsx', fixture, '--stdio'],
  stderr: 'ignore' as const,
}
const capabilities = { elicitation: {} }
const person = { action: 'accept' as const, content: { username: 'ann', email: 'ann@example.com' } }

test('SDK v1 client over stdio: tools, progress, logging, resources, prompts, elicitation, close', async (t) => {
  const client = new ClientV1({ name: 'stdio-v1', version: '1.0.0' }, { capabilities })
  const logged: unknown[] = []
  client.setRequestHandler(ElicitRequestSchema, () => person)
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push(params.data)
  })
  await client.connect(new StdioV1(child))
  t.after(() => client.close())
  await check(client as never)
  await client.setLoggingLevel('debug')
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} })
  assert.equal(logged.length, 3)
})

const MODES: readonly (readonly [string, VersionNegotiationMode | undefined, string])[] = [
  ['session era', undefined, '2025-11-25'],
  ['auto', 'auto', '2026-07-28'],
  ['pinned to 2026-07-28', { pin: '2026-07-28' }, '2026-07-28'],
]
for (const [name, mode, expected] of MODES) {
  test(`SDK v2 client over stdio, ${name}: tools, progress, resources, prompts, elicitation, close`, async (t) => {
    const client = await connectV2(t, mode)
    assert.equal(client.getNegotiatedProtocolVersion(), expected)
    await check(client as never)
  })
}

async function connectV2(t: TestContext, mode: VersionNegotiationMode | undefined): Promise<Client> {
  const options = { capabilities, ...(mode !== undefined && { versionNegotiation: { mode } }) }
  const client = new Client({ name: 'stdio-v2', version: '1.0.0' }, options)
  client.setRequestHandler('elicitation/create', () => person)
  await client.connect(new StdioClientTransport(child))
  t.after(() => client.close())
  return client
}

/** What both clients have alike. */
interface OfficialClient {
  listTools(): Promise<{ readonly tools: readonly unknown[] }>
  callTool(params: object, schema?: undefined, options?: object): Promise<WireJson>
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>
  readResource(params: { readonly uri: string }): Promise<{ readonly contents: readonly unknown[] }>
  getPrompt(params: { readonly name: string }): Promise<{ readonly messages: readonly unknown[] }>
}

async function check(client: OfficialClient): Promise<void> {
  assert.ok((await client.listTools()).tools.length > 10)
  const progress: number[] = []
  const onprogress = (each: { readonly progress: number }) => progress.push(each.progress)
  const call = { name: 'test_tool_with_progress', arguments: {} }
  // The second one takes no schema.
  const withProgress =
    client.callTool.length === 3 || client instanceof ClientV1
      ? client.callTool(call, undefined, { onprogress })
      : client.callTool(call, { onprogress } as never)
  assert.match((await withProgress).content[0].text, /successfully/)
  assert.deepEqual(progress, [0, 50, 100])
  const { resources } = await client.listResources()
  assert.ok((await client.readResource({ uri: resources[0]?.uri ?? '' })).contents.length > 0)
  assert.ok((await client.getPrompt({ name: 'test_simple_prompt' })).messages.length > 0)
  const asked = await client.callTool({ name: 'test_elicitation', arguments: { message: 'Who?' } })
  assert.match(asked.content[0].text, /ann/)
  const many = Array.from({ length: 50 }, () => client.callTool({ name: 'test_simple_text', arguments: {} }))
  assert.equal((await Promise.all(many)).length, 50)
}
