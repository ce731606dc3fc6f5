/** Questions to the client, written once: the same handlers and the same test bodies in both eras. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InputRequest, inputRequired, type RequestContext } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { type Answer, asking, eras } from './asking.ts'

const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
} as const
const accept = (name: string) => ({ action: 'accept', content: { name } })
/** Answers each form with its own message. */
const echo: Answer = (_method, { message }) => accept(`<${message}>`)
const messages = [{ role: 'user', content: { type: 'text', text: 'capital?' } }] as const
const sampled = {
  role: 'assistant',
  content: { type: 'text', text: 'Paris' },
  model: 'm',
  stopReason: 'endTurn',
}

for (const era of eras) {
  const ask = async (ctx: RequestContext, key: string) =>
    (await ctx.elicit(key, { message: key, requestedSchema })).content?.name

  test(`${era}: questions one after the other are answered one after the other [stateless.input-by-result] [stateless.never-asks] [stateless.no-requests] [stateless.elicit-form] [stateless.elicit-message]`, async (t) => {
    const { server, call, asked, errors } = await asking(t, era)
    server.registerTool('two', {}, async (_args, ctx) => {
      const first = await ask(ctx, 'first')
      const second = await ask(ctx, `second after ${first}`)
      return `${first} ${second}`
    })
    const { result } = await call('two', {}, echo)
    assert.equal(result.content[0].text, '<first> <second after <first>>')
    assert.deepEqual(asked, ['first', 'second after <first>'])
    assert.deepEqual(errors, [])
  })

  test(`${era}: questions together are answered together [stateless.input-keys]`, async (t) => {
    const { server, call, asked } = await asking(t, era)
    server.registerTool('together', {}, async (_args, ctx) => {
      const both = await Promise.all([ask(ctx, 'a'), ask(ctx, 'b')])
      const last = await Promise.all([
        ask(ctx, 'c'),
        ctx.sample('s', { messages, maxTokens: 5 }),
        ctx.listRoots(),
      ])
      return JSON.stringify([both, last[0], last[1].content, last[2]])
    })
    const roots = [{ uri: 'file:///home' }]
    const { result } = await call('together', {}, (method, params) => {
      if (method === 'sampling/createMessage') return sampled
      return method === 'roots/list' ? { roots } : echo(method, params)
    })
    assert.equal(result.content[0].text, JSON.stringify([['<a>', '<b>'], '<c>', sampled.content, roots]))
    assert.deepEqual(asked.slice(0, 2), ['a', 'b'])
    assert.deepEqual(asked.slice(2).sort(), ['c', 'roots/list', 'sampling/createMessage'])
  })

  test(`${era}: questions that were begun together and awaited apart do no harm`, async (t) => {
    const { server, call } = await asking(t, era)
    server.registerTool('apart', {}, async (_args, ctx) => {
      const [a, b] = [ask(ctx, 'a'), ask(ctx, 'b')]
      b.catch(() => {})
      return `${await a} ${await b}`
    })
    assert.equal((await call('apart', {}, echo)).result.content[0].text, '<a> <b>')
  })

  test(`${era}: a question asked again in a loop is a new question`, async (t) => {
    const { server, call, asked } = await asking(t, era)
    server.registerTool('loop', {}, async (_args, ctx) => {
      for (let time = 1; ; time++) {
        const answer = await ctx.elicit('sure', { message: `sure? ${time}`, requestedSchema })
        if (answer.action === 'accept') return `${answer.content.name} at ${time}`
      }
    })
    const { result } = await call('loop', {}, () =>
      asked.length < 3 ? { action: 'decline' } : accept('yes'),
    )
    assert.equal(result.content[0].text, 'yes at 3')
    assert.deepEqual(asked, ['sure? 1', 'sure? 2', 'sure? 3'])
  })

  test(`${era}: the user may decline or cancel, and the handler learns of it [stateless.elicit-refused]`, async (t) => {
    const { server, call } = await asking(t, era)
    server.registerTool('t', {}, async (_args, ctx) =>
      JSON.stringify(await ctx.elicit('q', { message: 'q', requestedSchema })),
    )
    for (const action of ['decline', 'cancel']) {
      const { result } = await call('t', {}, () => ({ action }))
      assert.equal(result.content[0].text, JSON.stringify({ action }))
    }
  })

  test(`${era}: a forgotten key, params that are no object, and two questions with one key are refused with their names`, async (t) => {
    const { server, call, errors, asked } = await asking(t, era)
    const form = { message: 'x', requestedSchema }
    const rows: readonly (readonly [(ctx: WireJson) => Promise<unknown>, RegExp])[] = [
      [
        (ctx) => ctx.elicit(form),
        /^TypeError: ctx\.elicit needs a key, a string, as its first argument; got an object$/,
      ],
      [
        (ctx) => ctx.elicit('k', 'Sure?'),
        /^TypeError: ctx\.elicit needs an object, \{ message, requestedSchema \} or \{ message, url \}, as its second argument; got a string$/,
      ],
      [
        (ctx) => ctx.sample({ messages, maxTokens: 5 }),
        /ctx\.sample needs a key, a string, .*; got an object$/,
      ],
      [
        (ctx) => ctx.sample('k'),
        /ctx\.sample needs an object, \{ messages, maxTokens \}, .*; got undefined$/,
      ],
      [(ctx) => ctx.listRoots({ timeoutMs: 5 }), /ctx\.listRoots needs a key, a string, .*; got an object$/],
      [(ctx) => ctx.once(() => 1), /ctx\.once needs a key, a string, as its first argument; got a function$/],
      [(ctx) => ctx.once('k', 5), /ctx\.once needs a function as its second argument; got the number 5$/],
      [
        (ctx) => Promise.all([ctx.elicit('k', form), ctx.elicit('k', form)]),
        /^McpError: Two questions of one call have the key "k": give each its own$/,
      ],
    ]
    for (const [index, [run, problem]] of rows.entries()) {
      server.registerTool(`t${index}`, {}, async (_args, ctx) => {
        await run(ctx)
        return ''
      })
      const { result } = await call(`t${index}`, {}, () => accept('x'))
      assert.equal(result.isError, true)
      assert.match(String(errors.at(-1)?.error), problem)
      assert.equal(errors.length, index + 1)
    }
    assert.ok(asked.length <= 1)
  })

  test(`${era}: inputRequired asks, and the handler runs again with answers and state [stateless.input-not-empty] [stateless.input-kinds]`, async (t) => {
    const { server, call, asked } = await asking(t, era)
    const elicitation = (message: string): InputRequest => ({
      method: 'elicitation/create',
      params: { message, requestedSchema },
    })
    server.registerTool('steps', {}, (_args, ctx) => {
      const state = (ctx.requestState ?? []) as string[]
      const { q } = ctx.inputResponses as { q?: { content: { name: string } } }
      const known = q === undefined ? state : [...state, q.content.name]
      if (known.length === 2) return known.join(' ')
      if (ctx.requestState === undefined) return inputRequired({ state: [] })
      return inputRequired({ inputRequests: { q: elicitation(`step ${known.length}`) }, state: known })
    })
    const { result } = await call('steps', {}, echo)
    assert.equal(result.content[0].text, '<step 0> <step 1>')
    assert.deepEqual(asked, ['step 0', 'step 1'])
  })

  test(`${era}: inputRequired sends the user to a page, with an id where a session can be told of the end`, async (t) => {
    const { server, call } = await asking(t, era)
    const params = { mode: 'url', message: 'Go there', url: 'https://example.com/' }
    server.registerTool('go', {}, (_args, ctx) => {
      if ('q' in ctx.inputResponses) return 'went'
      return inputRequired({ inputRequests: { q: { method: 'elicitation/create', params } } })
    })
    const sent: WireJson[] = []
    const { result } = await call('go', {}, (_method, asked) => {
      sent.push(asked)
      return { action: 'accept' }
    })
    assert.equal(result.content[0].text, 'went')
    const { elicitationId, ...rest } = sent[0] ?? {}
    assert.deepEqual(rest, params)
    assert.equal(typeof elicitationId, era === 'session' ? 'string' : 'undefined')
  })

  test(`${era}: prompts and resources ask as tools do`, async (t) => {
    const { server, request } = await asking(t, era)
    server.registerPrompt('p', {}, async (_args, ctx) => `prompt ${await ask(ctx, 'p')}`)
    server.registerResource('r', 'memo://r', {}, async (_uri, ctx) => `resource ${await ask(ctx, 'r')}`)
    const inputRequests = { q: { method: 'roots/list' } } as const
    server.registerPrompt('q', {}, (_args, ctx) => {
      return 'q' in ctx.inputResponses ? JSON.stringify(ctx.inputResponses) : inputRequired({ inputRequests })
    })
    const prompt = await request('prompts/get', { name: 'p' }, echo)
    assert.equal(prompt.result.messages[0].content.text, 'prompt <p>')
    const read = await request('resources/read', { uri: 'memo://r' }, echo)
    assert.equal(read.result.contents[0].text, 'resource <r>')
    const driven = await request('prompts/get', { name: 'q' }, () => ({ roots: [] }))
    assert.equal(driven.result.messages[0].content.text, '{"q":{"roots":[]}}')
  })

  test(`${era}: nothing is asked of a client that did not declare it, however the handler asks [stateless.input-declared] [stateless.missing-capability] [stateless.elicit-modes] [stateless.sampling-tools] [stateless.roots-declared] [stateless.sampling-context]`, async (t) => {
    const form = { message: 'm', requestedSchema }
    const tools = [{ name: 't', inputSchema: { type: 'object' } }]
    const url = { mode: 'url', message: 'm', url: 'https://example.com/' }
    type Row = readonly [
      declared: object,
      (ctx: RequestContext) => Promise<unknown>,
      InputRequest,
      needs: object,
    ]
    const rows: readonly Row[] = [
      [
        {},
        (ctx) => ctx.elicit('k', form),
        { method: 'elicitation/create', params: form },
        { elicitation: { form: {} } },
      ],
      [
        { elicitation: { url: {} } },
        (ctx) => ctx.elicit('k', form),
        { method: 'elicitation/create', params: form },
        { elicitation: { form: {} } },
      ],
      [
        { elicitation: {} },
        (ctx) => ctx.elicit('k', url),
        { method: 'elicitation/create', params: url },
        { elicitation: { url: {} } },
      ],
      [
        { elicitation: {} },
        (ctx) => ctx.sample('k', { messages, maxTokens: 1 }),
        { method: 'sampling/createMessage', params: { messages, maxTokens: 1 } },
        { sampling: {} },
      ],
      [
        { sampling: {} },
        (ctx) => ctx.sample('k', { messages, maxTokens: 1, tools }),
        { method: 'sampling/createMessage', params: { messages, maxTokens: 1, tools } },
        { sampling: { tools: {} } },
      ],
      [
        { sampling: {} },
        (ctx) => ctx.sample('k', { messages, maxTokens: 1, includeContext: 'thisServer' }),
        {
          method: 'sampling/createMessage',
          params: { messages, maxTokens: 1, includeContext: 'thisServer' },
        },
        { sampling: { context: {} } },
      ],
      [{}, (ctx) => ctx.listRoots(), { method: 'roots/list' }, { roots: {} }],
    ]
    for (const [declared, run, request, needs] of rows) {
      const { server, call, asked, errors } = await asking(t, era, { capabilities: declared })
      server.registerTool('awaits', {}, async (_args, ctx) => String(await run(ctx)))
      server.registerTool('returns', {}, () => inputRequired({ inputRequests: { k: request } }))
      for (const name of ['awaits', 'returns']) {
        const { error, result } = await call(name, {}, () => ({}))
        // The session era has no code for it, and tells the model.
        if (era === 'session') assert.match(result.content[0].text, /client does not declare it/)
        else assert.deepEqual([error?.code, error?.data.requiredCapabilities], [-32021, needs])
      }
      assert.deepEqual([asked, errors], [[], []])
    }
  })

  test(`${era}: middleware runs around every run of a handler, and sees its result`, async (t) => {
    const { server, call } = await asking(t, era)
    const seen: string[] = []
    server.use(async (ctx, next) => {
      if (ctx.method !== 'tools/call') return await next()
      seen.push('in')
      try {
        const result = (await next()) as { content: unknown }
        seen.push('out')
        return { ...result, _meta: { 'com.example/seen': true } }
      } catch (error) {
        seen.push('left')
        throw error
      }
    })
    server.registerTool('t', {}, async (_args, ctx) => `${await ask(ctx, 'a')}`)
    const { result } = await call('t', {}, echo)
    assert.equal(result.content[0].text, '<a>')
    assert.equal(result._meta['com.example/seen'], true)
    assert.equal(seen.at(-1), 'out')
    assert.equal(seen.filter((what) => what === 'in').length, era === 'session' ? 1 : 2)
  })
}

test('inputRequired refuses what no client can be asked for, and nothing at all [stateless.input-kinds] [stateless.input-not-empty]', () => {
  const inputRequests = { k: { method: 'tools/call' as 'roots/list' } }
  assert.throws(() => inputRequired({ inputRequests }), {
    name: 'TypeError',
    message: /"k".*got "tools\/call"/,
  })
  const malformed: [InputRequest, RegExp][] = [
    [{ method: 'elicitation/create' }, /needs "message", a string; got undefined/],
    [{ method: 'elicitation/create', params: { message: 'x' } }, /requestedSchema must have type "object"/],
    [{ method: 'elicitation/create', params: { mode: 'url', message: 'x', url: 5 } }, /needs "url"/],
    [{ method: 'sampling/createMessage' }, /messages must be an array of messages; got undefined/],
    [
      { method: 'sampling/createMessage', params: { messages: [], maxTokens: '5' } },
      /maxTokens must be an integer; got "5"/,
    ],
  ]
  for (const [request, message] of malformed) {
    assert.throws(() => inputRequired({ inputRequests: { k: request } }), { name: 'TypeError', message })
  }
  assert.throws(() => inputRequired({}), /needs inputRequests or a state/)
  assert.throws(() => inputRequired({ inputRequests: {} }), TypeError)
})
