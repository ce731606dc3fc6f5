/** Real clients use what a server offers: tools, prompts, completion, logging, lists that change. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { everyKind, kinds, serveFixture } from './setup.ts'

for (const kind of everyKind) {
  describe(kind.name, () => {
    test('lists and calls tools with each kind of content', async (t) => {
      const client = await (await serveFixture(t)).connect(kind)
      const names = (await client.listTools()).map(({ name }) => name)
      assert.equal(names[0], 'test_simple_text')
      assert.ok(names.includes('json_schema_2020_12_tool'))

      const text = await client.callTool('test_simple_text')
      assert.deepEqual(text.content, [{ type: 'text', text: 'This is a simple text response for testing.' }])
      const mixed = await client.callTool('test_multiple_content_types')
      assert.deepEqual(
        mixed.content.map(({ type }) => type),
        ['text', 'image', 'resource'],
      )
      const audio = await client.callTool('test_audio_content')
      assert.deepEqual(
        audio.content.map(({ type }) => type),
        ['audio'],
      )
      assert.deepEqual(client.errors, [])
    })

    test('gets structured content that fits the output schema', async (t) => {
      const served = await serveFixture(t)
      served.server.registerTool(
        'area',
        {
          inputSchema: {
            type: 'object',
            properties: { a: { type: 'number' }, b: { type: 'number' } },
            required: ['a', 'b'],
          },
          outputSchema: { type: 'object', properties: { area: { type: 'number' } }, required: ['area'] },
        },
        ({ a, b }) => ({ structuredContent: { area: a * b } }),
      )
      const client = await served.connect(kind)
      // The client checks results against the schemas that it has listed.
      await client.listTools()
      const result = await client.callTool('area', { a: 6, b: 7 })
      assert.deepEqual(result.structuredContent, { area: 42 })
      assert.deepEqual(result.content, [{ type: 'text', text: '{"area":42}' }])
    })

    test('sees the failure of a tool as a result and an unknown tool as an error', async (t) => {
      const client = await (await serveFixture(t)).connect(kind)
      const failed = await client.callTool('test_error_handling')
      assert.equal(failed.isError, true)
      assert.equal(failed.content[0]?.text, 'This tool intentionally returns an error for testing')
      const invalid = await client.callTool('test_sampling', { prompt: 1 })
      assert.equal(invalid.isError, true)
      assert.match(invalid.content[0]?.text ?? '', /prompt/)
      await assert.rejects(client.callTool('no_such_tool'), { code: -32602, message: /no_such_tool/ })
    })

    test('gets progress while the call runs', async (t) => {
      const client = await (await serveFixture(t)).connect(kind)
      const seen: number[] = []
      const result = await client.callTool(
        'test_tool_with_progress',
        {},
        {
          onprogress: ({ progress, total, message }) => {
            assert.equal(total, 100)
            assert.match(message ?? '', /^Completed step/)
            seen.push(progress)
          },
        },
      )
      assert.deepEqual(seen, [0, 50, 100])
      assert.equal(result.content[0]?.text, 'Tool with progress executed successfully')
    })

    test('lists and gets prompts', async (t) => {
      const { api } = await (await serveFixture(t)).connect(kind)
      const { prompts } = await api.listPrompts()
      assert.equal(prompts.length, 6)
      const prompt = await api.getPrompt({
        name: 'test_prompt_with_arguments',
        arguments: { arg1: 'hello', arg2: 'world' },
      })
      assert.deepEqual(prompt.messages, [
        {
          role: 'user',
          content: { type: 'text', text: "Prompt with arguments: arg1='hello', arg2='world'" },
        },
      ])
      await assert.rejects(api.getPrompt({ name: 'test_prompt_with_arguments', arguments: {} }), {
        code: -32602,
      })
    })

    test('completes arguments of prompts and variables of templates', async (t) => {
      const { api } = await (await serveFixture(t)).connect(kind)
      const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' } as const
      const first = await api.complete({ ref, argument: { name: 'arg1', value: 'test' } })
      assert.deepEqual(first.completion.values, ['testValue1', 'testing'])
      const second = await api.complete({
        ref,
        argument: { name: 'arg2', value: '' },
        context: { arguments: { arg1: 'x' } },
      })
      assert.deepEqual(second.completion.values, ['after-x'])
      const variable = await api.complete({
        ref: { type: 'ref/resource', uri: 'test://template/{id}/data' },
        argument: { name: 'id', value: '12' },
      })
      assert.deepEqual(variable.completion.values, ['123', '124'])
    })

    test('collects the pages of a list', async (t) => {
      const paged = await (await serveFixture(t, {}, { pageSize: 3 })).connect(kind)
      const whole = await (await serveFixture(t)).connect(kind)
      const tools = await paged.listTools()
      assert.ok(tools.length > 9)
      assert.deepEqual(tools, await whole.listTools())
    })
  })
}

for (const kind of kinds) {
  describe(kind.name, () => {
    test('learns who the server is and what it can [lifecycle.initialize-answer]', async (t) => {
      const served = await serveFixture(t, {}, { instructions: 'Call test_simple_text first' })
      const { api, ...client } = await served.connect(kind)
      assert.deepEqual(api.getServerVersion(), {
        name: 'barewire-fixture',
        title: 'Conformance fixture',
        version: '1.0.0',
      })
      assert.equal(api.getInstructions(), 'Call test_simple_text first')
      assert.deepEqual(api.getServerCapabilities(), {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
        tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
      })
      assert.equal(client.protocolVersion, '2025-11-25')
      assert.match(client.sessionId ?? '', /^[\x21-\x7e]{20,}$/)
      assert.deepEqual(await api.ping(), {})
      assert.equal(served.stats().sessions, 1)
    })

    test('gets log messages from the level that it asked for', async (t) => {
      const client = await (await serveFixture(t)).connect(kind)
      await client.api.setLoggingLevel('warning')
      await client.callTool('test_tool_with_logging')
      assert.deepEqual(client.inbox.of('notifications/message'), [])
      await client.api.setLoggingLevel('debug')
      await client.callTool('test_tool_with_logging')
      const messages = await client.inbox.wait('notifications/message', 3)
      assert.deepEqual(
        messages.map(({ params }) => params),
        ['Tool execution started', 'Tool processing data', 'Tool execution completed'].map((data) => ({
          level: 'info',
          data,
        })),
      )
    })

    test('hears of changes of the lists, once for changes made together [prompts.list-changed] [tools.list-changed] [resources.list-changed]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const client = await served.connect(kind)
      const added = server.registerTool('added', {}, () => 'new')
      server.registerTool('added_too', {}, () => 'new as well')
      await client.inbox.wait('notifications/tools/list_changed')
      assert.ok((await client.listTools()).some(({ name }) => name === 'added'))
      assert.equal((await client.callTool('added')).content[0]?.text, 'new')

      added.remove()
      await client.inbox.wait('notifications/tools/list_changed', 2)
      assert.ok(!(await client.listTools()).some(({ name }) => name === 'added'))

      server.registerPrompt('added', {}, () => 'a prompt')
      await client.inbox.wait('notifications/prompts/list_changed')
      server.registerResource('added', 'test://added', {}, () => 'a resource')
      await client.inbox.wait('notifications/resources/list_changed')
      assert.equal(client.inbox.all.length, 4)
    })
  })
}
