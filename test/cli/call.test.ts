/** `barewire call`, beyond a call that is answered at once. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer } from '../../src/index.ts'
import { serving } from './serving.ts'
import { run } from './terminal-session.ts'

for (const revision of ['2026-07-28', '2025-11-25']) {
  test(`${revision}: call works with a tool that is always a task, and says why nothing was asked without a terminal`, async (t) => {
    const server = new McpServer({ name: 's', version: '1' })
    server.registerTool('must', { task: 'required' }, () => 'done')
    const requestedSchema = { type: 'object', properties: { sure: { type: 'boolean' } } } as const
    server.registerTool('ask', {}, async (_, ctx) => {
      const { action } = await ctx.elicit('sure', { message: 'Sure?', requestedSchema })
      return action
    })
    const url = await serving(t, server)
    const { stdout } = await run(t, ['call', '--revision', revision, url, 'must'])
    assert.equal(stdout, 'done\n')
    const asked = await run(t, ['call', '--revision', revision, url, 'ask'])
    assert.notEqual(asked.code, 0)
    assert.match(asked.stderr, /The server had a question, and there is no terminal to ask it at\./)
  })
}

test('call takes names that the schema of a tool does not list where it leaves them open', async (t) => {
  const server = new McpServer({ name: 's', version: '1' })
  const inputSchema = {
    type: 'object',
    properties: { a: { type: 'string' } },
    additionalProperties: true,
  } as const
  server.registerTool('open', { inputSchema }, (args) => JSON.stringify(args))
  const url = await serving(t, server)
  assert.equal((await run(t, ['call', url, 'open', 'b=x'])).stdout, '{"b":"x"}\n')
})
