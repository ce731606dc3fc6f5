/** Real clients and a server that restarts: a process of its own, on the same port, with the same key or without one. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Started, start } from '../../scripts/lib/child.ts'
import { typescript } from '../helpers/typescript.ts'
import { openSse, post } from '../helpers/wire.ts'
import { fetchWithoutListening, kinds } from './setup.ts'

const program = fileURLToPath(new URL('../fixture/server.ts', import.meta.url))
const QUESTION = 'elicitation/create'

async function startServer(
  t: TestContext,
  port: string,
  key: string | undefined,
): Promise<Started & { url: string; port: string }> {
  const env = { ...process.env, BAREWIRE_SESSION_KEY: key }
  const args = [...typescript, program, '--port', port]
  const started = await start(process.execPath, args, /http:\/\/127\.0\.0\.1:(\d+)\/mcp/, { env })
  t.after(() => started.stop())
  return { ...started, url: started.match[0], port: started.match[1] as string }
}

for (const kind of kinds) {
  test(`${kind.name} goes on with its session after a restart with the same key, and is asked as before`, async (t) => {
    const key = randomBytes(32).toString('hex')
    const first = await startServer(t, '0', key)
    const asked: unknown[] = []
    const client = await kind.connect({
      url: first.url,
      capabilities: { elicitation: {} },
      answers: {
        [QUESTION]: (params) => {
          asked.push(params['message'])
          return { action: 'accept', content: { username: 'u', email: 'e@x.org' } }
        },
      },
      fetch: fetchWithoutListening,
    })
    t.after(() => client.close())
    const { sessionId = '' } = client
    await client.callTool('test_elicitation', { message: 'before' })
    await first.stop()

    const second = await startServer(t, first.port, key)
    await client.callTool('test_elicitation', { message: 'after' })
    assert.equal(asked.length, 2)
    assert.equal(client.sessionId, sessionId)
    const headers = { 'mcp-session-id': sessionId, 'mcp-protocol-version': '2025-11-25' }
    const stream = await openSse(second.url, { headers })
    assert.equal(stream.status, 200)
    await stream.close()

    await client.terminate()
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    assert.equal((await post(second.url, ping, headers)).status, 404)
  })
}

test('without a key the same client is told by 404 that its session is gone', async (t) => {
  const [kind] = kinds
  if (kind === undefined) return assert.fail('no client')
  const first = await startServer(t, '0', undefined)
  const client = await kind.connect({ url: first.url, fetch: fetchWithoutListening })
  t.after(() => client.close())
  assert.match(client.sessionId ?? '', /^[\w-]{32}$/)
  await first.stop()
  await startServer(t, first.port, undefined)
  await assert.rejects(client.callTool('test_simple_text'), (error: { code?: unknown }) => error.code === 404)
})
