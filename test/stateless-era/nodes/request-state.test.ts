/** `requestState` on several nodes: sealed on one, opened on another, with keys that come from the store and change. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MemoryKeys } from '../../../src/store/memory-keys.ts'
import { unavailable } from '../../../src/store/unavailable.ts'
import { StatelessClient } from '../../helpers/stateless-client.ts'
import { type ClusterOptions, cluster } from '../../session-era/nodes/cluster.ts'
import { allCapabilities, eventually, textOf } from '../serving.ts'

const requestedSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const
const accept = { action: 'accept', content: { n: 7 } }
const DAY_MS = 24 * 60 * 60 * 1000

async function start(t: TestContext, options: ClusterOptions = {}) {
  const nodes = await cluster(t, {
    ...options,
    setup: (server) => {
      server.registerTool('ask', {}, async (_args, ctx) => {
        const { content } = await ctx.elicit('n', { message: 'How many?', requestedSchema })
        return `${content?.n}`
      })
    },
  })
  const client = (node: { readonly url: string }) =>
    new StatelessClient(node.url, { capabilities: allCapabilities })
  /** The first round trip. */
  const ask = async (node: { readonly url: string }): Promise<string> => {
    const { result } = await client(node).call('ask')
    assert.equal(result.resultType, 'input_required')
    return result.requestState
  }
  /** The second one. */
  const answer = async (node: { readonly url: string }, requestState: string) => {
    const params = { name: 'ask', arguments: {}, requestState, inputResponses: { n: accept } }
    return await client(node).request('tools/call', params, { headers: { 'mcp-name': 'ask' } })
  }
  return { ...nodes, client, ask, answer }
}

test('a state that one node has sealed is opened by all', async (t) => {
  const { nodes, ask, answer } = await start(t)
  for (const sealing of nodes) {
    const state = await ask(sealing)
    for (const opening of nodes) assert.equal(textOf(await answer(opening, state)), '7')
  }
})

test('requestState.keys are used where they are given, whatever the store has', async (t) => {
  const { a, ask, answer, join } = await start(t, { count: 1, requestState: { keys: ['k'.repeat(32)] } })
  const state = await ask(a)
  assert.equal(textOf(await answer(await join(), state)), '7')
  const { b, ask: askElsewhere } = await start(t, { count: 2 })
  const { error, status } = await answer(a, await askElsewhere(b))
  assert.deepEqual([status, error.code], [400, -32_602])
})

test('keys are replaced each day: another node learns of a new one by what was sealed with it, and the old one still opens', async (t) => {
  const { a, join, ask, answer } = await start(t, { count: 1, requestState: { ttlMs: 0 } })
  const old = await ask(a)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + DAY_MS + 1 })
  // A node that joins now is the first one to ask for the keys after a day.
  const late = await join()
  const recent = await ask(late)
  const keyOf = (state: string) => state.slice(0, 6)
  assert.notEqual(keyOf(recent), keyOf(old))
  assert.equal(textOf(await answer(a, recent)), '7')
  assert.equal(keyOf(await ask(a)), keyOf(recent))
  for (const node of [a, late]) assert.equal(textOf(await answer(node, old)), '7')
})

test('states with keys that nobody knows lead to one read of the keys a second, and are refused', async (t) => {
  const { a, ask, answer } = await start(t, { count: 1 })
  const state = await ask(a)
  const read = t.mock.method(MemoryKeys.prototype, 'read')
  const foreign = Array.from(
    { length: 20 },
    (_, n) => state.slice(0, 2) + String(n).padStart(4, 'x') + state.slice(6),
  )
  const replies = await Promise.all(foreign.map((each) => answer(a, each)))
  for (const { status, error } of replies) assert.deepEqual([status, error.code], [400, -32_602])
  assert.equal(textOf(await answer(a, state)), '7')
  assert.equal(read.mock.callCount(), 1)
})

test('a call that asks before the keys have come waits for them', async (t) => {
  const { a, join, ask, answer } = await start(t, { count: 1 })
  await ask(a)
  const read = t.mock.method(MemoryKeys.prototype, 'read')
  read.mock.mockImplementationOnce(() => {
    throw unavailable('only now')
  })
  const late = await join()
  await eventually(() => read.mock.callCount() === 1, 'the first read')
  assert.equal(textOf(await answer(late, await ask(late))), '7')
})

test('without the store, what needs its keys is 503, and other calls go on', async (t) => {
  const { a, b, store, client, ask, answer } = await start(t, { count: 2 })
  const state = await ask(a)
  store.setAvailable(false, a.id)
  // What this node has goes on.
  assert.equal(textOf(await answer(a, state)), '7')
  const unknown = `${state.slice(0, 2)}AAAA${state.slice(6)}`
  const { status, headers, error } = await answer(a, unknown)
  assert.deepEqual([status, headers['retry-after'], error.code], [503, '1', -32_000])
  store.setAvailable(true, a.id)
  assert.equal((await answer(a, unknown)).status, 400)
  assert.equal(a.errors.splice(0).length, 1)
  // A node that has never reached the store.
  store.setAvailable(false)
  const { serving } = await import('../../session-era/serving.ts')
  const alone = await serving(t, {
    store,
    setup: (server) =>
      server.registerTool('ask', {}, async (_args, ctx) => {
        await ctx.elicit('n', { message: 'How many?', requestedSchema })
        return 'done'
      }),
  })
  const refused = await client(alone).call('ask')
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1'])
  assert.equal((await answer(alone, state)).status, 503)
  assert.equal(textOf(await client(alone).call('echo', { text: 'goes on' })), 'goes on')
  store.setAvailable(true)
  await b.open().then((session) => session.close())
  assert.equal(textOf(await answer(alone, state)), 'done')
  for (const node of [a, b, alone]) node.errors.splice(0)
})
