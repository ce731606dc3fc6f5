/** What a client can make a program keep on the facade is bounded, and what handlers throw ends no process. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from '../../src/bounds/gate.ts'
import { Client } from '../../src/sdk/client/index.ts'
import { InMemoryTaskStore } from '../../src/sdk/experimental/tasks/stores/in-memory.ts'
import { InMemoryTransport } from '../../src/sdk/inMemory.ts'
import { McpServer } from '../../src/sdk/server/mcp.ts'
import type { Transport } from '../../src/sdk/shared/transport.ts'
import { EmptyResultSchema, type JSONRPCMessage } from '../../src/sdk/types.ts'

const INITIALIZE: JSONRPCMessage = {
  jsonrpc: '2.0',
  id: 'first',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

/** A transport of the program's own. @param send - what its client does with a message */
function rawTransport(send: (message: JSONRPCMessage) => Promise<void>) {
  const transport: Transport = {
    start: async () => {},
    send,
    close: async () => transport.onclose?.(),
  }
  return transport
}

test('a client that reads nothing and sends on is closed, with an error that says so', async () => {
  const transport = rawTransport(() => new Promise(() => {}))
  const server = new McpServer({ name: 'x', version: '1' })
  server.server.fallbackRequestHandler = async (message) => ({ echo: message.params })
  const errors: string[] = []
  server.server.onerror = ({ message }) => void errors.push(message)
  let isClosed = false
  server.server.onclose = () => {
    isClosed = true
  }
  await server.connect(transport)
  transport.onmessage?.(INITIALIZE)
  const params = { text: 'x'.repeat(1024 * 1024) }
  let sent = 0
  for (; sent < 200 && !isClosed; sent++) {
    transport.onmessage?.({ jsonrpc: '2.0', id: sent, method: 'echo', params })
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(isClosed, true)
  assert.ok(sent < 100, `${sent} MB were taken`)
  assert.match(errors[0] ?? '', /does not read what it is sent/)
  // What still comes is dropped.
  transport.onmessage?.({ jsonrpc: '2.0', id: 'late', method: 'ping' })
})

test('what came with an answer is not taken for what came with a later request of the same id', async () => {
  const answered = new Gate()
  let asked: string | number = ''
  const seen: unknown[] = []
  const transport = rawTransport(async (message) => {
    if ('method' in message && 'id' in message) {
      asked = message.id
      const result = {}
      transport.onmessage?.(
        { jsonrpc: '2.0', id: asked, result },
        { authInfo: { token: 'stale', clientId: 'x', scopes: [] } },
      )
    } else if ('result' in message && message.id === 'call') answered.open()
  })
  const server = new McpServer({ name: 'x', version: '1' })
  server.registerTool('ask', {}, async (extra) => {
    if (asked === '') await extra.sendRequest({ method: 'ping' }, EmptyResultSchema)
    else seen.push(extra.authInfo)
    return { content: [] }
  })
  await server.connect(transport)
  transport.onmessage?.(INITIALIZE)
  transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/initialized' })
  const params = { name: 'ask' }
  transport.onmessage?.({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params })
  await answered.passed
  const again = new Gate()
  transport.send = async () => again.open()
  transport.onmessage?.({ jsonrpc: '2.0', id: asked, method: 'tools/call', params })
  await again.passed
  assert.deepEqual(seen, [undefined])
})

test('the store of tasks in memory forgets the oldest that has ended, above ten thousand', async (t) => {
  const store = new InMemoryTaskStore()
  t.after(() => store.cleanup())
  const make = () => store.createTask({ ttl: null }, 1, { method: 'tools/call' })
  const working = await make()
  const ended = await make()
  await store.storeTaskResult(ended.taskId, 'completed', {})
  for (let count = store.getAllTasks().length; count < 10_000; count++) await make()
  assert.notEqual(await store.getTask(ended.taskId), null)
  await make()
  assert.equal(await store.getTask(ended.taskId), null)
  assert.notEqual(await store.getTask(working.taskId), null)
  await make()
  assert.equal(await store.getTask(working.taskId), null)
  assert.equal(store.getAllTasks().length, 10_000)
})

test('what a fallback handler throws goes to onerror, on both sides', async (t) => {
  const [near, far] = InMemoryTransport.createLinkedPair()
  const server = new McpServer({ name: 'x', version: '1' })
  const client = new Client({ name: 'c', version: '1' })
  t.after(() => client.close())
  const heard = [server.server, client].map((side) => {
    // Not asynchronous: what it throws is thrown at its caller.
    side.fallbackNotificationHandler = ({ method }) => {
      throw new Error(`no ${method} here`)
    }
    return new Promise<Error>((resolve) => {
      side.onerror = resolve
    })
  })
  await Promise.all([server.connect(far), client.connect(near)])
  const notification = { method: 'x/strange' } as never
  await Promise.all([server.server.notification(notification), client.notification(notification)])
  for (const { message } of await Promise.all(heard)) assert.match(message, /no x\/strange here/)
})
