/** The official clients over stdio, which start the fixture as a process: each in each way to choose an era. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkFixture, MODES, startV1, startV2 } from './stdio-clients.ts'

const fixture = fileURLToPath(new URL('../fixture/server.ts', import.meta.url))
const program = { command: process.execPath, args: ['--import', 'tsx', fixture, '--stdio'] }

test('SDK v1 client over stdio: tools, progress, logging, resources, prompts, elicitation, close', async (t) => {
  const { client, logged } = await startV1(t, program)
  await checkFixture(client)
  await client.setLoggingLevel('debug')
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} })
  assert.equal(logged.length, 3)
})

for (const { name, mode, revision } of MODES) {
  test(`SDK v2 client over stdio, ${name}: tools, progress, resources, prompts, elicitation, close`, async (t) => {
    const client = await startV2(t, mode, program)
    assert.equal(client.getNegotiatedProtocolVersion(), revision)
    await checkFixture(client)
  })
}
