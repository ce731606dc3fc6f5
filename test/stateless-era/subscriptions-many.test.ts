/** Very many `subscriptions/listen` streams at once. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serving } from './serving.ts'

test('a thousand streams hear of a change, and all of them are ended by shutdown', async (t) => {
  const count = 1000
  const { client, opened, server, stats, close } = await serving(t, { handler: { sseAfterMs: 0 } })
  const streams = await Promise.all(
    Array.from({ length: count }, (_, id) =>
      opened(client().listen({ toolsListChanged: true }, { id, check: 'none' })),
    ),
  )
  assert.equal(stats().subscriptions, count)
  for (const stream of streams) await stream.nextMessage()
  server.changes.listChanged('tools')
  for (const stream of streams) await stream.nextMessage()
  await close({ drainMs: 1000 })
  for (const [id, stream] of streams.entries()) {
    await stream.end()
    assert.equal(stream.messages.at(-1).id, id)
  }
})
