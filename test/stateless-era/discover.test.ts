/** `server/discover`: versions, capabilities that follow from what is registered, and no session. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { serving } from './serving.ts'

test('discover gives versions, capabilities, instructions and the server, and opens no session [stateless.discover] [stateless.tools-capability]', async (t) => {
  const { client, stats } = await serving(t, { server: { instructions: 'Read first.' } })
  const reply = await client().request('server/discover')
  const { supportedVersions, capabilities, instructions, _meta } = reply.result
  assert.deepEqual(supportedVersions, ['2026-07-28'])
  assert.deepEqual(capabilities, { tools: { listChanged: true } })
  assert.equal(instructions, 'Read first.')
  assert.deepEqual(_meta['io.modelcontextprotocol/serverInfo'], { name: 'stateless', version: '1.0.0' })
  assert.equal(reply.headers['mcp-session-id'], undefined)
  assert.equal(stats().sessions, 0)
})

test('capabilities name what is registered, each by itself [stateless.resources-capability] [stateless.prompts-capability] [stateless.prompts-negotiation] [stateless.completion-capability]', async (t) => {
  const { client, server } = await serving(t)
  const capabilities = async () => (await client().request('server/discover')).result.capabilities
  const listChanged = true
  server.registerResource('r', 'memo://r', {}, () => '')
  assert.deepEqual(await capabilities(), { tools: { listChanged }, resources: { listChanged } })
  server.registerResource('s', 'memo://s', { subscribe: true }, () => '')
  assert.deepEqual((await capabilities()).resources, { listChanged, subscribe: true })
  server.registerPrompt('p', {}, () => '')
  assert.deepEqual((await capabilities()).prompts, { listChanged })
  const argsSchema = { type: 'object', properties: { a: { type: 'string' } } } as const
  server.registerPrompt('q', { argsSchema, complete: { a: () => [] } }, () => '')
  assert.deepEqual((await capabilities()).completions, {})
})

test('a client with extensions and capabilities that nobody knows is served all the same [stateless.extension-fallback]', async (t) => {
  const { client } = await serving(t)
  const capabilities = { extensions: { 'com.example/unknown': { depth: 7 } }, experimental: { more: {} } }
  const { status, result } = await client({ capabilities }).request('tools/list')
  assert.deepEqual([status, result.resultType], [200, 'complete'])
})

test('who the client says it is changes no answer [stateless.self-reported]', async (t) => {
  const setup = (server: McpServer) => server.registerPrompt('p', {}, () => 'prompt')
  const { client } = await serving(t, { setup })
  const infos = [null, { name: 'admin', version: '99' }, { name: '', version: '', title: 'x' }]
  const answers = new Set<string>()
  for (const clientInfo of infos) {
    const own = client({ clientInfo })
    for (const method of ['server/discover', 'tools/list', 'prompts/list']) {
      answers.add(method + (await own.request(method)).text)
    }
  }
  assert.equal(answers.size, 3)
})
