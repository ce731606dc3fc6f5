/** The client against barewire's own server over real sockets: the same calls have the same outcome in every revision. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type LogMessage, McpError, type Progress, RpcError } from '../../src/client/index.ts'
import { within } from '../helpers/within.ts'
import { offering, REVISIONS, served } from './offering.ts'

const text = (value: string) => [{ type: 'text', text: value }]

for (const revision of REVISIONS) {
  test(`${revision}: connect says who the server is and what it offers`, async (t) => {
    const { client } = await served(t, { revision })
    assert.equal(client.revision, revision)
    assert.equal(client.era, revision === '2026-07-28' ? 'stateless' : 'session')
    assert.equal(client.serverInfo?.name, 'offers')
    assert.equal(client.instructions, 'be kind')
    assert.deepEqual(Object.keys(client.serverCapabilities).sort(), [
      'completions',
      'logging',
      'prompts',
      'resources',
      'tools',
    ])
    await client.ping()
  })

  test(`${revision}: lists, reads, prompts and completions`, async (t) => {
    const { client } = await served(t, { revision })
    const names: string[] = []
    for await (const { name } of client.tools()) names.push(name)
    assert.deepEqual(names, ['add', 'fail', 'count', 'ask', 'region'])
    assert.deepEqual(
      (await client.resources().toArray()).map(({ uri }) => uri),
      ['note://1'],
    )
    assert.deepEqual(
      (await client.resourceTemplates().toArray()).map(({ uriTemplate }) => uriTemplate),
      ['day://{day}'],
    )
    assert.deepEqual(
      (await client.prompts().toArray()).map(({ name }) => name),
      ['greet'],
    )
    const { contents } = await client.readResource('note://1')
    assert.deepEqual(contents, [{ uri: 'note://1', mimeType: 'text/plain', text: 'a note' }])
    const { messages } = await client.getPrompt('greet', { name: 'Ann' })
    assert.deepEqual(messages, [{ role: 'user', content: { type: 'text', text: 'Hello Ann' } }])
    const { values } = await client.complete(
      { type: 'ref/prompt', name: 'greet' },
      { name: 'name', value: 'B' },
    )
    assert.deepEqual(values, ['Bob'])
  })

  test(`${revision}: calls, many at the same time, each with its own result`, async (t) => {
    const { client } = await served(t, { revision })
    const sums = await Promise.all(Array.from({ length: 30 }, (_, a) => client.callTool('add', { a, b: 1 })))
    assert.deepEqual(
      sums.map(({ structuredContent }) => structuredContent),
      Array.from({ length: 30 }, (_, a) => ({ sum: a + 1 })),
    )
  })

  test(`${revision}: a tool that fails is a result, what the server refuses is an RpcError`, async (t) => {
    const { client } = await served(t, { revision })
    const failed = await client.callTool('fail')
    assert.deepEqual([failed.isError, failed.content], [true, text('out of paper')])
    await assert.rejects(client.callTool('unknown'), (error) => {
      assert.ok(error instanceof RpcError)
      assert.equal(error.code, -32602)
      assert.match(error.message, /unknown/)
      return true
    })
    await assert.rejects(client.request('no/such/method'), { name: 'RpcError', code: -32601 })
  })

  test(`${revision}: progress and log messages come to the call and to onLog`, async (t) => {
    const logs: LogMessage[] = []
    const { client } = await served(t, { revision, onLog: (message) => logs.push(message), logLevel: 'info' })
    const reports: Progress[] = []
    const [{ content }, other] = await Promise.all([
      client.callTool('count', {}, { onProgress: (report) => reports.push(report) }),
      client.callTool('count'),
    ])
    assert.deepEqual([content, other.content], [text('counted'), text('counted')])
    assert.deepEqual(
      reports,
      [1, 2, 3].map((progress) => ({ progress, total: 3, message: `step ${progress}` })),
    )
    assert.deepEqual(
      logs,
      [1, 2].map(() => ({ level: 'warning', data: { n: 1 } })),
    )
  })

  test(`${revision}: questions go to the handlers, defaults are filled in`, async (t) => {
    const asked: unknown[] = []
    const { client } = await served(t, {
      revision,
      onElicit: ({ message, requestedSchema }, { signal }) => {
        asked.push(message, Object.keys(requestedSchema), signal.aborted)
        return { action: 'accept', content: { name: 'Ann' } }
      },
      onRoots: () => [{ uri: 'file:///a' }],
      onSample: async ({ maxTokens }) => ({
        role: 'assistant',
        content: { type: 'text', text: `${maxTokens} tokens` },
        model: 'm',
      }),
    })
    const { content } = await client.callTool('ask')
    const [{ text: answer }] = content as unknown as [{ text: string }]
    assert.deepEqual(JSON.parse(answer), [
      { action: 'accept', content: { name: 'Ann', age: 7 } },
      [{ uri: 'file:///a' }],
      { type: 'text', text: '5 tokens' },
    ])
    assert.deepEqual(asked, ['who?', ['type', 'properties', 'required'], false])
  })

  test(`${revision}: an answer that breaks its schema is not sent, and onError hears of it`, async (t) => {
    const errors: unknown[] = []
    const { client } = await served(t, {
      revision,
      onElicit: () => ({ action: 'accept', content: { name: 5 } }),
      onRoots: () => [],
      onSample: () => ({ role: 'assistant', content: { type: 'text', text: '' }, model: 'm' }),
      onError: (error) => errors.push(error),
    })
    const call = client.callTool('ask')
    if (revision === '2026-07-28') {
      await assert.rejects(call, { code: 'ERR_INVALID_ANSWER', message: /\/name.*string/s })
      return
    }
    const { isError } = await call
    assert.equal(isError, true)
    const [error] = errors
    assert.ok(error instanceof McpError)
    assert.equal(error.code, 'ERR_INVALID_ANSWER')
    assert.match(error.message, /\/name.*string/s)
  })

  test(`${revision}: a handler that throws fails the call, and its message stays here`, async (t) => {
    const errors: unknown[] = []
    const { client } = await served(t, {
      revision,
      onElicit: () => {
        throw new Error('secret')
      },
      onRoots: () => [],
      onSample: () => ({ role: 'assistant', content: { type: 'text', text: '' }, model: 'm' }),
      onError: (error) => errors.push(error),
    })
    const call = client.callTool('ask')
    if (revision === '2026-07-28') return await assert.rejects(call, /secret/)
    const { isError, content } = await call
    assert.equal(isError, true)
    assert.ok(!JSON.stringify(content).includes('secret'))
    assert.match(String(errors[0]), /secret/)
  })

  test(`${revision}: aborting a call rejects at once, and reaches its handler`, async (t) => {
    const server = offering()
    let started = () => {}
    const running = new Promise<void>((resolve) => {
      started = resolve
    })
    const stopped = new Promise<unknown>((resolve) => {
      server.registerTool('wait', {}, async (_, ctx) => {
        started()
        await once(ctx.signal, 'abort')
        resolve(ctx.signal.reason)
        return 'late'
      })
    })
    const { client } = await served(t, { revision }, server)
    const abort = new AbortController()
    const call = client.callTool('wait', {}, { signal: abort.signal })
    await running
    const reason = new Error('enough')
    abort.abort(reason)
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof McpError)
      assert.deepEqual([error.code, error.cause], ['ERR_REQUEST_ABORTED', reason])
      return true
    })
    await within(stopped, () => 'the handler to be cancelled')
    await client.ping()
  })

  test(`${revision}: a result that does not fit the outputSchema rejects`, async (t) => {
    const number = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const
    const string = { type: 'object', properties: { n: { type: 'string' } }, required: ['n'] } as const
    const server = offering()
    const tool = server.registerTool('n', { outputSchema: number }, () => ({ structuredContent: { n: 1 } }))
    // What it announces and what it gives are changed apart from each other by a server between the two.
    let lies = false
    server.use(async (ctx, next) => {
      const given = await next()
      return lies && ctx.method === 'tools/call' ? { content: [], structuredContent: { n: 'one' } } : given
    })
    const { client } = await served(t, { revision }, server)
    assert.deepEqual((await client.callTool('n')).structuredContent, { n: 1 })
    lies = true
    await assert.rejects(client.callTool('n'), { code: 'ERR_OUTPUT_SCHEMA', message: /"n".*\/n.*number/s })

    // Before it complains the client asks once whether the schema is another by now.
    tool.update({ outputSchema: string, handler: () => ({ structuredContent: { n: 'one' } }) } as never)
    assert.deepEqual((await client.callTool('n')).structuredContent, { n: 'one' })
  })
}

test('await using closes the client: what waits rejects, and so does what comes later', async (t) => {
  const server = offering()
  server.registerTool('wait', {}, () => new Promise(() => {}))
  const { client } = await served(t, {}, server)
  let call: Promise<unknown> | undefined
  {
    await using closing = client
    call = closing.callTool('wait')
    call.catch(() => {})
    await client.ping()
  }
  await assert.rejects(call, { code: 'ERR_CLIENT_CLOSED' })
  await assert.rejects(client.ping(), { code: 'ERR_CLIENT_CLOSED' })
  await client.close()
})

test('a wrong option of a call throws a TypeError that names it', async (t) => {
  const { client } = await served(t)
  await assert.rejects(client.callTool('add', {}, { timeout: 5 } as never), /no option "timeout".*timeoutMs/)
  await assert.rejects(client.callTool('add', {}, { timeoutMs: -1 }), /timeoutMs must be 0/)
  await assert.rejects(client.callTool('add', {}, null as never), /options must be an object; got null/)
  const controller = new AbortController()
  for (const signal of [controller, null, 'x']) {
    const call = client.callTool('add', {}, { signal: signal as never })
    await assert.rejects(call, /^TypeError: signal must be an AbortSignal; got /)
  }
  await assert.rejects(client.callTool('add', {}, { meta: 'x' as never }), /meta must be of type object/)
  await assert.rejects(client.callTool(5 as never), /name must be a string; got the number 5/)
})
