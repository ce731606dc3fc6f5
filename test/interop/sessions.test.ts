/** Real clients and their sessions: end, loss, many at once, cancellation. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SessionEnd } from '../../src/index.ts'
import { within } from '../helpers/within.ts'
import { fetchWithoutListening, gate, kinds, serveFixture } from './setup.ts'

const HALF_AN_HOUR_MS = 30 * 60_000

for (const kind of kinds) {
  describe(kind.name, () => {
    test('ends its session, and nothing of it is left', async (t) => {
      const ends: [string, SessionEnd][] = []
      const served = await serveFixture(t, { onSessionClosed: ({ id }, reason) => ends.push([id, reason]) })
      const client = await served.connect(kind)
      const { sessionId = '' } = client
      await client.terminate()
      assert.deepEqual(ends, [[sessionId, 'deleted']])
      assert.equal(served.stats().sessions, 0)
      const late = await fetch(served.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'mcp-session-id': sessionId },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      })
      assert.equal(late.status, 404)
    })

    test('is told by 404 that its session expired, and begins a new one', async (t) => {
      t.mock.timers.enable({ apis: ['setInterval'] })
      const ends: SessionEnd[] = []
      const served = await serveFixture(t, { onSessionClosed: (_session, reason) => ends.push(reason) })
      const client = await served.connect(kind, { fetch: fetchWithoutListening })
      await client.callTool('test_simple_text')
      t.mock.timers.tick(HALF_AN_HOUR_MS + 10_000)
      assert.deepEqual(ends, ['expired'])

      await assert.rejects(
        client.callTool('test_simple_text'),
        (error: { code?: unknown; status?: unknown }) => {
          assert.ok(error.code === 404 || error.status === 404, String(error.code))
          return true
        },
      )
      const again = await served.connect(kind)
      assert.notEqual(again.sessionId, client.sessionId)
      assert.equal((await again.callTool('test_simple_text')).isError, undefined)
    })

    test('keeps its session for as long as it listens, however long it says nothing', async (t) => {
      t.mock.timers.enable({ apis: ['setInterval'] })
      const { server, ...served } = await serveFixture(t)
      const client = await served.connect(kind)
      server.registerTool('added', {}, () => '')
      await client.inbox.wait('notifications/tools/list_changed')
      t.mock.timers.tick(HALF_AN_HOUR_MS * 3)
      assert.equal(served.stats().sessions, 1)
      assert.equal((await client.callTool('added')).isError, undefined)
    })

    test('cancels a call, whose signal aborts, and goes on [cancellation.stops-processing] [cancellation.no-response]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const started = gate()
      const aborted = gate<unknown>()
      const ended = gate()
      server.registerTool('endless', {}, async (_args, { signal, progress }) => {
        progress(1)
        started.open()
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            aborted.open(signal.reason)
            resolve()
          })
        })
        progress(2)
        setImmediate(ended.open)
        return 'too late'
      })
      const client = await served.connect(kind)
      const seen: number[] = []
      const controller = new AbortController()
      const call = client.callTool(
        'endless',
        {},
        { signal: controller.signal, onprogress: ({ progress }) => seen.push(progress) },
      )
      await within(started.opened, () => 'the call to begin')
      controller.abort('changed my mind')
      await assert.rejects(call)
      const reason = await within(aborted.opened, () => 'the signal to abort')
      assert.match(String((reason as Error).message), /changed my mind/)
      await ended.opened
      assert.equal((await client.callTool('test_simple_text')).isError, undefined)
      assert.equal(client.responses.length, 1, 'only the second call is answered')
      assert.ok(!seen.includes(2))
      assert.equal(served.stats().callsInProgress, 0)
    })

    test('many clients at once, with equal ids and progress tokens: each gets its own', async (t) => {
      const { server, ...served } = await serveFixture(t)
      server.registerTool(
        'echo',
        {
          inputSchema: { type: 'object', properties: { payload: { type: 'string' } }, required: ['payload'] },
        },
        async ({ payload }, { progress, session }) => {
          progress(1, undefined, payload)
          await new Promise<void>((resolve) => setImmediate(resolve))
          progress(2, undefined, payload)
          return `${session?.id} ${payload}`
        },
      )
      const clients = await Promise.all(Array.from({ length: 20 }, () => served.connect(kind)))
      assert.equal(new Set(clients.map(({ sessionId }) => sessionId)).size, 20)
      await Promise.all(
        clients.flatMap((client, index) =>
          Array.from({ length: 10 }, async (_, call) => {
            const payload = `client ${index} call ${call}`
            const seen: unknown[] = []
            const result = await client.callTool(
              'echo',
              { payload },
              { onprogress: ({ message }) => seen.push(message) },
            )
            assert.equal(result.content[0]?.text, `${client.sessionId} ${payload}`)
            assert.deepEqual(seen, [payload, payload])
          }),
        ),
      )
      const ids = clients.map(({ responses }) => [...responses].sort())
      for (const each of ids) assert.deepEqual(each, ids[0])
    })

    test('is told of a shutdown: calls finish, and what comes after is refused', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const started = gate()
      const release = gate()
      server.registerTool('slow', {}, async () => {
        started.open()
        await release.opened
        return 'finished'
      })
      const client = await served.connect(kind)
      const call = client.callTool('slow')
      await within(started.opened, () => 'the call to begin')
      const closed = served.close()
      release.open()
      assert.equal((await within(call, () => 'the result')).content[0]?.text, 'finished')
      await within(closed, () => 'the server to close')
      await assert.rejects(client.callTool('test_simple_text'))
    })
  })
}
