/** The official clients, while each request goes to another node than the one before. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { RequestContext } from '../../../src/index.ts'
import { clientV1 } from '../../interop/client-v1.ts'
import { clientV2 } from '../../interop/client-v2.ts'
import type { ClientKind, ConnectOptions } from '../../interop/real-client.ts'
import { eventually } from '../serving.ts'
import { cluster, type Node, roundRobin } from './cluster.ts'

async function connected(t: TestContext, kind: ClientKind, options: Partial<ConnectOptions> = {}) {
  const made = await cluster(t, { logging: true })
  const { nodes, a } = made
  const client = await kind.connect({ url: a.url, fetch: roundRobin(nodes), ...options })
  t.after(() => client.close())
  return { ...made, client }
}

for (const kind of [clientV1, clientV2]) {
  describe(kind.name, () => {
    test('calls tools, sets its log level and ends its session', async (t) => {
      const { client, nodes } = await connected(t, kind)
      for (let number = 0; number < 7; number++) {
        const result = await client.callTool('echo', { text: String(number) })
        assert.equal(result.content[0]?.text, String(number))
      }
      await client.api.setLoggingLevel('error')
      await client.api.ping()
      await client.terminate()
      for (const node of nodes) await eventually(() => node.stats().sessions === 0, 'the session to end')
      assert.deepEqual(client.errors, [])
    })

    test('answers elicitation and sampling, each through another node', async (t) => {
      const asked: string[] = []
      const { client, nodes } = await connected(t, kind, {
        capabilities: { elicitation: {}, sampling: {} },
        answers: {
          'elicitation/create': ({ message }) => {
            asked.push(String(message))
            return { action: 'accept', content: { name: 'Ada' } }
          },
          'sampling/createMessage': () => ({
            role: 'assistant',
            content: { type: 'text', text: 'word' },
            model: 'm',
          }),
        },
      })
      for (const { server } of nodes) {
        server.registerTool('ask', {}, async (_: object, ctx: RequestContext) => {
          const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } } as const
          const { content } = await ctx.elicit('name', { message: 'Name?', requestedSchema })
          const words = await ctx.sample('word', {
            messages: [{ role: 'user', content: { type: 'text', text: 'A word' } }],
            maxTokens: 10,
          })
          return JSON.stringify([content, words.content])
        })
      }
      for (let number = 0; number < 4; number++) {
        const result = await client.callTool('ask')
        assert.deepEqual(JSON.parse(result.content[0]?.text ?? ''), [
          { name: 'Ada' },
          { type: 'text', text: 'word' },
        ])
      }
      assert.deepEqual(asked, Array(4).fill('Name?'))
      assert.deepEqual(client.errors, [])
    })

    test('resumes a call whose connection broke, and has all its progress once and in order', async (t) => {
      const { client, nodes } = await connected(t, kind)
      const seen: number[] = []
      const result = client.callTool('hold', {}, { onprogress: ({ progress }) => seen.push(progress) })
      const isOwn = (node: Node) => node.stats().callsInProgress === 1
      await eventually(() => nodes.some(isOwn), 'the call')
      const own = nodes.find(isOwn) as Node
      const call = await own.held.next()
      call.ctx.progress(1)
      await eventually(() => seen.length === 1, 'the first progress')
      own.http.closeAllConnections()
      for (let progress = 2; progress < 10; progress++) call.ctx.progress(progress)
      await eventually(() => seen.length === 9, 'the rest of the progress')
      call.finish('done')
      assert.equal((await result).content[0]?.text, 'done')
      assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9])
      assert.equal(client.responses.length, new Set(client.responses).size)
    })

    test('hears of changes that any node announces', async (t) => {
      const { client, nodes } = await connected(t, kind)
      for (const { server } of nodes)
        server.registerResource('note', 'note://1', { subscribe: true }, () => 'x')
      await client.inbox.wait('notifications/resources/list_changed')
      await client.api.subscribeResource({ uri: 'note://1' })
      for (const [index, { server }] of nodes.entries()) {
        server.notifyResourceUpdated('note://1')
        await client.inbox.wait('notifications/resources/updated', index + 1)
      }
      await client.api.ping()
      assert.equal(client.inbox.of('notifications/resources/updated').length, 3)
    })
  })
}
