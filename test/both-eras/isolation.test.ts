/** Isolation under mixed load: clients of both eras on one server, all with the same ids, and nothing crosses. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { TestSession, type WireJson } from '../helpers/wire.ts'
import { eventually, serving } from '../stateless-era/serving.ts'

const CLIENTS = 100
const requestedSchema = { type: 'object', properties: { who: { type: 'string' } } } as const

/** Says its payload in progress, in a log message, in a question and in its result, with waits between. */
function addChatty(server: McpServer): void {
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  const inputSchema = {
    type: 'object',
    properties: { payload: { type: 'string' } },
    required: ['payload'],
  } as const
  server.registerTool('chatty', { inputSchema }, async ({ payload }, ctx) => {
    await turn()
    const { content } = await ctx.elicit('who', { message: payload, requestedSchema })
    ctx.progress(1, 2, payload)
    await turn()
    ctx.log.info(payload)
    ctx.progress(2, 2, payload)
    await turn()
    return `${payload} ${content?.who} ${ctx.client.name}`
  })
}

function holdAgainst(messages: readonly WireJson[], payload: string): void {
  const response = messages.at(-1)
  assert.equal(response.id, 1)
  assert.equal(response.result.content[0].text, `${payload} answer to ${payload} client of ${payload}`)
  const said = messages
    .slice(0, -1)
    .filter(({ id }) => id === undefined)
    .map(({ params }) => params.message ?? params.data)
  assert.deepEqual(said, [payload, payload, payload])
}

const capabilities = { elicitation: {} }
const answer = (message: string) => ({ action: 'accept', content: { who: `answer to ${message}` } })
const meta = { progressToken: 1 }

test('100 session-era and 100 stateless clients with equal ids and tokens each get their own [stateless.many-conversations] [stateless.related] [stateless.never-asks]', async (t) => {
  const { url, client, stats } = await serving(t, { setup: addChatty, server: { logging: 'info' } })
  const ofSession = async (n: number) => {
    const payload = `session ${n}`
    const session = await TestSession.open(url, {
      capabilities,
      clientInfo: { name: `client of ${payload}`, version: '1' },
      onRequest: (_method, { message }) => {
        assert.equal(message, payload)
        return answer(message)
      },
    })
    for (let time = 0; time < 2; time++) {
      const { messages } = await session.call('chatty', { payload }, { id: 1, meta })
      holdAgainst(messages, payload)
    }
    await session.delete()
  }
  const ofNone = async (n: number) => {
    const payload = `stateless ${n}`
    const clientInfo = { name: `client of ${payload}`, version: '1' }
    const own = client({ capabilities, clientInfo, logLevel: 'info' })
    for (let time = 0; time < 2; time++) {
      const { messages, rounds } = await own.call(
        'chatty',
        { payload },
        { id: 1, meta, answers: (_key, { params }) => answer(params.message) },
      )
      holdAgainst(messages, payload)
      assert.equal(rounds[0].inputRequests.who.params.message, payload)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => [ofSession(n), ofNone(n)]).flat())
  await eventually(() => stats().callsInProgress === 0 && stats().streams === 0, 'everything to be over')
  assert.deepEqual([stats().sessions, stats().undeliverable], [0, 0])
})
