/** Rounds on the wire: what is asked and answered in each, what is asked again, and what becomes of runs left behind. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestContext } from '../../src/index.ts'
import { retryOf } from '../helpers/stateless-client.ts'
import type { WireJson } from '../helpers/wire.ts'
import { eventually, serving, textOf } from './serving.ts'

const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0, default: 7 } },
  required: ['name'],
} as const
const accept = (name: unknown, more = {}) => ({ action: 'accept', content: { name, ...more } })
const elicit = (ctx: RequestContext, key: string) => ctx.elicit(key, { message: key, requestedSchema })

test('a round has what was asked together, as it was asked, and no hint to keep it [stateless.input-by-result] [stateless.input-keys] [stateless.result-type-known] [stateless.elicit-form] [stateless.elicit-url] [stateless.server-info]', async (t) => {
  const { client, server } = await serving(t, { server: { cache: { read: { ttlMs: 9, scope: 'public' } } } })
  const messages = [{ role: 'user', content: { type: 'text', text: 'hi' } }] as const
  server.registerResource('r', 'memo://r', {}, async (_uri, ctx) => {
    const url = { message: 'visit', url: 'https://example.com/' }
    await Promise.all([
      elicit(ctx, 'form'),
      ctx.elicit('url', url),
      ctx.sample('s', { messages, maxTokens: 3 }),
      ctx.listRoots(),
    ])
    return ''
  })
  const { status, result, kind } = await client().request('resources/read', { uri: 'memo://r' })
  assert.deepEqual([status, kind], [200, 'json'])
  assert.deepEqual(result.inputRequests, {
    form: { method: 'elicitation/create', params: { message: 'form', requestedSchema } },
    url: {
      method: 'elicitation/create',
      params: { mode: 'url', message: 'visit', url: 'https://example.com/' },
    },
    s: { method: 'sampling/createMessage', params: { messages, maxTokens: 3 } },
    roots: { method: 'roots/list', params: {} },
  })
  assert.equal(typeof result.requestState, 'string')
  assert.deepEqual(Object.keys(result).sort(), ['_meta', 'inputRequests', 'requestState', 'resultType'])
})

test('what was not answered is asked again, what was answered is not, and what nobody asked for is ignored [stateless.input-missing] [stateless.input-extra] [stateless.elicit-assumed]', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('three', {}, async (_args, ctx) => {
    const all = await Promise.all(['a', 'b', 'c'].map((key) => elicit(ctx, key)))
    return all.map(({ content }) => content?.name).join()
  })
  let { result } = await client().call('three')
  const params = { name: 'three', arguments: {} }
  const given = [
    { b: accept('B'), stranger: accept('X') },
    {},
    { a: accept('A') },
    { c: accept('C'), b: accept('?') },
  ]
  const left = [['a', 'c'], ['a', 'c'], ['c']]
  for (const [round, answers] of given.entries()) {
    const retry = { ...params, inputResponses: answers, requestState: result.requestState }
    ;({ result } = await client().request('tools/call', retry, { id: round + 2 }))
    if (round < left.length) assert.deepEqual(Object.keys(result.inputRequests), left[round])
  }
  assert.equal(textOf({ result }), 'A,B,C')
})

test('answers that are not usable are asked for again, and never seen by the handler [stateless.input-validated] [stateless.elicit-validated] [stateless.sampling-content] [stateless.roots-unavailable]', async (t) => {
  const { client, server } = await serving(t)
  const seen: unknown[] = []
  server.registerTool('form', {}, async (_args, ctx) => {
    seen.push(await elicit(ctx, 'k'))
    return 'done'
  })
  server.registerTool('sample', {}, async (_args, ctx) => {
    seen.push(await ctx.sample('k', { messages: [], maxTokens: 1 }))
    return 'done'
  })
  server.registerTool('roots', {}, async (_args, ctx) => {
    seen.push(await ctx.listRoots('k'))
    return 'done'
  })
  const sampled = { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }
  const rows: readonly (readonly [string, readonly unknown[], unknown])[] = [
    [
      'form',
      [
        null,
        7,
        {},
        { action: 'yes' },
        { action: 'accept' },
        accept(7),
        accept('x', { age: -1 }),
        accept('x', { age: 'old' }),
      ],
      accept('good'),
    ],
    [
      'sample',
      [null, {}, { ...sampled, role: 'system' }, { ...sampled, content: 'x' }, { ...sampled, model: 7 }],
      sampled,
    ],
    ['roots', [null, {}, { roots: 7 }, { roots: [{ uri: 'https://x/' }] }, { roots: [{}] }], { roots: [] }],
  ]
  for (const [name, bad, good] of rows) {
    for (const answer of bad) {
      const { result } = await client().request(
        'tools/call',
        { name, arguments: {}, inputResponses: { k: answer } },
        { check: false },
      )
      assert.deepEqual(Object.keys(result.inputRequests ?? {}), ['k'], JSON.stringify([answer, result]))
    }
    const { result } = await client().call(name, {}, { answers: { k: good } })
    assert.equal(textOf({ result }), 'done')
  }
  // Defaults are filled in, as in the other era.
  assert.deepEqual(seen, [{ action: 'accept', content: { name: 'good', age: 7 } }, sampled, []])
})

test('an answer ahead is taken, but for a question with mustAsk only one that came after the question [stateless.input-extra] [stateless.elicit-assumed]', async (t) => {
  const { client, server } = await serving(t)
  const mustAsk = true
  server.registerTool('form', {}, async (_args, ctx) => {
    const ask = (key: string, options = {}) => ctx.elicit(key, { message: key, requestedSchema }, options)
    const ahead = await ask('ahead')
    const [first, second] = [await ask('first', { mustAsk }), await ask('second', { mustAsk })]
    const again = await ask('second', { mustAsk })
    return [ahead, first, second, again].map(({ content }) => content?.name).join()
  })
  server.registerTool('others', {}, async (_args, ctx) => {
    const sampled = await ctx.sample('sample', { messages: [], maxTokens: 1 }, { mustAsk })
    return `${sampled.model} ${(await ctx.listRoots('roots', { mustAsk })).length}`
  })
  const inputResponses = {
    ahead: accept('0'),
    first: accept('1'),
    second: accept('2'),
    'second#2': accept('3'),
    sample: { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' },
    roots: { roots: [] },
  }
  // Every request has an answer to every question.
  const drive = async (name: string) => {
    const asked: string[][] = []
    let reply = await client().request('tools/call', { name, arguments: {}, inputResponses })
    while (reply.result.resultType === 'input_required') {
      const { inputRequests, requestState } = reply.result
      asked.push(Object.keys(inputRequests))
      const params = { name, arguments: {}, inputResponses, requestState }
      reply = await client().request('tools/call', params)
    }
    return [asked, textOf(reply)]
  }
  assert.deepEqual(await drive('form'), [[['first'], ['second'], ['second#2']], '0,1,2,3'])
  assert.deepEqual(await drive('others'), [[['sample'], ['roots']], 'm 0'])
})

test('an answer that is not usable does not make the next answer to a mustAsk question count less', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('confirm', {}, async (_args, ctx) => {
    const { content } = await ctx.elicit('k', { message: 'k', requestedSchema }, { mustAsk: true })
    return content?.name ?? ''
  })
  const answers = (_key: string, _request: object, round: number) => accept(round === 1 ? 7 : 'good')
  const reply = await client().call('confirm', {}, { answers, check: false })
  assert.deepEqual([reply.rounds.length, textOf(reply)], [2, 'good'])
})

for (const inputResponses of [null, 7, 'x', []]) {
  test(`inputResponses ${JSON.stringify(inputResponses)} is an error [stateless.input-malformed]`, async (t) => {
    const { client } = await serving(t)
    const params = { name: 'echo', arguments: {}, inputResponses }
    const { status, error } = await client().request('tools/call', params, { check: false })
    assert.deepEqual([status, error.code], [400, -32602])
    assert.match(error.message, /inputResponses/)
  })
}

test('answers under prototype names are inert, and questions may have such names', async (t) => {
  const { client, server } = await serving(t)
  const names = ['__proto__', 'constructor', 'toString', '']
  server.registerTool('odd', {}, async (_args, ctx) => {
    const all = []
    for (const name of names) all.push((await elicit(ctx, name)).content?.name)
    return all.join()
  })
  const answers = (key: string) => accept(`<${key}>`)
  let reply = await client().call('odd')
  for (const _ of names) {
    const { inputResponses, requestState } = retryOf(reply.result, answers) as WireJson
    const entries = Object.keys(reply.result.inputRequests).map(
      (key) => `${JSON.stringify(key)}:${JSON.stringify(answers(key))}`,
    )
    // Written as text, so that __proto__ is a member like any other.
    const own = JSON.parse(`{${entries.join()}}`)
    assert.ok(inputResponses)
    reply = await client().request('tools/call', {
      name: 'odd',
      arguments: {},
      inputResponses: own,
      requestState,
    })
  }
  assert.equal(textOf(reply), names.map((name) => `<${name}>`).join())
})

test('a run that is left behind sees its signal abort and its finally blocks run, and changes nothing any more', async (t) => {
  const { client, server, errors } = await serving(t)
  const log: string[] = []
  server.registerTool('t', {}, async (_args, ctx) => {
    ctx.signal.addEventListener('abort', () =>
      log.push(`abort ${(ctx.signal.reason as { code?: string }).code}`),
    )
    try {
      await elicit(ctx, 'a')
    } catch (error) {
      log.push(`caught ${(error as { code?: string }).code}`)
      const again = await elicit(ctx, 'b').catch((reason: { code?: string }) => reason.code)
      const once = await ctx
        .once('k', () => log.push('once'))
        .catch((reason: { code?: string }) => reason.code)
      log.push(`${again} ${once}`)
      ctx.progress(1)
      ctx.log.error('nobody hears this')
      return 'a result of its own'
    } finally {
      log.push('finally')
    }
    return 'the result'
  })
  const options = { meta: { progressToken: 1 }, answers: { a: accept('x') } }
  const reply = await client().call('t', {}, options)
  assert.equal(textOf(reply), 'the result')
  assert.deepEqual(Object.keys(reply.rounds[0].inputRequests), ['a'])
  await eventually(() => log.length === 5, 'both runs to end')
  const left = 'ERR_INPUT_REQUIRED'
  assert.deepEqual(log, [`abort ${left}`, `caught ${left}`, `${left} ${left}`, 'finally', 'finally'])
  assert.deepEqual(errors, [])
})

test('questions that a handler does not wait for harm neither its result nor the process', async (t) => {
  const { client, server, errors } = await serving(t)
  const unhandled: unknown[] = []
  const listener = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', listener)
  t.after(() => process.off('unhandledRejection', listener))
  server.registerTool('forgets', {}, (_args, ctx) => {
    elicit(ctx, 'a')
    ctx.listRoots()
    return 'at once'
  })
  server.registerTool('apart', {}, async (_args, ctx) => {
    const [first, second] = [ctx.elicit('a', { message: 'a', requestedSchema }), ctx.listRoots()]
    await ctx.elicit('b', { message: 'b', requestedSchema })
    await first
    return JSON.stringify(await second)
  })
  assert.equal(textOf(await client().call('forgets')), 'at once')
  const answers = { a: accept('A'), b: accept('B'), roots: { roots: [] } }
  const reply = await client().call('apart', {}, { answers })
  assert.deepEqual([textOf(reply), reply.rounds.length], ['[]', 1])
  await new Promise<void>((resolve) => setImmediate(resolve))
  assert.deepEqual([unhandled, errors], [[], []])
})

test('a loop that takes no for no answer goes on by rounds, and never without the client', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('insist', {}, async (_args, ctx) => {
    while ((await elicit(ctx, 'k')).action !== 'accept');
    return 'at last'
  })
  const answers = (_key: string, _request: object, round: number) =>
    round < 4 ? { action: 'decline' } : accept('yes')
  const { rounds, result } = await client().call('insist', {}, { answers })
  assert.equal(textOf({ result }), 'at last')
  assert.deepEqual(
    rounds.map((round) => Object.keys(round.inputRequests)),
    [['k'], ['k#2'], ['k#3'], ['k#4']],
  )
})

test('a client that lacks a capability gets 400 with what it lacks, and the stream its error, if there is one [stateless.missing-capability-status] [stateless.missing-capability] [stateless.undeclared]', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('ask', {}, async (_args, ctx) => {
    ctx.progress(1)
    return (await elicit(ctx, 'k')).action
  })
  const poor = client({ capabilities: { roots: {} } })
  const { status, error, id } = await poor.call('ask', {}, { id: 'x' })
  assert.deepEqual([status, error.code, id], [400, -32021, 'x'])
  assert.deepEqual(error.data, { requiredCapabilities: { elicitation: { form: {} } } })
  const streamed = await poor.call('ask', {}, { meta: { progressToken: 1 } })
  assert.deepEqual([streamed.status, streamed.kind, streamed.error.code], [200, 'sse', -32021])
})

test('a URL that is none, a form that is not flat and messages out of order are not sent [stateless.elicit-url-valid] [stateless.sampling-results] [stateless.sampling-balance] [stateless.sampling-roles]', async (t) => {
  const { client, server, errors } = await serving(t)
  const text = { type: 'text', text: 'x' } as const
  const use = { type: 'tool_use', id: '1', name: 't', input: {} } as const
  const used = { type: 'tool_result', toolUseId: '1', content: [] } as const
  const asks: { readonly [name: string]: (ctx: RequestContext) => Promise<unknown> } = {
    url: (ctx) => ctx.elicit('k', { message: 'm', url: 'not a url' }),
    relative: (ctx) => ctx.elicit('k', { message: 'm', url: '/path' }),
    nested: (ctx) =>
      ctx.elicit('k', {
        message: 'm',
        requestedSchema: { type: 'object', properties: { a: { type: 'object' } } },
      }),
    mixed: (ctx) =>
      ctx.sample('k', {
        maxTokens: 1,
        messages: [
          { role: 'assistant', content: use },
          { role: 'user', content: [used, text] },
        ],
      }),
    unanswered: (ctx) => ctx.sample('k', { maxTokens: 1, messages: [{ role: 'assistant', content: use }] }),
    stranger: (ctx) => ctx.sample('k', { maxTokens: 1, messages: [{ role: 'user', content: used }] }),
    swapped: (ctx) => ctx.sample('k', { maxTokens: 1, messages: [{ role: 'user', content: use }] }),
  }
  for (const [name, ask] of Object.entries(asks)) {
    server.registerTool(name, {}, async (_args, ctx) => String(await ask(ctx)))
    const { result } = await client().call(name)
    assert.deepEqual([result.resultType, result.isError], ['complete', true], name)
  }
  assert.equal(errors.length, Object.keys(asks).length)
})

test('roots that the client gave are kept for the later rounds of the call, and not asked for again [stateless.roots-kept]', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('roots', {}, async (_args, ctx) => {
    const roots = await ctx.listRoots()
    await elicit(ctx, 'between')
    return JSON.stringify(roots)
  })
  const roots = [{ uri: 'file:///a' }]
  const { rounds, result } = await client().call(
    'roots',
    {},
    { answers: { roots: { roots }, between: accept('x') } },
  )
  assert.deepEqual(
    rounds.map((round) => Object.keys(round.inputRequests)),
    [['roots'], ['between']],
  )
  assert.equal(textOf({ result }), JSON.stringify(roots))
})
