/** `input_required` of 2026-07-28: rounds of questions, answered by the handlers of the application. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connected, result, scripted, stateless } from './scripted-server.ts'
import { countOf, elicit, withTools } from './stateless-script.ts'

test('input_required: questions are asked at the same time, and the state is echoed as it came, each to its own call', async (t) => {
  let open = 0
  let most = 0
  const server = await scripted(
    t,
    withTools([], (exchange) => {
      const { params } = exchange.message
      const { inputResponses, requestState } = params
      if (inputResponses === undefined) {
        const state = `  {"of": "${params.name}"}\t`
        return result(exchange, {
          resultType: 'input_required',
          requestState: state,
          inputRequests: { a: elicit, b: elicit, c: { method: 'roots/list', params: {} } },
        })
      }
      const text = JSON.stringify([requestState, inputResponses])
      return result(exchange, { resultType: 'complete', content: [{ type: 'text', text }] })
    }),
  )
  const client = await connected(t, server.url, {
    onElicit: async () => {
      open += 1
      most = Math.max(most, open)
      await new Promise((resolve) => setImmediate(resolve))
      open -= 1
      return { action: 'accept', content: { n: 'v' } }
    },
    onRoots: () => [],
  })
  const names = ['x', 'y', 'z']
  const results = await Promise.all(names.map((name) => client.callTool(name)))
  for (const [
    at,
    {
      content: [first],
    },
  ] of results.entries()) {
    const accepted = { action: 'accept', content: { n: 'v' } }
    assert.deepEqual(JSON.parse((first as { text: string }).text), [
      `  {"of": "${names[at]}"}\t`,
      { a: accepted, b: accepted, c: { roots: [] } },
    ])
  }
  assert.ok(most >= 2)
  const ids = server.seen.map(({ message }) => message.id)
  assert.equal(new Set(ids).size, ids.length)
})

test('input_required without a state sends none, without questions sends no answers', async (t) => {
  let round = 0
  const server = await scripted(
    t,
    withTools([], (exchange) => {
      round += 1
      if (round === 1) return result(exchange, { resultType: 'input_required', inputRequests: { a: elicit } })
      if (round === 2) return result(exchange, { resultType: 'input_required', requestState: 's' })
      return result(exchange, { content: [] })
    }),
  )
  const client = await connected(t, server.url, { onElicit: () => ({ action: 'decline' }) })
  await client.callTool('a')
  const [first, second, third] = server.seen
    .filter(({ what }) => what === 'tools/call')
    .map(({ message }) => Object.keys(message.params))
  assert.deepEqual(
    [first, second, third],
    [
      ['name', 'arguments', '_meta'],
      ['name', 'arguments', 'inputResponses', '_meta'],
      ['name', 'arguments', 'requestState', '_meta'],
    ],
  )
})

test('input_required for ever is given up after maxRounds', async (t) => {
  const server = await scripted(
    t,
    withTools([], (exchange) => result(exchange, { resultType: 'input_required', requestState: 's' })),
  )
  const client = await connected(t, server.url, { maxRounds: 3 })
  await assert.rejects(client.callTool('a'), {
    code: 'ERR_TOO_MANY_ROUNDS',
    message: /the limit is 3 \(option maxRounds\)/,
  })
  assert.equal(countOf(server.log(), 'tools/call'), 4)
})

for (const [what, method, requests, expected] of [
  [
    'what was not declared',
    'tools/call',
    { a: { method: 'sampling/createMessage', params: {} } },
    'ERR_CLIENT_CAPABILITY',
  ],
  ['a method that is none', 'tools/call', { a: { method: 'eval', params: {} } }, 'ERR_CLIENT_CAPABILITY'],
  [
    'a form that is none',
    'tools/call',
    { a: { method: 'elicitation/create', params: { message: 'm', requestedSchema: 5 } } },
    'ERR_CLIENT_CAPABILITY',
  ],
  ['no object', 'tools/call', [1], 'ERR_INVALID_RESPONSE'],
  ['a question without a method', 'tools/call', { a: 5 }, 'ERR_INVALID_RESPONSE'],
  [
    'too many questions',
    'tools/call',
    Object.fromEntries(Array.from({ length: 101 }, (_, at) => [at, elicit])),
    'ERR_INVALID_RESPONSE',
  ],
  ['where nothing may be asked', 'tools/list', { a: elicit }, 'ERR_INVALID_RESPONSE'],
] as const) {
  test(`input_required that asks ${what} rejects with ${expected}`, async (t) => {
    const server = await scripted(
      t,
      stateless((exchange) => result(exchange, { resultType: 'input_required', inputRequests: requests })),
    )
    const client = await connected(t, server.url, { onElicit: () => ({ action: 'cancel' }) })
    await assert.rejects(client.request(method, { name: 'a' }), { code: expected })
  })
}

test('aborting a call while its question is open rejects at once, and aborts the handler', async (t) => {
  const server = await scripted(
    t,
    withTools([], (exchange) =>
      result(exchange, { resultType: 'input_required', inputRequests: { a: elicit } }),
    ),
  )
  const abort = new AbortController()
  let aborted: Promise<unknown> | undefined
  const client = await connected(t, server.url, {
    onElicit: (_, { signal }) => {
      aborted = once(signal, 'abort')
      abort.abort(new Error('enough'))
      return new Promise(() => {})
    },
  })
  await assert.rejects(client.callTool('a', {}, { signal: abort.signal }), { code: 'ERR_REQUEST_ABORTED' })
  await aborted
})
