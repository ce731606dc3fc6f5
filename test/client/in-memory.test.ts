/** connect(server), connect(handler) and connect({ fetch }): the same as over a socket, without one. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { createMcpHandler, McpServer } from '../../src/index.ts'
import { within } from '../helpers/within.ts'
import { offering, REVISIONS } from './offering.ts'

for (const revision of REVISIONS) {
  test(`${revision}: calls, progress, questions and refusals`, async () => {
    await using client = await connect(offering(), {
      revision,
      onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
      onRoots: () => [],
      onSample: () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }),
    })
    assert.equal(client.revision, revision)
    assert.deepEqual((await client.callTool('add', { a: 1, b: 2 })).structuredContent, { sum: 3 })
    const reports: number[] = []
    await client.callTool('count', {}, { onProgress: ({ progress }) => reports.push(progress) })
    assert.deepEqual(reports, [1, 2, 3])
    assert.match(JSON.stringify((await client.callTool('ask')).content), /Ann/)
    await assert.rejects(client.callTool('unknown'), { name: 'RpcError', code: -32602 })
  })
}

test('a server can be tested in three lines', async () => {
  const server = offering()
  await using client = await connect(server)
  assert.deepEqual((await client.callTool('add', { a: 1, b: 2 })).structuredContent, { sum: 3 })
})

test('many clients of one server are apart, and changes reach those that listen', async () => {
  const server = offering()
  await using one = await connect(server, { revision: '2025-11-25' })
  await using two = await connect(server)
  const changes = two.changes({ tools: true })
  const next = changes.next()
  await Promise.all([one.ping(), two.ping()])
  while ((await Promise.race([next, new Promise((resolve) => setImmediate(resolve))])) === undefined) {
    server.registerTool(`t${Math.random()}`.replace('.', '_'), {}, () => 'x')
  }
  assert.deepEqual((await next).value, { kind: 'tools' })
  await changes.return()
})

test('connect(handler) keeps its options: path, hosts and tokens', async () => {
  const verify = (token: string) => (token === 'right' ? { id: 'me' } : undefined)
  const handler = createMcpHandler(offering(), {
    path: '/rpc',
    allowedHosts: ['mcp.example.com'],
    auth: { verify } as never,
  })
  await using client = await connect(handler, { auth: 'right' })
  assert.deepEqual((await client.callTool('add', { a: 1, b: 2 })).structuredContent, { sum: 3 })
  await assert.rejects(
    connect(handler, { auth: 'wrong' }),
    (error) => /401/.test(String(error)) || (error as { code: number }).code !== 0,
  )
  await handler.close()
})

test('aborting a call reaches its handler', async () => {
  for (const revision of ['2026-07-28', '2025-11-25'] as const) {
    const server = new McpServer({ name: 's', version: '1' })
    let signal: AbortSignal | undefined
    server.registerTool('wait', {}, async (_, ctx) => {
      signal = ctx.signal
      await once(ctx.signal, 'abort')
      return 'late'
    })
    await using client = await connect(server, { revision })
    const abort = new AbortController()
    const call = client.callTool('wait', {}, { signal: abort.signal })
    while (signal === undefined) await new Promise((resolve) => setImmediate(resolve))
    const stopped = once(signal, 'abort')
    abort.abort()
    await assert.rejects(call, { code: 'ERR_REQUEST_ABORTED' })
    await within(stopped, () => 'the handler to be cancelled')
  }
})

test('connect({ fetch }) takes what other servers have', async () => {
  const seen: string[] = []
  const app = {
    async fetch(request: Request): Promise<Response> {
      const { id, method } = (await request.json()) as { id: number; method: string }
      seen.push(`${request.method} ${new URL(request.url).pathname} ${method}`)
      return Response.json({
        jsonrpc: '2.0',
        id,
        result: { supportedVersions: ['2026-07-28'], capabilities: {} },
      })
    },
  }
  await using client = await connect(app)
  assert.equal(client.era, 'stateless')
  assert.deepEqual(seen, ['POST /mcp server/discover'])
})
