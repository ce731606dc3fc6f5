/** HTTP+SSE with real clients: the official one on its old transport, its documented way back to it, and our own. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { connect } from '../../src/client/index.ts'
import { createFetchHandler, McpServer } from '../../src/fetch.ts'
import { listenHono } from '../web-http/carriers.ts'
import { clientV1, clientV1Sse } from './client-v1.ts'
import { clientV2 } from './client-v2.ts'
import { type Served, serveFixture } from './setup.ts'

const TOOLS_CHANGED = 'notifications/tools/list_changed'

/** The client for servers of both transports, as the documentation of the official one has it. */
async function connectEither(t: TestContext, url: URL): Promise<{ client: Client; transport: string }> {
  const client = new Client({ name: 'either', version: '1.0.0' })
  t.after(() => client.close())
  try {
    await client.connect(new StreamableHTTPClientTransport(url) as never)
    return { client, transport: 'streamable-http' }
  } catch {
    const old = new Client({ name: 'either', version: '1.0.0' })
    t.after(() => old.close())
    await old.connect(new SSEClientTransport(url))
    return { client: old, transport: 'sse' }
  }
}

const sseUrl = ({ url }: Served) => new URL('/sse', url)

test('SSEClientTransport lists, calls with progress, cancels, is told of changes, and ends', async (t) => {
  const served = await serveFixture(t, {}, { logging: true })
  const client = await served.connect(clientV1Sse)
  assert.ok((await client.listTools()).length > 10)
  const progress: number[] = []
  await client.callTool('test_tool_with_progress', {}, { onprogress: (each) => progress.push(each.progress) })
  assert.deepEqual(progress, [0, 50, 100])
  served.server.registerTool('late', {}, () => 'late')
  await client.inbox.wait(TOOLS_CHANGED)
  served.server.log('error', 'for everyone')
  await client.inbox.wait('notifications/message')
  assert.deepEqual(client.errors, [])
  assert.equal(served.stats().sessions, 1)
  await client.close()
})

test('a client of Streamable HTTP that has the old URL falls back to SSEClientTransport', async (t) => {
  const served = await serveFixture(t)
  const old = await connectEither(t, sseUrl(served))
  assert.equal(old.transport, 'sse')
  const { content } = await old.client.callTool({ name: 'test_simple_text' })
  assert.equal((content as { type: string }[])[0]?.type, 'text')
  const current = await connectEither(t, new URL(served.url))
  assert.equal(current.transport, 'streamable-http')
})

test('connect of barewire/client falls back to HTTP+SSE at the old URL, and asks what the server asks', async (t) => {
  const served = await serveFixture(t)
  const client = await connect(sseUrl(served), {
    onElicit: () => ({ action: 'accept', content: { username: 'ada', email: 'ada@example.com' } }),
  })
  t.after(() => client.close())
  assert.equal(client.era, 'session')
  assert.ok((await client.tools().toArray()).some(({ name }) => name === 'test_simple_text'))
  const { content } = await client.callTool('test_elicitation', { message: 'Who are you?' })
  assert.match(JSON.stringify(content), /username.*ada/)
  assert.equal(served.stats().sessions, 1)
})

test('clients of both transports and eras use one server together, and all are told of a change', async (t) => {
  const served = await serveFixture(t)
  const clients = [
    await served.connect(clientV1Sse),
    await served.connect(clientV1),
    await served.connect(clientV2),
  ]
  served.server.registerTool('late', {}, () => 'late')
  for (const client of clients) {
    await client.inbox.wait(TOOLS_CHANGED)
    assert.equal((await client.callTool('late')).content[0]?.text, 'late')
  }
  assert.equal(served.stats().sessions, 3)
})

test('SSEClientTransport is served by the fetch handler too', async (t) => {
  const server = new McpServer({ name: 'fetch', version: '1.0.0' })
  server.registerTool('hello', {}, () => 'Hello')
  const handler = createFetchHandler(server, { httpSse: true })
  const { url, close } = await listenHono(handler, 0, '*')
  t.after(() => close())
  const client = await clientV1Sse.connect({ url })
  t.after(() => client.close())
  assert.equal((await client.callTool('hello')).content[0]?.text, 'Hello')
  server.registerTool('late', {}, () => 'late')
  await client.inbox.wait(TOOLS_CHANGED)
  assert.deepEqual(client.errors, [])
})
