/** The official clients on three nodes: each request reaches another node than the one before. */

import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { needs } from '../helpers/needs.ts'
import { post } from '../helpers/wire.ts'
import { within } from '../helpers/within.ts'
import { clientV1 } from '../interop/client-v1.ts'
import type { ClientV2 } from '../interop/client-v2.ts'
import type { ClientKind, ConnectOptions, RealClient } from '../interop/real-client.ts'
import { kinds, statelessKinds } from '../interop/setup.ts'
import { TaskClient } from '../stateless-era/task-client.ts'
import { Cluster } from './cluster.ts'
import { ANNOUNCED, WATCHED } from './load-tools.ts'

const UPDATED = 'notifications/resources/updated'
const TOOLS = 'notifications/tools/list_changed'
const capabilities = { elicitation: { form: {} }, sampling: {}, tasks: { list: {}, cancel: {} } }
const answers: NonNullable<ConnectOptions['answers']> = {
  'elicitation/create': ({ message }) => ({ action: 'accept', content: { name: `${message}!` } }),
  'sampling/createMessage': () => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'a thought' },
  }),
}

describe('three nodes', needs('redis-server'), () => {
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.start()
  })
  after(() => cluster?.close())

  async function connect<Connected extends RealClient>(t: TestContext, kind: ClientKind<Connected>) {
    const client = await kind.connect({ url: cluster.url, capabilities, answers })
    t.after(() => client.close())
    return client
  }

  /** What a test sent, by node. @throws AssertionError: two requests of a session in a row went to the same node */
  async function spread(run: () => Promise<void>): Promise<void> {
    const { log } = cluster.balancer
    log.length = 0
    await run()
    const last = new Map<string, string>()
    for (const { session, node, rpc } of log) {
      if (session !== undefined) assert.notEqual(last.get(session), node, `${rpc} went to ${node} again`)
      last.set(session ?? '', node)
    }
    assert.ok(new Set(log.map(({ node }) => node)).size > 1, JSON.stringify(log))
  }

  const textOf = ({ content }: { content: readonly { text?: string }[] }) => content[0]?.text ?? ''

  for (const kind of [...kinds, ...statelessKinds]) {
    test(`${kind.name} calls tools of any node`, async (t) => {
      const client = await connect(t, kind)
      await spread(async () => {
        const seen = new Set<string>()
        for (let call = 0; call < 6; call++) seen.add(textOf(await client.callTool('whoami')))
        assert.deepEqual([...seen].sort(), ['n1', 'n2', 'n3'])
      })
    })

    test(`${kind.name} is asked by one node and answers through another`, async (t) => {
      const client = await connect(t, kind)
      await spread(async () => {
        for (let call = 0; call < 4; call++) {
          const asked = await within(client.callTool('ask', { id: `c${call}` }), () => 'the result')
          assert.match(textOf(asked), new RegExp(`^c${call} c${call}! n\\d$`))
          const thought = await within(client.callTool('think', { id: 'x' }), () => 'the result')
          assert.match(textOf(thought), /^x m n\d$/)
        }
      })
      assert.deepEqual(client.errors, [])
    })
  }

  for (const kind of kinds) {
    test(`${kind.name} resumes on other nodes, whenever its connection breaks, and gets every message once`, async (t) => {
      const client = await connect(t, kind)
      await spread(async () => {
        const seen: number[] = []
        const onprogress = ({ progress }: { progress: number }) => {
          seen.push(progress)
          if (progress % 5 === 2) cluster.balancer.cut()
        }
        const call = client.callTool('count', { id: 'c', to: 20, pauseMs: 20 }, { onprogress })
        const result = await within(call, () => `the result, after ${seen.join()}`)
        assert.match(textOf(result), /^c done n\d$/)
        assert.deepEqual(
          seen,
          Array.from({ length: 20 }, (_, index) => index + 1),
        )
        assert.ok(cluster.balancer.log.filter(({ method }) => method === 'GET').length >= 4)
      })
    })

    test(`${kind.name} hears of what other nodes announce, also after its stream broke`, async (t) => {
      const client = await connect(t, kind)
      await client.api.subscribeResource({ uri: WATCHED })
      await client.callTool('announce')
      await client.inbox.wait(UPDATED)
      await client.inbox.wait(ANNOUNCED)
      cluster.balancer.cut()
      await client.callTool('announce')
      await client.callTool('change_tools')
      await client.inbox.wait(ANNOUNCED, 2)
      await client.inbox.wait(UPDATED, 2)
      await client.inbox.wait(TOOLS)
      assert.equal(client.inbox.of(ANNOUNCED).length, 2)
      await client.api.unsubscribeResource({ uri: WATCHED })
    })

    test(`${kind.name} ends its session on all nodes`, async (t) => {
      const client = await connect(t, kind)
      for (let call = 0; call < 3; call++) await client.callTool('whoami')
      const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
      const headers = { 'mcp-session-id': client.sessionId, 'mcp-protocol-version': client.protocolVersion }
      const statuses = async () =>
        await Promise.all(cluster.nodes.map(async ({ url }) => (await post(url, ping, headers)).status))
      assert.deepEqual(await statuses(), [200, 200, 200])
      await client.terminate()
      const end = Date.now() + 2000
      let last = await statuses()
      while (last.some((status) => status !== 404) && Date.now() < end) last = await statuses()
      assert.deepEqual(last, [404, 404, 404])
      await assert.rejects(client.callTool('whoami'))
    })
  }

  for (const kind of statelessKinds) {
    test(`${kind.name} listens on one node to what the others announce`, async (t) => {
      const client: ClientV2 = await connect(t, kind)
      await client.sdk.listen({ resourceSubscriptions: [WATCHED], toolsListChanged: true })
      await spread(async () => {
        for (let time = 1; time <= 3; time++) {
          await client.callTool('announce')
          await client.inbox.wait(UPDATED, time)
        }
        await client.callTool('change_tools')
        await client.inbox.wait(TOOLS)
      })
    })
  }

  test('SDK v1 client starts a task on one node, and polls it, is asked by it and gets its result on others', async (t) => {
    const client = await connect(t, clientV1)
    const api = client.api as Client
    await api.listTools()
    await spread(async () => {
      for (const [name, args, expected] of [
        ['job', { id: 'j', ms: 300 }, /^j done n\d$/],
        ['job_ask', { id: 'q' }, /^q q! n\d$/],
      ] as const) {
        const stream = api.experimental.tasks.callToolStream(
          { name, arguments: args },
          CallToolResultSchema,
          {
            task: {},
          },
        )
        let text: string | undefined
        for await (const message of stream) {
          if (message.type === 'error') throw message.error
          if (message.type === 'result') text = textOf(message.result as never)
        }
        assert.match(text ?? '', expected)
      }
    })
  })

  test('a client of the Tasks extension starts, polls, answers and cancels tasks of any node', async () => {
    const client = new TaskClient(cluster.url)
    await spread(async () => {
      const jobs = await Promise.all(['a', 'b', 'c'].map((id) => client.begin('job', { id, ms: 50 })))
      for (const [index, taskId] of jobs.entries()) {
        const { result } = await client.until(taskId, 'completed')
        assert.match(textOf(result), new RegExp(`^${'abc'[index]} done n\\d$`))
      }
      const asking = await client.begin('job_ask', { id: 'q' })
      const { inputRequests } = await client.until(asking, 'input_required')
      const [key = ''] = Object.keys(inputRequests)
      await client.update(asking, { [key]: { action: 'accept', content: { name: 'Ada' } } })
      assert.match(textOf((await client.until(asking, 'completed')).result), /^q Ada n\d$/)
      const long = await client.begin('job', { id: 'l', ms: 60_000 })
      await client.cancel(long)
      await client.until(long, 'cancelled')
    })
  })
})
