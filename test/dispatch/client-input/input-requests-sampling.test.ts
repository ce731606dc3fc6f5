/** Sampling and roots: what is asked, what is never sent, and answers that are checked. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CreateMessageParams, McpServer } from '../../../src/index.ts'
import { define, join, open, revisions, start } from '../../features/offering.ts'
import { ErrorAnswer, type WireJson } from '../../helpers/wire.ts'

const user = (content: WireJson) => ({ role: 'user', content })
const assistant = (content: WireJson) => ({ role: 'assistant', content })
const text = (value: string) => ({ type: 'text', text: value })
const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: {} })
const used = (toolUseId: string) => ({ type: 'tool_result', toolUseId, content: [text('seen')] })
const reply = { role: 'assistant', model: 'm-1', content: text('hello') }
const simple = { messages: [user(text('hi'))], maxTokens: 10 }

function askWith(server: McpServer, params: WireJson, name = 'ask'): void {
  server.registerTool(name, {}, async (_args, ctx) => {
    try {
      return { structuredContent: { answer: await ctx.sample('key', params as CreateMessageParams) } }
    } catch (error) {
      return { structuredContent: { failed: String(error), code: (error as { code?: string }).code } }
    }
  })
}

function listRootsWith(server: McpServer): void {
  server.registerTool('roots', {}, async (_args, ctx) => {
    try {
      return { structuredContent: { roots: await ctx.listRoots() } }
    } catch (error) {
      return { structuredContent: { failed: String(error), code: (error as { code?: string }).code } }
    }
  })
}

for (const protocolVersion of revisions) {
  test(`a sampling request goes out as the handler wrote it, and its answer comes back, in ${protocolVersion} [sampling.context-avoided] [progress.own-token-unique]`, async (t) => {
    const { server } = define()
    const params = {
      ...simple,
      systemPrompt: 'Be brief',
      temperature: 0.5,
      stopSequences: ['\n'],
      modelPreferences: { hints: [{ name: 'm' }], costPriority: 0.1 },
      metadata: { a: 1 },
    }
    askWith(server, params)
    const options = { protocolVersion, capabilities: { sampling: {} }, onRequest: () => reply }
    const session = await open(t, server, options)
    const { messages, result } = await session.call('ask', {}, { meta: { progressToken: 'p' } })
    assert.equal(messages[0].method, 'sampling/createMessage')
    assert.deepEqual(messages[0].params, params)
    assert.deepEqual(result.structuredContent.answer, reply)
  })

  test(`roots are asked for anew each time, so that a change is seen, in ${protocolVersion} [roots.changes-handled]`, async (t) => {
    const { server } = define()
    listRootsWith(server)
    let roots: WireJson = [{ uri: 'file:///a', name: 'A' }]
    const capabilities = { roots: { listChanged: true } }
    const session = await open(t, server, { protocolVersion, capabilities, onRequest: () => ({ roots }) })
    assert.deepEqual((await session.call('roots')).result.structuredContent, { roots })
    roots = [{ uri: 'file:///b' }, { uri: 'file:///c' }]
    assert.equal((await session.notify('notifications/roots/list_changed')).status, 202)
    assert.deepEqual((await session.call('roots')).result.structuredContent, { roots })
    roots = []
    assert.deepEqual((await session.call('roots')).result.structuredContent, { roots })
  })
}

test('tools and context are sent only to a client that declared them [sampling.tools-declared] [sampling.context-declared]', async (t) => {
  const { server } = define()
  const tools = [{ name: 'look', inputSchema: { type: 'object' } }]
  const asks: [string, WireJson, WireJson][] = [
    ['plain', simple, {}],
    ['none', { ...simple, includeContext: 'none' }, {}],
    ['tools', { ...simple, tools }, { tools: {} }],
    ['choice', { ...simple, toolChoice: { mode: 'none' } }, { tools: {} }],
    ['this', { ...simple, includeContext: 'thisServer' }, { context: {} }],
    ['all', { ...simple, includeContext: 'allServers' }, { context: {} }],
  ]
  for (const [name, params] of asks) askWith(server, params, name)
  const url = await start(t, server)
  const declarations: WireJson[] = [undefined, {}, { tools: {} }, { context: {} }, { tools: {}, context: {} }]
  for (const sampling of declarations) {
    const capabilities = sampling === undefined ? {} : { sampling }
    const session = await join(t, url, { capabilities, onRequest: () => reply })
    let sent = 0
    for (const [name, , needs] of asks) {
      const { answer, code } = (await session.call(name)).result.structuredContent
      const allowed = sampling !== undefined && Object.keys(needs).every((key) => key in sampling)
      if (allowed) sent += 1
      assert.deepEqual([answer, code], allowed ? [reply, undefined] : [undefined, 'ERR_CLIENT_CAPABILITY'])
    }
    assert.equal(session.serverRequests.length, sent)
  }
})

test('messages whose tool uses and results do not belong together are not sent [sampling.tool-results-alone] [sampling.tool-use-balanced] [sampling.tool-use-answered]', async (t) => {
  const { server } = define()
  const ask = user(text('hi'))
  const both = assistant([text('wait'), use('a'), use('b')])
  const good = [
    [ask],
    [ask, both, user([used('b'), used('a')])],
    [ask, assistant(use('a')), user(used('a')), assistant(use('a')), user([used('a')]), ask],
  ]
  const wrong = [
    [ask, both],
    [ask, both, user(used('a'))],
    [ask, both, ask, user([used('a'), used('b')])],
    [ask, both, user([used('a'), used('b'), used('c')])],
    [ask, both, user([used('a'), used('b'), used('b')])],
    [ask, both, user([used('a'), used('b'), text('and')])],
    [ask, both, assistant([used('a'), used('b')])],
    [user(used('a'))],
    [ask, user(use('a')), user(used('a'))],
  ]
  for (const [index, messages] of [...good, ...wrong].entries()) {
    askWith(server, { messages, maxTokens: 5 }, `ask${index}`)
  }
  const capabilities = { sampling: { tools: {} } }
  const session = await open(t, server, { capabilities, onRequest: () => reply })
  for (const [index, messages] of [...good, ...wrong].entries()) {
    const { answer, failed } = (await session.call(`ask${index}`)).result.structuredContent
    if (index < good.length) assert.deepEqual(answer, reply)
    else assert.match(String(failed), /^TypeError: Sampling messages/, JSON.stringify(messages))
  }
  assert.equal(session.serverRequests.length, good.length)
})

test('params of a wrong shape are not sent, and the handler is told which', async (t) => {
  const { server } = define()
  const fine = [user(text('hi'))]
  const rows: [WireJson, RegExp][] = [
    [{ maxTokens: 5 }, /messages must be an array of messages; got undefined/],
    [{ messages: fine }, /maxTokens must be an integer; got undefined/],
    [{ messages: fine, maxTokens: 1.5 }, /maxTokens must be an integer; got the number 1.5/],
    [{ messages: fine, maxTokens: 5, systemPrompt: 5 }, /systemPrompt must be a string; got the number 5/],
    [{ messages: ['hi'], maxTokens: 5 }, /messages\[0\] must be a message, .*; got "hi"/],
    [{ messages: [{ role: 'system', content: text('x') }], maxTokens: 5 }, /messages\[0\]\.role must be/],
    [{ messages: [user('hi')], maxTokens: 5 }, /messages\[0\]\.content must be a content block/],
    [
      { messages: [user([text('x'), { type: 'text' }])], maxTokens: 5 },
      /content\[1\]\.text must be a string/,
    ],
    [
      { messages: [user({ type: 'image', data: Buffer.from('x'), mimeType: 'a/b' })], maxTokens: 5 },
      /content\.data must be base64 text; got a Buffer/,
    ],
    [
      { messages: [user({ type: 'resource_link' })], maxTokens: 5 },
      /content\.type must be text, image, audio, /,
    ],
    [
      { messages: [assistant({ type: 'tool_use', id: 'a', name: 'b' })], maxTokens: 5 },
      /content\.input must be/,
    ],
    [
      { messages: [user({ type: 'tool_result', toolUseId: 'a', content: 'x' })], maxTokens: 5 },
      /content\.content must be an array of content blocks; got "x"/,
    ],
  ]
  for (const [index, [params]] of rows.entries()) askWith(server, params, `ask${index}`)
  const session = await open(t, server, { capabilities: { sampling: {} }, onRequest: () => reply })
  for (const [index, [, problem]] of rows.entries()) {
    const { failed } = (await session.call(`ask${index}`)).result.structuredContent
    assert.match(String(failed), /^TypeError: Sampling: /)
    assert.match(String(failed), problem)
  }
  assert.equal(session.serverRequests.length, 0)
})

test('a tool loop is one request after the other, each answered by its own result', async (t) => {
  const { server } = define()
  server.registerTool('loop', {}, async (_args, ctx) => {
    const messages: WireJson[] = [user(text('look around'))]
    const tools = [{ name: 'look', inputSchema: { type: 'object' } }]
    for (let turn = 0; ; turn += 1) {
      const answer = await ctx.sample(`turn ${turn}`, { messages, maxTokens: 5, tools })
      const blocks = [answer.content].flat()
      const uses = blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
      if (uses.length === 0) return blocks.map((block) => (block.type === 'text' ? block.text : '')).join('')
      messages.push(assistant(answer.content), user(uses.map(used)))
    }
  })
  let turns = 0
  const onRequest = (_method: string, { messages }: WireJson) => {
    turns += 1
    if (turns < 3) return { ...reply, content: [use(`u${turns}`)], stopReason: 'toolUse' }
    return { ...reply, content: text(`saw ${messages.length} messages`) }
  }
  const session = await open(t, server, { capabilities: { sampling: { tools: {} } }, onRequest })
  const { result, messages } = await session.call('loop')
  assert.equal(result.content[0].text, 'saw 5 messages')
  const ids = messages.slice(0, -1).map(({ id }) => id)
  assert.equal(new Set(ids).size, 3)
})

test('an answer of a wrong shape rejects in the handler [sampling.content-validated]', async (t) => {
  const { server } = define()
  askWith(server, simple)
  let answer: WireJson
  const options = { capabilities: { sampling: {} }, onRequest: () => answer, check: false as const }
  const session = await open(t, server, options)
  const { model: _, ...nameless } = reply
  const wrong = [
    {},
    nameless,
    { ...reply, role: 'system' },
    { ...reply, model: 5 },
    { ...reply, content: 'text' },
    { ...reply, content: null },
    { ...reply, content: [text('a'), null] },
    { ...reply, content: [{ text: 'no type' }] },
    [],
  ]
  for (const value of wrong) {
    answer = value
    const { code } = (await session.call('ask')).result.structuredContent
    assert.equal(code, 'ERR_INVALID_ANSWER', JSON.stringify(value))
  }
})

test('a root that is no file URI, or an answer that is no list, rejects in the handler [roots.file-uri]', async (t) => {
  const { server } = define()
  listRootsWith(server)
  let answer: WireJson
  const options = { capabilities: { roots: {} }, onRequest: () => answer, check: false as const }
  const session = await open(t, server, options)
  const uris = ['https://example.com', '/etc', 'file:', '', 5, null]
  const wrong = [
    ...uris.map((uri) => ({ roots: [{ uri: 'file:///ok' }, { uri }] })),
    {},
    { roots: {} },
    { roots: [null] },
  ]
  for (const value of wrong) {
    answer = value
    const { code } = (await session.call('roots')).result.structuredContent
    assert.equal(code, 'ERR_INVALID_ANSWER', JSON.stringify(value))
  }
})

test('an error answer rejects in the handler, which can go on [roots.unavailable]', async (t) => {
  const { server } = define()
  listRootsWith(server)
  askWith(server, simple)
  const onRequest = () => {
    throw new ErrorAnswer(-32601, 'Roots not supported')
  }
  const session = await open(t, server, { capabilities: { roots: {}, sampling: {} }, onRequest })
  for (const name of ['roots', 'ask']) {
    const { code, failed } = (await session.call(name)).result.structuredContent
    assert.deepEqual([code, /Roots not supported \(-32601\)/.test(failed)], ['ERR_CLIENT_ANSWER', true])
  }
})

test('roots are not asked of a client that did not declare them [roots.capability-checked]', async (t) => {
  const { server } = define()
  listRootsWith(server)
  const session = await open(t, server, { capabilities: { sampling: {}, elicitation: {} } })
  const { kind, result } = await session.call('roots')
  assert.deepEqual([kind, result.structuredContent.code], ['json', 'ERR_CLIENT_CAPABILITY'])
  assert.deepEqual(session.serverRequests, [])
})

test('sampling requests and their answers stay in their own session, ids equal or not [sampling.sensitive-data]', async (t) => {
  const { server } = define()
  const inputSchema = { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] } as const
  server.registerTool('ask', { inputSchema }, async ({ who }, ctx) => {
    const { content } = await ctx.sample('k', { messages: [user(text(who)) as never], maxTokens: 5 })
    return JSON.stringify(content)
  })
  const url = await start(t, server)
  const names = Array.from({ length: 10 }, (_, index) => `client-${index}`)
  const calls = names.map(async (name) => {
    const onRequest = (_method: string, { messages }: WireJson) => {
      assert.equal(messages[0].content.text, name)
      return { ...reply, content: text(`secret of ${name}`) }
    }
    const session = await join(t, url, { capabilities: { sampling: {} }, onRequest })
    const { result } = await session.call('ask', { who: name }, { id: 1 })
    assert.equal(JSON.parse(result.content[0].text).text, `secret of ${name}`)
    return session.serverRequests[0].id
  })
  const ids = await Promise.all(calls)
  assert.equal(new Set(ids).size, 1)
})
