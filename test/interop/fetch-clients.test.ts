/** The official clients on a fetch handler in Hono, in each way to choose an era. On node:http: the other files here. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createFetchHandler, type FetchHandlerOptions } from '../../src/fetch.ts'
import { createFixture } from '../fixture/definition.ts'
import { WATCHED_URI } from '../fixture/resources.ts'
import { listenHono } from '../web-http/carriers.ts'
import type { ClientKind, ConnectOptions, RealClient } from './real-client.ts'
import { gate, kinds, statelessKinds } from './setup.ts'

const capabilities = { elicitation: {} }
const answers = {
  'elicitation/create': () => ({
    action: 'accept',
    content: { username: 'ann', email: 'ann@example.com' },
  }),
}

async function serve(t: TestContext, options: FetchHandlerOptions = {}) {
  const server = createFixture()
  const handler = createFetchHandler(server, { replay: { retryMs: 10 }, ...options })
  const { url, close } = await listenHono(handler)
  t.after(() => close())
  const connect = async <Connected extends RealClient>(
    kind: ClientKind<Connected>,
    more: Omit<ConnectOptions, 'url'> = {},
  ) => {
    const client = await kind.connect({ url, ...more })
    t.after(() => client.close())
    return client
  }
  return { server, handler, connect }
}

// HTTP+SSE is tested in http-sse.test.ts: it has two more paths.
for (const kind of [...kinds, ...statelessKinds]) {
  describe(`a fetch handler, and the ${kind.name}`, () => {
    test('lists, calls with progress, reads, gets prompts', async (t) => {
      const { connect } = await serve(t)
      const client = await connect(kind)
      assert.ok((await client.listTools()).some(({ name }) => name === 'test_simple_text'))
      const values: number[] = []
      const result = await client.callTool(
        'test_tool_with_progress',
        {},
        { onprogress: ({ progress }) => values.push(progress) },
      )
      assert.equal(result.content[0]?.text, 'Tool with progress executed successfully')
      assert.deepEqual(values, [0, 50, 100])
      const { contents } = await client.api.readResource({ uri: 'test://static-text' })
      assert.match(contents[0]?.text ?? '', /static text resource/)
      const { messages } = await client.api.getPrompt({ name: 'test_simple_prompt' })
      assert.equal(messages[0]?.role, 'user')
      const failed = await client.callTool('test_error_handling')
      assert.equal(failed.isError, true)
      await assert.rejects(client.callTool('nothing'), /nothing/)
      assert.deepEqual(client.errors, [])
    })

    test('is asked for input, and answers', async (t) => {
      const { connect } = await serve(t)
      const client = await connect(kind, { capabilities, answers })
      const result = await client.callTool('test_elicitation', { message: 'Who are you?' })
      assert.match(JSON.stringify(result.content), /ann@example\.com/)
    })

    test('a call that its client gives up is cancelled', async (t) => {
      const { server, handler, connect } = await serve(t)
      const started = gate()
      const cancelled = gate()
      server.registerTool('wait', {}, async (_args, { signal }) => {
        signal.addEventListener('abort', () => cancelled.open())
        started.open()
        await cancelled.opened
      })
      const client = await connect(kind)
      const stop = new AbortController()
      const call = client.callTool('wait', {}, { signal: stop.signal })
      await started.opened
      stop.abort()
      await assert.rejects(call)
      await cancelled.opened
      assert.equal((await client.callTool('test_simple_text')).isError, undefined)
      assert.equal(handler.stats().callsInProgress, 0)
    })
  })
}

for (const kind of kinds) {
  describe(`a fetch handler with sessions, and the ${kind.name}`, () => {
    test('a call whose connection the server ends is resumed', async (t) => {
      const { connect } = await serve(t)
      const client = await connect(kind)
      const result = await client.callTool('test_reconnection')
      assert.match(result.content[0]?.text ?? '', /Reconnection test completed successfully/)
    })

    test('hears of changes and of log messages, subscribes, and ends its session', async (t) => {
      const { server, handler, connect } = await serve(t)
      const client = await connect(kind)
      await client.api.setLoggingLevel('debug')
      await client.api.subscribeResource({ uri: WATCHED_URI })
      server.registerTool('added', {}, () => 'new')
      await client.inbox.wait('notifications/tools/list_changed')
      server.notifyResourceUpdated(WATCHED_URI)
      const [updated] = await client.inbox.wait('notifications/resources/updated')
      assert.equal(updated?.params['uri'], WATCHED_URI)
      await client.callTool('test_tool_with_logging')
      await client.inbox.wait('notifications/message', 3)
      assert.equal(handler.stats().sessions, 1)
      await client.terminate()
      assert.equal(handler.stats().sessions, 0)
    })
  })
}

for (const kind of statelessKinds) {
  test(`a fetch handler, and the ${kind.name}: listens to changes`, async (t) => {
    const { server, handler, connect } = await serve(t)
    const client = await connect(kind)
    await client.sdk.listen({ toolsListChanged: true })
    assert.deepEqual([handler.stats().subscriptions, handler.stats().sessions], [1, 0])
    server.registerTool('added', {}, () => 'new')
    await client.inbox.wait('notifications/tools/list_changed')
    assert.equal((await client.callTool('added')).content[0]?.text, 'new')
  })
}
