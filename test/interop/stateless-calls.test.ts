/** The v2 client in the stateless era: what a connection is there, calls, errors, cancellation, headers, caching. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { within } from '../helpers/within.ts'
import { clientV2Auto, clientV2Pinned, REVISION } from './client-v2.ts'
import { gate, recordPosts, serveFixture, statelessKinds } from './setup.ts'

for (const kind of statelessKinds) {
  describe(kind.name, () => {
    test('discovers who the server is and what it can, and no session begins', async (t) => {
      const served = await serveFixture(t, {}, { instructions: 'Call test_simple_text first' })
      const posts = recordPosts()
      const client = await served.connect(kind, { fetch: posts.fetch })
      assert.equal(client.protocolVersion, REVISION)
      assert.equal(client.sdk.getProtocolEra(), 'modern')
      assert.deepEqual(client.sdk.getServerVersion(), {
        name: 'barewire-fixture',
        title: 'Conformance fixture',
        version: '1.0.0',
      })
      assert.equal(client.sdk.getInstructions(), 'Call test_simple_text first')
      assert.deepEqual(client.sdk.getServerCapabilities(), {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
        extensions: {
          'io.modelcontextprotocol/tasks': {},
          'io.modelcontextprotocol/skills': { directoryRead: true },
        },
      })
      const { supportedVersions } = await client.sdk.discover()
      assert.deepEqual(supportedVersions, [REVISION])
      assert.equal((await client.callTool('test_simple_text')).isError, undefined)
      assert.equal(client.sessionId, undefined)
      assert.equal(served.stats().sessions, 0)
      assert.equal(posts.of('initialize').length, 0)
      assert.deepEqual(client.errors, [])
    })

    test('is told which capability a call needs, and the next call is none the worse', async (t) => {
      const client = await (await serveFixture(t)).connect(kind, { capabilities: { elicitation: {} } })
      await assert.rejects(client.callTool('test_missing_capability'), {
        code: -32021,
        data: { requiredCapabilities: { sampling: {} } },
      })
      assert.equal((await client.callTool('test_simple_text')).isError, undefined)
    })

    test('gets log messages with the calls that ask for them', async (t) => {
      const client = await (await serveFixture(t)).connect(kind)
      await client.callTool('test_tool_with_logging')
      assert.deepEqual(client.inbox.all, [])
      const _meta = { 'io.modelcontextprotocol/logLevel': 'info' } as never
      await client.sdk.callTool({ name: 'test_tool_with_logging', _meta })
      const messages = await client.inbox.wait('notifications/message', 3)
      assert.deepEqual(
        messages.map(({ params }) => params['data']),
        ['Tool execution started', 'Tool processing data', 'Tool execution completed'],
      )
    })

    test('cancels a call by hanging up: its signal aborts, and nothing is left of it', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const started = gate()
      const aborted = gate()
      server.registerTool('endless', {}, async (_args, { signal }) => {
        started.open()
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        aborted.open()
        return 'too late'
      })
      const client = await served.connect(kind)
      const controller = new AbortController()
      const call = client.callTool('endless', {}, { signal: controller.signal })
      await within(started.opened, () => 'the call to begin')
      controller.abort('changed my mind')
      await assert.rejects(call)
      await within(aborted.opened, () => 'the signal to abort')
      assert.equal(served.stats().callsInProgress, 0)
      assert.equal((await client.callTool('test_simple_text')).isError, undefined)
      assert.equal(client.responses.length, 1, 'only the second call is answered')
    })

    test('cancels a call that streams, in the middle of its progress', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const aborted = gate()
      server.registerTool('endless', {}, async (_args, { progress, signal }) => {
        progress(1)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        progress(2)
        aborted.open()
        return 'too late'
      })
      const client = await served.connect(kind)
      const controller = new AbortController()
      const seen: number[] = []
      const onprogress = ({ progress }: { progress: number }) => {
        seen.push(progress)
        controller.abort()
      }
      await assert.rejects(client.callTool('endless', {}, { signal: controller.signal, onprogress }))
      await within(aborted.opened, () => 'the signal to abort')
      await client.callTool('test_simple_text')
      assert.deepEqual(seen, [1])
    })

    test('repeats annotated parameters in headers, encoded where a header could not carry them', async (t) => {
      const posts = recordPosts()
      const client = await (await serveFixture(t)).connect(kind, { fetch: posts.fetch })
      await client.listTools()
      for (const region of ['eu-west', ' Zürich ', '=?base64?x?=']) {
        const result = await client.callTool('test_x_mcp_header', { region })
        assert.equal(result.content[0]?.text, `Region: ${region}`)
      }
      const sent = posts.of('tools/call').map(({ headers }) => headers.get('mcp-param-region'))
      assert.equal(sent[0], 'eu-west')
      assert.match(sent[1] ?? '', /^=\?base64\?/)
    })

    test('learns by the refusal of a call that a parameter belongs in a header', async (t) => {
      const posts = recordPosts()
      const client = await (await serveFixture(t)).connect(kind, { fetch: posts.fetch })
      const result = await client.callTool('test_x_mcp_header', { region: 'eu-west' })
      assert.equal(result.content[0]?.text, 'Region: eu-west')
      const sent = posts.of('tools/call').map(({ headers }) => headers.get('mcp-param-region'))
      assert.deepEqual(sent, [null, 'eu-west'])
    })

    test('asks again for what it may not keep, and keeps what it may', async (t) => {
      const cache = { tools: { ttlMs: 60_000, scope: 'public' }, read: { ttlMs: 60_000 } } as const
      const { server, ...served } = await serveFixture(t, {}, { cache })
      server.registerResource('fresh', 'test://fresh', { cache: { ttlMs: 0 } }, () => 'fresh')
      const posts = recordPosts()
      const { sdk } = await served.connect(kind, { fetch: posts.fetch })
      const uris = ['test://static-text', 'test://fresh']
      for (let time = 0; time < 2; time++) {
        await sdk.listTools()
        await sdk.listPrompts()
        for (const uri of uris) await sdk.readResource({ uri })
      }
      assert.equal(posts.of('tools/list').length, 1)
      assert.equal(posts.of('prompts/list').length, 2)
      const read = posts.of('resources/read').map(({ body }) => body.params['uri'])
      assert.deepEqual(read, [...uris, 'test://fresh'])
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

describe('a server of one era', () => {
  test('of sessions: a client that asks falls back to them, one that insists says why it cannot', async (t) => {
    const served = await serveFixture(t, { eras: ['session'] })
    const client = await served.connect(clientV2Auto)
    assert.equal(client.protocolVersion, '2025-11-25')
    assert.equal(served.stats().sessions, 1)
    assert.equal((await client.callTool('test_simple_text')).isError, undefined)
    await assert.rejects(served.connect(clientV2Pinned), { code: 'ERA_NEGOTIATION_FAILED' })
  })
})
