/** Messages that come in one piece are handled in their order, on the SDK and on the facade. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as sdkMemory from '@modelcontextprotocol/sdk/inMemory.js'
import * as sdkServer from '@modelcontextprotocol/sdk/server/mcp.js'
import * as sdkTypes from '@modelcontextprotocol/sdk/types.js'
import * as memory from '../../src/sdk/inMemory.ts'
import * as server from '../../src/sdk/server/mcp.ts'
import * as types from '../../src/sdk/types.ts'
import { within } from '../helpers/within.ts'

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'order', version: '1' } },
} as const

const libraries = {
  SDK: { ...sdkMemory, ...sdkServer, ...sdkTypes },
  'barewire/sdk': { ...memory, ...server, ...types },
} as unknown as { readonly [name: string]: typeof sdkMemory & typeof sdkServer & typeof sdkTypes }

for (const [name, { InMemoryTransport, InitializedNotificationSchema, McpServer }] of Object.entries(
  libraries,
)) {
  for (const how of ['oninitialized', 'setNotificationHandler'] as const) {
    test(`${name}: a tool that ${how} registers is in the list that is asked for at once`, async () => {
      const program = new McpServer({ name: 'late', version: '1' })
      program.registerTool('early', {}, () => ({ content: [] }))
      const register = () => void program.registerTool('late', {}, () => ({ content: [] }))
      if (how === 'oninitialized') program.server.oninitialized = register
      else program.server.setNotificationHandler(InitializedNotificationSchema, register)
      const [near, far] = InMemoryTransport.createLinkedPair()
      await program.connect(far)
      const answers = new Map<unknown, (message: object) => void>()
      const answerTo = (id: number) =>
        within(new Promise<object>((resolve) => answers.set(id, resolve)), () => `the answer to ${id}`)
      near.onmessage = (message) => answers.get((message as { id?: unknown }).id)?.(message)
      await near.start()
      const initialized = answerTo(1)
      await near.send(INITIALIZE)
      await initialized
      const listed = answerTo(2)
      void near.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
      void near.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' })
      const { result } = (await listed) as { result: { tools: readonly { name: string }[] } }
      assert.deepEqual(
        result.tools.map((tool) => tool.name),
        ['early', 'late'],
      )
      await program.close()
    })
  }
}
