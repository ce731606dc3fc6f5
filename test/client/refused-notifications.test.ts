/** A notification that the server refuses: the error has the status, and what the server said of it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusOf } from '../../src/client/index.ts'
import { connected, scripted, session } from './scripted-server.ts'

for (const [what, body, said] of [
  [
    'an error of JSON-RPC',
    JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }),
    /HTTP 404 to a notification or response; it said "Session not found"/,
  ],
  ['a text', 'No such session', /it said "No such session"/],
  [
    'more than is read',
    'x'.repeat(100_000),
    /HTTP 404 to a notification or response; it said "nothing that can be read/,
  ],
  ['nothing', '', /HTTP 404 to a notification or response$/],
] as const) {
  test(`a notification that is refused rejects with what the server said: ${what}`, async (t) => {
    const server = await scripted(
      t,
      session((exchange) => exchange.response.writeHead(404).end(body)),
    )
    const client = await connected(t, server.url)
    await assert.rejects(client.notify('notifications/roots/list_changed'), (error: Error) => {
      assert.match(error.message, said)
      assert.equal(statusOf(error), 404)
      assert.ok(error.message.length < 500)
      return true
    })
  })
}

test('a notification that is refused with a body that never ends rejects with its status', async (t) => {
  const server = await scripted(
    t,
    session((exchange) => {
      exchange.response.writeHead(404)
      exchange.response.write('No')
    }),
  )
  const client = await connected(t, server.url)
  // Real timers: node's own fetch fails when they are mocked.
  await assert.rejects(client.notify('notifications/x'), { code: 'ERR_HTTP_STATUS', message: /HTTP 404/ })
})
