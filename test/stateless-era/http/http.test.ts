/** The HTTP level where this era is served alone: one path, one method, and what earlier clients are told. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createMcpHandler } from '../../../src/index.ts'
import { StatelessClient } from '../../helpers/stateless-client.ts'
import { del, get, options, post } from '../../helpers/wire.ts'
import { serving } from '../serving.ts'

const eras = ['stateless'] as const

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
}

test('the endpoint takes POST, and nothing else has a meaning: GET and DELETE get 405 [stateless.endpoint] [stateless.get-delete-405] [stateless.no-http-sse]', async (t) => {
  const { url, client } = await serving(t, { handler: { eras } })
  assert.equal((await client().request('server/discover')).status, 200)
  assert.equal((await client({ headers: { host: '127.0.0.1' } }).request('tools/list')).status, 200)
  for (const headers of [{}, { 'mcp-session-id': 'x' }, { 'last-event-id': 'a_1' }]) {
    for (const method of [get, del]) {
      const reply = await method(url, headers)
      assert.deepEqual([reply.status, reply.headers['allow']], [405, 'POST'])
      assert.match(reply.json.error.message, /use POST/)
    }
  }
  assert.equal((await options(url)).status, 204)
  const { origin } = new URL(url)
  assert.equal((await post(`${origin}/sse`, initialize)).status, 404)
})

for (const [what, protocolVersion, requested] of [
  ['of the session era', '2025-11-25', '2025-11-25'],
  ['without a version header', undefined, '2025-11-25'],
  ['of the future', '2099-01-01', '2025-11-25'],
] as const) {
  test(`initialize ${what} is refused with the versions that are served [stateless.initialize-names-versions] [stateless.version-unsupported]`, async (t) => {
    const { url, stats } = await serving(t, { handler: { eras } })
    const reply = await post(url, initialize, { 'mcp-protocol-version': protocolVersion })
    assert.deepEqual([reply.status, reply.json.error.code, reply.json.id], [400, -32022, 0])
    assert.deepEqual(reply.json.error.data, { supported: ['2026-07-28'], requested })
    assert.match(reply.json.error.message, /2026-07-28/)
    assert.equal(reply.headers['mcp-session-id'], undefined)
    assert.equal(stats().sessions, 0)
  })
}

test('requests of session-era clients are refused for want of envelope and header, and open nothing [stateless.version-header-missing] [stateless.session-id-ignored]', async (t) => {
  const { url, client } = await serving(t, { handler: { eras } })
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const bare = await post(url, ping, { 'mcp-session-id': 'x' })
  assert.deepEqual([bare.status, bare.json.error.code], [400, -32602])
  const headerless = await client().request(
    'tools/list',
    {},
    { headers: { 'mcp-protocol-version': undefined } },
  )
  assert.deepEqual([headerless.status, headerless.error.code], [400, -32020])
  const initialized = await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' })
  assert.equal(initialized.status, 202)
})

test('Host and Origin are checked before anything is read [stateless.origin-validated] [stateless.origin-403] [stateless.localhost]', async (t) => {
  const { url, client, held } = await serving(t, { handler: { eras } })
  assert.equal(new URL(url).hostname, '127.0.0.1')
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example']) {
    const { status, error, id } = await client({ headers: { origin } }).call('hold')
    assert.deepEqual([status, error.code, id], [403, -32000, undefined])
  }
  assert.equal((await client({ headers: { host: 'evil.example' } }).call('hold')).status, 403)
  const own = client({ headers: { origin: 'http://localhost:5173' } })
  const reply = await own.call('echo', { text: 'x' })
  assert.equal(reply.headers['access-control-allow-origin'], 'http://localhost:5173')
  const call = own.call('hold')
  ;(await held.next()).finish('')
  assert.equal((await call).status, 200)
})

test('a closing handler refuses what is new with 503 and Retry-After', async (t) => {
  const { client, held, server } = await serving(t)
  const handler = createMcpHandler(server, { eras })
  const front = createServer(handler).listen(0, '127.0.0.1')
  await once(front, 'listening')
  t.after(() => front.close())
  const { port } = front.address() as AddressInfo
  const own = new StatelessClient(`http://127.0.0.1:${port}/mcp`)
  const running = own.call('hold')
  const call = await held.next()
  const closing = handler.close({ drainMs: 5000 })
  const refused = await own.request('tools/list', {}, { id: 'late' })
  assert.deepEqual([refused.status, refused.error.code, refused.id], [503, -32000, 'late'])
  assert.equal(refused.headers['retry-after'], '1')
  call.finish('done')
  assert.equal((await running).status, 200)
  await closing
  assert.equal((await client().request('tools/list')).status, 200)
})
