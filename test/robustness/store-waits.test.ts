/** Requests that wait for a store when their connection breaks: what they hold is given back then, not when the store answers. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { type TestContext, test } from 'node:test'
import { createFetchHandler } from '../../src/fetch.ts'
import { createMcpHandler, type HandlerStats, McpServer, serve } from '../../src/index.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { certificate } from '../helpers/certificate.ts'
import { collected } from '../helpers/heap.ts'
import { Http2Client } from '../helpers/http2-client.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { held } from '../session-era/nodes/store-double.ts'
import { eventually } from '../session-era/serving.ts'
import { postOf } from '../web-http/request.ts'
import { watchProcess } from './watch-process.ts'

type Headers = { readonly [name: string]: string }

/** Begins a POST. @returns breaks its connection, or its stream */
type Post = (headers: Headers, body: string) => () => void
interface Running {
  readonly post: Post
  stats(): HandlerStats
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

function definition(): McpServer {
  const server = new McpServer({ name: 'waits', version: '1' })
  server.registerTool('ask', {}, async (_args, ctx) => {
    await ctx.elicit('n', { message: 'How many?', requestedSchema: { type: 'object', properties: {} } })
    return 'asked'
  })
  return server
}

const carriers: { readonly [name: string]: (t: TestContext, store: Store) => Promise<Running> } = {
  async 'node:http'(t, store) {
    const { url, stats, close } = await serve(definition(), { port: 0, store })
    t.after(() => close({ drainMs: 0 }))
    const post: Post = (headers, body) => {
      const request = httpRequest(url, { method: 'POST', agent: false, headers: { ...HEADERS, ...headers } })
      request.on('error', () => {}).end(body)
      return () => void request.destroy()
    }
    return { stats, post }
  },
  async 'HTTP/2'(t, store) {
    const { url, stats, close } = await serve(definition(), { port: 0, store, tls: certificate() })
    t.after(() => close({ drainMs: 0 }))
    const client = new Http2Client(url)
    t.after(() => client.close())
    const post: Post = (headers, body) => {
      const stream = client.begin({ headers, body })
      return () => stream.close(8)
    }
    return { stats, post }
  },
  async fetch(t, store) {
    const handler = createFetchHandler(definition(), { store })
    t.after(() => handler.close({ drainMs: 0 }))
    const post: Post = (headers, body) => {
      const leaving = new AbortController()
      void handler(postOf(body, { headers, signal: leaving.signal }))
      return () => leaving.abort()
    }
    return { stats: handler.stats, post }
  },
}

/** A store that never gives a key. */
function withoutKeys(memory = new MemoryStore()): Store {
  return {
    join(events) {
      const node = memory.join(events)
      return Object.assign(node, { keys: { read: () => new Promise<never>(() => {}) } })
    },
  }
}

/** A state that was sealed with a key which nobody else has. */
async function foreignState(t: TestContext): Promise<string> {
  const { url, close } = await serve(definition(), { port: 0 })
  t.after(() => close({ drainMs: 0 }))
  const client = new StatelessClient(url, { capabilities: { elicitation: { form: {} } } })
  return (await client.call('ask')).result.requestState
}

function retry(requestState: string, padding: string): [Headers, string] {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  }
  const params = { name: 'ask', arguments: { padding }, requestState, inputResponses: {}, _meta }
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'ask' }
  return [headers, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })]
}

for (const [name, run] of Object.entries(carriers)) {
  for (const what of ['a session', 'a key']) {
    test(`${name}: requests that wait for ${what} from the store count no longer when their connections break`, async (t) => {
      watchProcess(t)
      const store = what === 'a key' ? withoutKeys() : held().store
      const { stats, post } = await run(t, store)
      const padding = 'x'.repeat(20_000)
      const state = what === 'a key' ? await foreignState(t) : ''
      // A store that does not answer is given up after some seconds, which do not pass here.
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const breaks = Array.from({ length: 20 }, (_, n) => {
        if (what === 'a key') return post(...retry(state, padding))
        const ping = { jsonrpc: '2.0', id: n, method: 'ping', params: { padding } }
        return post({ 'mcp-session-id': `${n}`.padStart(32, 'x') }, JSON.stringify(ping))
      })
      await eventually(() => stats().callsInProgress === 20, 'all of them to wait')
      assert.ok(stats().bodyBytes > 300_000, `${stats().bodyBytes}`)
      for (const end of breaks) end()
      await eventually(() => stats().callsInProgress === 0, 'their end')
      assert.equal(stats().bodyBytes, 0)
    })
  }
}

test('nothing of a request that waited for the store is kept when its connection has broken', async (t) => {
  const server = definition()
  const { store } = held()
  const handler = createMcpHandler(server, { store })
  t.after(() => handler.close({ drainMs: 0 }))
  const http = await import('node:http')
  const bodies: WeakRef<object>[] = []
  const listening = http.createServer((request, response) => {
    const parsed = { jsonrpc: '2.0', id: 1, method: 'ping', params: {} }
    bodies.push(new WeakRef(parsed))
    handler(request, response, parsed)
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  t.after(() => listening.close())
  const { port } = listening.address() as { port: number }
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const headers = { ...HEADERS, host: 'localhost' }
  for (let n = 0; n < 10; n++) {
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/mcp',
      agent: false,
      headers: { ...headers, 'mcp-session-id': `${n}`.padStart(32, 'y') },
    })
    request.on('error', () => {}).end('{}')
    await eventually(() => handler.stats().callsInProgress === 1, 'the request to wait')
    request.destroy()
    await eventually(() => handler.stats().callsInProgress === 0, 'its end')
  }
  assert.equal(await collected(bodies), 10)
})
