/** requestState on the wire: bound to caller, method and parameters, good for any process with the key. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputRequired, type McpServer } from '../../src/index.ts'
import { retryOf } from '../helpers/stateless-client.ts'
import { serving, textOf } from './serving.ts'

const requestedSchema = { type: 'object', properties: { n: { type: 'string' } } } as const
const accept = { action: 'accept', content: { n: 'x' } }
const keys = ['0123456789abcdef0123456789abcdef']

const define = (server: McpServer) => {
  const inputSchema = { type: 'object', properties: { a: { type: 'string' } } } as const
  for (const name of ['ask', 'ask-too']) {
    server.registerTool(name, { inputSchema }, async ({ a }, ctx) => {
      const first = await ctx.elicit('first', { message: `first ${a}`, requestedSchema })
      const second = await ctx.elicit('second', { message: 'second', requestedSchema })
      return `${name} ${a}: ${first.content?.n} ${second.content?.n}`
    })
  }
  const ask = async (ctx: Parameters<Parameters<McpServer['registerPrompt']>[2]>[1]) =>
    (await ctx.elicit('first', { message: 'm', requestedSchema })).action
  server.registerPrompt('ask', {}, async (_args, ctx) => ask(ctx))
  server.registerResource('ask', 'memo://ask', {}, async (_uri, ctx) => ask(ctx))
}

const auth = { verify: (token: string) => ({ id: token }) }

/** The `input_required` result of a first round, in which nothing was answered. */
async function firstRound(
  client: ReturnType<Awaited<ReturnType<typeof serving>>['client']>,
  args = { a: '1' },
) {
  const { result } = await client.call('ask', args)
  assert.equal(result.resultType, 'input_required')
  return retryOf(result, { first: accept }) as { inputResponses: object; requestState: string }
}

test('a state of another principal, method, tool or argument is refused with 400 and -32602, and runs nothing [stateless.state-principal] [stateless.state-request] [stateless.elicit-bound] [stateless.elicit-state] [stateless.elicit-identity]', async (t) => {
  const { client } = await serving(t, { setup: define, handler: { auth } })
  const by = (token: string) => client({ headers: { authorization: `Bearer ${token}` } })
  const retry = await firstRound(by('a'))
  const good = { name: 'ask', arguments: { a: '1' }, ...retry }
  const rows: readonly (readonly [string, string, object])[] = [
    ['b', 'tools/call', good],
    ['a', 'tools/call', { ...good, name: 'ask-too' }],
    ['a', 'tools/call', { ...good, arguments: { a: '2' } }],
    ['a', 'tools/call', { ...good, arguments: {} }],
    ['a', 'tools/call', { ...good, added: 1 }],
    ['a', 'prompts/get', { ...retry, name: 'ask' }],
    ['a', 'resources/read', { ...retry, uri: 'memo://ask' }],
  ]
  for (const [token, method, params] of rows) {
    const { status, error, text } = await by(token).request(method, params, { check: false })
    assert.deepEqual([status, error?.code], [400, -32602], text)
    assert.match(error.message, /requestState is not valid/)
  }
  const { result } = await by('a').request('tools/call', good)
  assert.deepEqual(Object.keys(result.inputRequests), ['second'])
})

test('who the client says it is does not open a state [stateless.elicit-claimed]', async (t) => {
  const { client } = await serving(t, { setup: define, handler: { auth } })
  const clientInfo = { name: 'the same', version: '1' }
  const by = (token: string) => client({ clientInfo, headers: { authorization: `Bearer ${token}` } })
  const retry = await firstRound(by('a'))
  const { error } = await by('b').request('tools/call', { name: 'ask', arguments: { a: '1' }, ...retry })
  assert.equal(error.code, -32602)
})

test('the order of arguments, another id and another _meta do not matter to a state', async (t) => {
  const { client } = await serving(t, { setup: define })
  const retry = await firstRound(client())
  const params = { ...retry, arguments: { a: '1' }, name: 'ask' }
  const { result } = await client({ clientInfo: null }).request('tools/call', params, {
    id: 'another',
    meta: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01' },
  })
  assert.equal(result.resultType, 'input_required')
})

test('a state that was changed, has expired or is of a wrong type is refused [stateless.state-refused] [stateless.state-expiry] [stateless.state-untrusted]', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 5_000_000 })
  const { client, errors } = await serving(t, { setup: define, handler: { requestState: { ttlMs: 1000 } } })
  const retry = await firstRound(client())
  const send = async (requestState: unknown) =>
    await client().request(
      'tools/call',
      { ...retry, name: 'ask', arguments: { a: '1' }, requestState },
      { check: false },
    )
  const changed = retry.requestState.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))
  for (const state of [changed, '', 'x'.repeat(70_000), 7, null, {}, []]) {
    const { status, error } = await send(state)
    assert.deepEqual([status, error?.code], [400, -32602])
  }
  assert.equal((await send(retry.requestState)).result.resultType, 'input_required')
  t.mock.timers.setTime(5_001_001)
  assert.match((await send(retry.requestState)).error.message, /expired/)
  assert.deepEqual(errors, [])
})

test('a retry may come to another process that has the key, and to none that has not [stateless.any-connection] [stateless.state-by-identifier] [stateless.input-no-assumption]', async (t) => {
  const one = await serving(t, { setup: define, handler: { requestState: { keys } } })
  const two = await serving(t, {
    setup: define,
    handler: { requestState: { keys: ['f'.repeat(40), ...keys] } },
  })
  const stranger = await serving(t, { setup: define })
  const retry = await firstRound(one.client())
  assert.equal(one.stats().callsInProgress, 0)
  const params = { ...retry, name: 'ask', arguments: { a: '1' } }
  const { error } = await stranger.client().request('tools/call', params)
  assert.match(error.message, /sealed with another key/)
  const second = await two.client().request('tools/call', params)
  const rest = { ...params, ...retryOf(second.result, { second: accept }) }
  // The one that has only the old key does not open what the new one sealed.
  assert.equal((await one.client().request('tools/call', rest)).error.code, -32602)
  assert.equal(textOf(await two.client().request('tools/call', rest)), 'ask 1: x x')
})

test('a state that outgrows its limit fails the call, not the server', async (t) => {
  const { client, server, errors } = await serving(t, { handler: { requestState: { maxLength: 500 } } })
  server.registerTool('grow', {}, async (_args, ctx) => {
    await ctx.once('much', () => 'x'.repeat(1000))
    await ctx.elicit('more', { message: 'm', requestedSchema })
    return 'done'
  })
  assert.equal((await client().call('grow')).result.isError, true)
  server.registerTool('own', {}, () => inputRequired({ state: 'x'.repeat(1000) }))
  assert.equal((await client().call('own')).error.code, -32603)
  const told = errors.map(({ error }) => (error as { code?: string }).code)
  assert.deepEqual(told, ['ERR_STATE_TOO_LARGE', 'ERR_STATE_TOO_LARGE'])
})

test('a requestState on a method that takes no input is ignored, as are answers [stateless.input-methods]', async (t) => {
  const { client, opened } = await serving(t, { setup: define })
  const extra = { requestState: 'nonsense', inputResponses: 7 }
  for (const method of ['tools/list', 'prompts/list', 'resources/list', 'server/discover']) {
    const { status, result } = await client().request(method, extra, { check: false })
    assert.deepEqual([status, result?.resultType], [200, 'complete'], method)
  }
  const notifications = { toolsListChanged: true }
  const params = { ...extra, notifications }
  const stream = await opened(client().stream('subscriptions/listen', params, { check: false }))
  assert.deepEqual((await stream.nextMessage()).params.notifications, notifications)
})

test('handlers of other methods cannot ask: completion, lists and middleware around them get an error [stateless.input-methods]', async (t) => {
  const { client, server } = await serving(t)
  const argsSchema = { type: 'object', properties: { a: { type: 'string' } } } as const
  const complete = {
    a: async (_value: string, _args: object, ctx: { listRoots(): Promise<readonly { uri: string }[]> }) =>
      (await ctx.listRoots()).map(({ uri }) => uri),
  }
  server.registerPrompt('p', { argsSchema, complete }, () => '')
  const ref = { type: 'ref/prompt', name: 'p' }
  const reply = await client().request('completion/complete', { ref, argument: { name: 'a', value: '' } })
  assert.equal(reply.error.code, -32603)
  server.use((ctx, next) => (ctx.method === 'tools/list' ? inputRequired({ state: 1 }) : next()))
  const listed = await client().request('tools/list')
  assert.equal(listed.result?.resultType, undefined)
  assert.equal(listed.error.code, -32603)
})
