/** Asking during a call, whatever is asked: no channel, time limits, ends of the call, -32042, ids. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ElicitUrlParams, RpcError, UrlElicitationRequiredError } from '../../../src/index.ts'
import { define, join, open, start } from '../../features/offering.ts'
import type { WireJson } from '../../helpers/wire.ts'

const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const requestedSchema = { type: 'object', properties: { a: { type: 'string' } } } as const
const page: ElicitUrlParams = { message: 'Sign in', url: 'https://example.com' }

test('requests of the server have ids of their own, each used once [basic.own-request-id] [basic.own-request-ids-unique]', async (t) => {
  const { server } = define()
  server.registerTool('ask', {}, async (_args, ctx) => {
    const asked = ['a', 'b', 'c'].map((key) => ctx.elicit(key, { message: key, requestedSchema }))
    const answers = await Promise.all([...asked, ctx.listRoots()])
    return String(answers.length)
  })
  const onRequest = (method: string) => (method === 'roots/list' ? { roots: [] } : { action: 'decline' })
  const session = await open(t, server, { capabilities, onRequest })
  for (let round = 0; round < 3; round += 1) {
    assert.equal((await session.call('ask', {}, { id: 1 })).result.content[0].text, '4')
  }
  const ids = session.serverRequests.map(({ id }) => id)
  assert.equal(new Set(ids).size, 12)
  assert.ok(ids.every((id) => typeof id === 'string' || Number.isInteger(id)))
})

test('answers given in another order reach the questions they belong to', async (t) => {
  const { server } = define()
  server.registerTool('ask', {}, async (_args, { elicit }) => {
    const asked = ['x', 'y'].map((key) => elicit(key, { message: key, requestedSchema }))
    const answers = await Promise.all(asked)
    return answers.map(({ content }) => content?.a).join()
  })
  const session = await open(t, server, { capabilities })
  const stream = await session.stream('tools/call', { name: 'ask' })
  const [first, second] = [await stream.nextMessage(), await stream.nextMessage()]
  for (const { id, params } of [second, first]) {
    await session.respond(id, { action: 'accept', content: { a: `for ${params.message}` } })
  }
  assert.equal((await stream.nextMessage()).result.content[0].text, 'for x,for y')
})

test('a client that cannot read a stream is not asked, and the model is told', async (t) => {
  const { server, errors } = define()
  server.registerTool('ask', {}, async (_args, ctx) => JSON.stringify(await ctx.listRoots()))
  const session = await open(t, server, { capabilities })
  const { kind, result } = await session.call('ask', {}, { headers: { accept: 'application/json' } })
  assert.deepEqual([kind, result.isError, errors], ['json', true, []])
  assert.match(result.content[0].text, /cannot be asked during this call/)
})

test('without a session nothing is asked', async (t) => {
  const { server } = define()
  server.registerTool('ask', {}, async (_args, ctx) => JSON.stringify(await ctx.listRoots()))
  const url = await start(t, server, { sessions: false })
  const session = await join(t, url, { capabilities })
  const { kind, result } = await session.call('ask')
  assert.deepEqual([kind, result.isError], ['json', true])
})

for (const [method, limitMs] of [
  ['elicit', 600_000],
  ['sample', 600_000],
  ['listRoots', 60_000],
] as const) {
  test(`${method} gives up after its time limit, and tells the client that it did`, async (t) => {
    const { server } = define()
    server.registerTool('ask', {}, async (_args, ctx) => {
      if (method === 'elicit') await ctx.elicit('k', { message: 'm', requestedSchema })
      else if (method === 'sample') await ctx.sample('k', { messages: [], maxTokens: 1 })
      else await ctx.listRoots()
      return 'answered'
    })
    const session = await open(t, server, { capabilities })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const stream = await session.stream('tools/call', { name: 'ask' })
    const { id } = await stream.nextMessage()
    t.mock.timers.tick(limitMs - 1)
    assert.equal(stream.messages.length, 1)
    t.mock.timers.tick(1)
    const cancelled = await stream.nextMessage()
    assert.deepEqual([cancelled.method, cancelled.params.requestId], ['notifications/cancelled', id])
    const { result } = await stream.nextMessage()
    assert.equal(result.isError, true)
    assert.match(result.content[0].text, new RegExp(`within ${limitMs} ms`))
    assert.equal((await session.respond(id, { action: 'decline' }, { check: false })).status, 202)
  })
}

test('a single question can have a time limit of its own [lifecycle.timeout-per-request]', async (t) => {
  const { server } = define()
  server.registerTool('ask', {}, async (_args, ctx) => {
    const limit = (timeoutMs: number) => ({ timeoutMs })
    const asked = [
      ctx.elicit('e', { message: 'm', requestedSchema }, limit(1000)),
      ctx.elicit('u', page, limit(2000)),
      ctx.sample('s', { messages: [], maxTokens: 1 }, limit(3000)),
      ctx.listRoots('r', limit(4000)),
    ]
    const settled = await Promise.allSettled(asked)
    return settled.map((each) => (each.status === 'rejected' ? each.reason.message : '')).join('\n')
  })
  server.registerTool(
    'wrong',
    {},
    async (_args, ctx) =>
      ctx.listRoots('r', { timeoutMs: -1 }).catch((error) => String(error)) as Promise<string>,
  )
  const session = await open(t, server, { capabilities })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = await session.stream('tools/call', { name: 'ask' })
  for (let index = 0; index < 4; index += 1) await stream.nextMessage()
  for (let index = 0; index < 4; index += 1) {
    t.mock.timers.tick(999)
    assert.equal(stream.messages.length, 4 + index)
    t.mock.timers.tick(1)
    assert.equal((await stream.nextMessage()).method, 'notifications/cancelled')
  }
  const lines = (await stream.nextMessage()).result.content[0].text.split('\n')
  for (const [index, line] of lines.entries()) assert.match(line, new RegExp(`within ${index + 1}000 ms`))
  const { result } = await session.call('wrong')
  assert.match(result.content[0].text, /^TypeError: timeoutMs must be 0/)
})

test('a question ends with its call: cancelled, timed out, or its session deleted', async (t) => {
  const { server, errors } = define()
  const failures: WireJson[] = []
  let failed: () => void = () => {}
  const handler = async (_args: object, ctx: { listRoots(): Promise<unknown> }) => {
    try {
      await ctx.listRoots()
    } catch (error) {
      failures.push(error)
      failed()
    }
    return 'over'
  }
  server.registerTool('ask', {}, handler)
  server.registerTool('short', { timeoutMs: 1000 }, handler)
  const session = await open(t, server, { capabilities, onRequest: () => undefined })
  const failing = () =>
    new Promise<void>((resolve) => {
      failed = resolve
    })

  let waiting = failing()
  const first = await session.stream('tools/call', { name: 'ask' }, { id: 'c' })
  const { id } = await first.nextMessage()
  await session.notify('notifications/cancelled', { requestId: 'c' })
  await waiting
  const { messages } = await first.end().then(() => first)
  assert.deepEqual(
    messages.map(({ method }) => method),
    ['roots/list', 'notifications/cancelled'],
  )
  assert.equal(messages[1].params.requestId, id)

  waiting = failing()
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const second = await session.stream('tools/call', { name: 'short' })
  await second.nextMessage()
  t.mock.timers.tick(1000)
  await waiting
  const { result } = await second.nextMessage(({ result }) => result !== undefined)
  assert.match(result.content[0].text, /did not finish within 1000 ms/)
  t.mock.timers.reset()

  waiting = failing()
  const third = await session.stream('tools/call', { name: 'ask' })
  await third.nextMessage()
  await session.delete()
  await waiting
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['ERR_REQUEST_ABORTED', 'ERR_REQUEST_ABORTED', 'ERR_SESSION_CLOSED'],
  )
  assert.deepEqual(errors, [])
})

test('UrlElicitationRequiredError is -32042 with the elicitations, each in URL mode with an id [elicitation.required-error-code] [elicitation.required-error-list] [elicitation.required-error-url-mode]', async (t) => {
  const { server, errors } = define()
  const elicitations = [page, { ...page, elicitationId: 'own' }]
  const fail = async () => {
    throw new UrlElicitationRequiredError(elicitations, 'Sign in first')
  }
  server.registerTool('t', {}, fail)
  server.registerPrompt('p', {}, fail)
  server.registerResource('r', 'memo://r', {}, fail)
  const session = await open(t, server, { capabilities })
  const requests: [string, object][] = [
    ['tools/call', { name: 't' }],
    ['prompts/get', { name: 'p' }],
    ['resources/read', { uri: 'memo://r' }],
  ]
  for (const [method, params] of requests) {
    const { error } = await session.request(method, params)
    assert.deepEqual([error.code, error.message], [-32042, 'Sign in first'])
    const [made, own] = error.data.elicitations
    assert.deepEqual(own, { mode: 'url', ...page, elicitationId: 'own' })
    assert.deepEqual({ ...made, elicitationId: '' }, { mode: 'url', ...page, elicitationId: '' })
    assert.match(made.elicitationId, /^[\w-]{36}$/)
  }
  assert.deepEqual(errors, [])
})

test('-32042 without elicitations is never sent [elicitation.required-error-only]', async (t) => {
  assert.throws(() => new UrlElicitationRequiredError([]), TypeError)
  assert.throws(() => new UrlElicitationRequiredError([{ ...page, url: 'nowhere' }]), /"url"/)
  assert.throws(() => new UrlElicitationRequiredError([{ url: page.url } as ElicitUrlParams]), /"message"/)
  const { server, errors } = define()
  server.registerTool('own', {}, () => {
    throw new RpcError(-32042, 'hunter2')
  })
  const session = await open(t, server, { capabilities })
  const { error } = await session.call('own')
  assert.deepEqual([error.code, /hunter2/.test(error.message), errors.length], [-32603, false, 1])
})
