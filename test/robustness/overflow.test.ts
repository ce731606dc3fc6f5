/** A handler that sends more before its first `await` than a stream may buffer loses the connection, and nothing remains. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer, serve } from '../../src/index.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { TestSession } from '../helpers/wire.ts'
import { textOf } from '../session-era/serving.ts'

for (const era of ['session', 'stateless'] as const) {
  // More than the buffers of the operating system take.
  test(`a call whose stream overflows in its first turn counts no longer (${era} era)`, async (t) => {
    const server = new McpServer({ name: 'overflow', version: '1' })
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    server.registerTool('flood', { inputSchema: { type: 'object' } }, async (_args, ctx) => {
      for (let index = 0; index < 200; index++) ctx.progress(index, 200, 'x'.repeat(50_000))
      await released
      return 'done'
    })
    server.registerTool('echo', {}, () => 'served')
    const options = { maxStreamBufferBytes: 50_000, disconnectGraceMs: 1000, maxInFlightPerPrincipal: 3 }
    const serving = await serve(server, { port: 0, ...options })
    t.after(() => serving.close({ drainMs: 0 }))
    const client = era === 'session' ? await TestSession.open(serving.url) : new StatelessClient(serving.url)
    const body = 'y'.repeat(50_000)
    const calls = Array.from({ length: 5 }, async (_, index) => {
      const _meta = { progressToken: index }
      const message = { jsonrpc: '2.0', id: index, method: 'tools/call' }
      const params = { name: 'flood', arguments: { body }, _meta }
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      }
      if (client instanceof TestSession) headers['mcp-session-id'] = client.sessionId ?? ''
      else {
        headers['mcp-protocol-version'] = '2026-07-28'
        headers['mcp-method'] = 'tools/call'
        headers['mcp-name'] = 'flood'
        Object.assign(_meta, {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        })
      }
      await fetch(serving.url, { method: 'POST', headers, body: JSON.stringify({ ...message, params }) })
        .then((response) => response.text())
        .catch(() => {})
    })
    await Promise.all(calls)
    release()
    const until = Date.now() + 10_000
    const isOver = () => serving.stats().callsInProgress === 0 && serving.stats().bodyBytes === 0
    while (!isOver() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10))
    const { callsInProgress, bodyBytes } = serving.stats()
    assert.deepEqual({ callsInProgress, bodyBytes }, { callsInProgress: 0, bodyBytes: 0 })
    assert.equal(textOf(await client.call('echo')), 'served')
  })
}
