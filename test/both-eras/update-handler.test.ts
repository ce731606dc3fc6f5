/** `update({ handler })` of tools, prompts, resources and templates, in both eras: what runs then, and what is announced. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { McpServer, RequestContext } from '../../src/index.ts'
import { define, start } from '../features/offering.ts'
import type { StatelessClient } from '../helpers/stateless-client.ts'
import { clientOf, ERAS, type EraName } from '../helpers/streamed-call.ts'
import { type SseStream, TestSession } from '../helpers/wire.ts'

/** One of each kind, and what a client asks of it. */
function defineAll() {
  const { server } = define()
  const inputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const
  const handles = {
    tool: server.registerTool('t', { inputSchema }, ({ n }) => `old ${n}`),
    prompt: server.registerPrompt('p', {}, () => 'old'),
    resource: server.registerResource('r', 'memo://r', {}, () => 'old'),
    template: server.registerResourceTemplate('f', 'memo://f/{id}', {}, (_, { id }) => `old ${id}`),
  }
  return { server, ...handles }
}

const asked = [
  ['tools/call', { name: 't', arguments: { n: 5 } }],
  ['prompts/get', { name: 'p' }],
  ['resources/read', { uri: 'memo://r' }],
  ['resources/read', { uri: 'memo://f/x' }],
] as const

async function opened(t: TestContext, server: McpServer, era: EraName) {
  const client = await clientOf(await start(t, server), era)
  if (client instanceof TestSession) t.after(() => client.close())
  return client
}

async function answers(client: TestSession | StatelessClient): Promise<string[]> {
  const texts = []
  for (const [method, params] of asked) {
    const { result } = await client.request(method, params)
    texts.push((result.content?.[0] ?? result.messages?.[0].content ?? result.contents[0]).text)
  }
  return texts
}

async function listening(t: TestContext, client: TestSession | StatelessClient): Promise<SseStream> {
  const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
  const stream = await (client instanceof TestSession ? client.listen() : client.listen(all))
  t.after(() => stream.close())
  if (client instanceof TestSession) await stream.until(() => true)
  else await stream.nextMessage()
  return stream
}

for (const era of ERAS) {
  test(`update({ handler }) runs the new handler of each kind from then on in the ${era} era, and nothing is announced`, async (t) => {
    const { server, tool, prompt, resource, template } = defineAll()
    const client = await opened(t, server, era)
    const lists = async () => {
      const results = []
      for (const kind of ['tools', 'prompts', 'resources', 'resources/templates'])
        results.push((await client.request(`${kind}/list`)).result)
      return results
    }
    const before = await lists()
    assert.deepEqual(await answers(client), ['old 5', 'old', 'old', 'old x'])
    const stream = await listening(t, client)
    tool.update({ handler: ({ n }) => `new ${n + 1}` })
    prompt.update({ handler: () => 'new' })
    resource.update({ handler: (uri) => `new ${uri.pathname}` })
    template.update({ handler: (_, { id }) => `new ${id}` })
    assert.deepEqual(await answers(client), ['new 6', 'new', 'new ', 'new x'])
    assert.deepEqual(await lists(), before)
    // Neither what only a call or a read can show, nor what says the same as before, changes a list.
    tool.update({ timeoutMs: 5000, rateLimit: { perSecond: 100, burst: 100 }, title: undefined })
    prompt.update({ complete: undefined })
    resource.update({ cache: { ttlMs: 1000 }, subscribe: true })
    template.update({ complete: { id: () => [] } })
    resource.disable()
    resource.enable()
    assert.match((await stream.nextMessage()).method, /resources/)
    tool.update({ handler: () => 'last', description: 'said' })
    assert.match((await stream.nextMessage()).method, /tools/)
    assert.equal((await answers(client))[0], 'last')
  })

  test(`what changes a list is announced in the ${era} era: texts, who may see it, what a template lists`, async (t) => {
    const { server, tool, prompt, template } = defineAll()
    const client = await opened(t, server, era)
    const stream = await listening(t, client)
    const expectNext = async (kind: string) =>
      assert.match((await stream.nextMessage()).method, new RegExp(kind))
    prompt.update({ visible: (ctx: RequestContext) => ctx.client.name === 'nobody' })
    await expectNext('prompts')
    assert.deepEqual((await client.request('prompts/list')).result.prompts, [])
    template.update({ list: () => [{ uri: 'memo://f/1', name: 'one' }] })
    await expectNext('resources')
    assert.equal((await client.request('resources/list')).result.resources.length, 2)
    tool.disable()
    await expectNext('tools')
    // Nobody sees what becomes of it.
    tool.update({ description: 'unseen' })
    tool.remove()
    tool.enable()
    tool.update({ description: 'gone' })
    template.update({ title: 'seen' })
    await expectNext('resources')
  })

  test(`a call that runs while its handler is replaced ends with the one it began with in the ${era} era`, async (t) => {
    const { server } = define()
    let finish = () => {}
    let started = () => {}
    const running = new Promise<void>((resolve) => {
      started = resolve
    })
    const tool = server.registerTool('slow', {}, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
        started()
      })
      return 'old'
    })
    const client = await opened(t, server, era)
    const call = () => client.request('tools/call', { name: 'slow', arguments: {} })
    const first = call()
    await running
    tool.update({ handler: () => 'new' })
    assert.equal((await call()).result.content[0].text, 'new')
    finish()
    assert.equal((await first).result.content[0].text, 'old')
  })

  test(`a new schema and its handler are one update in the ${era} era, and a refused one changes neither`, async (t) => {
    const { server, tool } = defineAll()
    const client = await opened(t, server, era)
    const wrong = { inputSchema: { type: 'strnig' }, handler: () => 'wrong' }
    assert.throws(() => tool.update(wrong), /inputSchema/)
    const call = async (args: object) =>
      (await client.request('tools/call', { name: 't', arguments: args })).result
    assert.equal((await call({ n: 5 })).content[0].text, 'old 5')
    tool.update({
      inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      handler: ({ city }) => `new ${city.toUpperCase()}`,
    })
    assert.equal((await call({ city: 'bern' })).content[0].text, 'new BERN')
    assert.equal((await call({ n: 5 })).isError, true)
  })
}
