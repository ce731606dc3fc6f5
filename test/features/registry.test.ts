/** Registries: handles that change a running server, who is told, who may see what, and lists made once. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Handle, RequestContext } from '../../src/index.ts'
import type { SseStream, TestSession } from '../helpers/wire.ts'
import { define, join, names, open, start } from './offering.ts'

const changed = (kind: string) => ({ jsonrpc: '2.0', method: `notifications/${kind}/list_changed` })

/** A listening stream, once the server has it: what is sent from now on arrives. */
async function listening(session: TestSession): Promise<SseStream> {
  const stream = await session.listen()
  await stream.until(() => true)
  return stream
}

test('a handle updates, disables, enables and removes its tool, in its place in the list', async (t) => {
  const { server } = define()
  const first = server.registerTool('first', { description: 'old', title: 'kept' }, () => 'first')
  server.registerTool('second', {}, () => 'second')
  const session = await open(t, server)
  assert.deepEqual([first.name, first.enabled], ['first', true])

  first.update({ description: 'new' })
  const [tool] = (await session.request('tools/list')).result.tools
  assert.deepEqual([tool.name, tool.description, tool.title], ['first', 'new', 'kept'])

  first.disable()
  assert.equal(first.enabled, false)
  assert.deepEqual(await names(session, 'tools'), ['second'])
  const off = await session.call('first')
  const never = await session.call('fist')
  assert.equal(off.error.message.replace('first', 'fist'), never.error.message)

  first.update({ description: 'newer' })
  assert.equal(first.enabled, false)
  first.enable()
  assert.deepEqual(await names(session, 'tools'), ['first', 'second'])
  assert.equal((await session.call('first')).result.content[0].text, 'first')

  first.remove()
  first.remove()
  assert.deepEqual(await names(session, 'tools'), ['second'])
  server.registerTool('first', {}, () => 'again')
  first.update({ description: 'from the grave' })
  first.remove()
  assert.deepEqual(await names(session, 'tools'), ['second', 'first'])
  assert.equal((await session.call('first')).result.content[0].text, 'again')
})

test('an update that is not valid throws and leaves the entry as it was', async (t) => {
  const { server } = define()
  const handle = server.registerTool('t', { description: 'good' }, () => 'ran')
  assert.throws(() => handle.update({ inputSchema: { type: 'strnig' } }), /tool "t" inputSchema/)
  const session = await open(t, server)
  assert.equal((await session.request('tools/list')).result.tools[0].description, 'good')
})

test('handles of prompts, resources and templates work the same', async (t) => {
  const { server } = define()
  const handles: [Handle<never>, 'prompts/list' | 'resources/list' | 'resources/templates/list'][] = [
    [server.registerPrompt('p', {}, () => ''), 'prompts/list'],
    [server.registerResource('r', 'memo://r', {}, () => ''), 'resources/list'],
    [server.registerResourceTemplate('f', 'memo://f/{id}', {}, () => ''), 'resources/templates/list'],
  ]
  const session = await open(t, server)
  for (const [handle, method] of handles) {
    const listed = async () => {
      const [entries] = Object.values((await session.request(method)).result) as { name: string }[][]
      return entries?.map(({ name }) => name)
    }
    assert.deepEqual(await listed(), [handle.name])
    handle.update({ title: 'T' } as never)
    assert.match(JSON.stringify((await session.request(method)).result), /"title":"T"/)
    handle.disable()
    assert.deepEqual(await listed(), [])
    handle.enable()
    assert.deepEqual(await listed(), [handle.name])
    handle.remove()
    assert.deepEqual(await listed(), [])
  }
})

test('a second registration of the same name or URI throws and names it', () => {
  const { server } = define()
  server.registerPrompt('p', {}, () => '')
  server.registerResource('r', 'memo://r', {}, () => '')
  server.registerResourceTemplate('f', 'memo://{id}', {}, () => '')
  assert.throws(() => server.registerPrompt('p', {}, () => ''), /prompt called "p" is registered already/)
  assert.throws(
    () => server.registerResource('other', 'memo://r', {}, () => ''),
    /resource called "memo:\/\/r" is registered/,
  )
  assert.throws(
    () => server.registerResourceTemplate('f', 'memo://x/{id}', {}, () => ''),
    /resource template called "f" is registered/,
  )
})

test('every listening session hears once of changes made together [tools.list-changed] [resources.list-changed] [prompts.list-changed]', async (t) => {
  const { server } = define()
  const tool = server.registerTool('t', {}, () => '')
  const prompt = server.registerPrompt('p', {}, () => '')
  const resource = server.registerResource('r', 'memo://r', {}, () => '')
  const url = await start(t, server)
  const streams = []
  for (const revision of ['2025-03-26', '2025-11-25']) {
    const session = await join(t, url, { protocolVersion: revision })
    const { tools, prompts, resources } = session.initializeResult.capabilities
    assert.deepEqual([tools, prompts, resources], Array(3).fill({ listChanged: true }))
    streams.push(await listening(session))
  }
  tool.update({ title: 'a' })
  tool.disable()
  tool.disable()
  for (let i = 0; i < 10; i += 1) server.registerTool(`t${i}`, {}, () => '')
  prompt.disable()
  resource.remove()
  for (const stream of streams) {
    for (const kind of ['tools', 'prompts', 'resources']) {
      assert.deepEqual(await stream.nextMessage(), changed(kind))
    }
  }
  tool.enable()
  for (const stream of streams) {
    assert.deepEqual(await stream.nextMessage(), changed('tools'))
    assert.equal(stream.messages.length, 4)
  }
  // Nothing changes, so nothing is said.
  tool.enable()
  resource.remove()
  resource.disable()
  prompt.update({ title: 'nobody sees it' })
  prompt.remove()
  server.registerPrompt('q', {}, () => '')
  for (const stream of streams) assert.deepEqual(await stream.nextMessage(), changed('prompts'))
})

test('visible decides for each request who may list and call [tools.access-control] [resources.access-control]', async (t) => {
  const { server } = define()
  const visible = (ctx: RequestContext) => ctx.client.name === 'admin'
  server.registerTool('open', {}, () => 'ran')
  server.registerTool('secret', { visible }, () => 'ran')
  server.registerPrompt('secret', { visible }, () => 'ran')
  server.registerResource('secret', 'memo://secret', { visible }, () => 'ran')
  server.registerResourceTemplate('secret', 'memo://secret/{id}', { visible }, () => 'ran')
  const url = await start(t, server)
  const admin = await join(t, url, { clientInfo: { name: 'admin', version: '1' } })
  const guest = await join(t, url)
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await names(admin, 'tools'), ['open', 'secret'])
    assert.deepEqual(await names(guest, 'tools'), ['open'])
  }
  assert.deepEqual([await names(admin, 'prompts'), await names(guest, 'prompts')], [['secret'], []])
  assert.deepEqual(
    [await names(admin, 'resources'), await names(guest, 'resources')],
    [['memo://secret'], []],
  )
  const templates = async (session: TestSession) =>
    (await session.request('resources/templates/list')).result.resourceTemplates.length
  assert.deepEqual([await templates(admin), await templates(guest)], [1, 0])

  const asked = [
    ['tools/call', { name: 'secret' }, { name: 'secrex' }],
    ['prompts/get', { name: 'secret' }, { name: 'secrex' }],
    ['resources/read', { uri: 'memo://secret' }, { uri: 'memo://secrex' }],
    ['resources/read', { uri: 'memo://secret/1' }, { uri: 'memo://secrex/1' }],
  ] as const
  for (const [method, params, unknown] of asked) {
    assert.match(JSON.stringify((await admin.request(method, params)).result), /"ran"/)
    const { error } = await guest.request(method, params)
    const other = (await guest.request(method, unknown)).error
    assert.deepEqual(JSON.parse(JSON.stringify(error).replaceAll('secret', 'secrex')), other)
  }
})

test('a visible that answers with something else than true hides', async (t) => {
  const { server } = define()
  const answers: unknown[] = [Promise.resolve(true), 'yes', 1, undefined, false]
  for (const [index, answer] of answers.entries()) {
    server.registerTool(`t${index}`, { visible: () => answer as boolean }, () => 'ran')
  }
  const session = await open(t, server)
  assert.deepEqual(await names(session, 'tools'), [])
  for (const index of answers.keys()) assert.equal((await session.call(`t${index}`)).error.code, -32602)
})

test('a list is serialised once, whatever number of clients ask, and again after a change', async (t) => {
  const { server } = define()
  let serialised = 0
  const description = {
    toJSON: () => {
      serialised += 1
      return 'counted'
    },
  } as unknown as string
  const handle = server.registerTool('t', { description }, () => '')
  server.registerTool('other', {}, () => '')
  assert.equal(serialised, 1)
  const listOnce = () => server.tools.list({} as never, undefined, server.pageSize)
  const text = listOnce()
  const url = await start(t, server)
  for (let i = 0; i < 5; i += 1) await names(await join(t, url), 'tools')
  assert.equal(listOnce(), text)
  assert.equal(serialised, 1)
  handle.update({ title: 'changed' })
  assert.notEqual(listOnce(), text)
  assert.equal(listOnce(), listOnce())
  assert.equal(serialised, 2)
})

test('one definition serves two handlers at once, and its changes reach the clients of both', async (t) => {
  const { server } = define()
  const handle = server.registerTool('t', {}, (_args, ctx) => ctx.session?.id ?? '')
  const sessions = [await open(t, server), await open(t, server)]
  const streams = await Promise.all(sessions.map(listening))
  handle.update({ title: 'new' })
  for (const stream of streams) assert.deepEqual(await stream.nextMessage(), changed('tools'))
  for (const session of sessions) {
    assert.equal((await session.call('t')).result.content[0].text, session.sessionId)
  }
})

test('Registry.some looks at its entries once for each question, and again after a change', () => {
  const { server } = define()
  for (const name of ['a', 'b', 'c']) server.registerTool(name, {}, () => name)
  let looked = 0
  const test = (tool: { readonly key: string }) => {
    looked += 1
    return tool.key === 'd'
  }
  for (let times = 0; times < 100; times++) assert.equal(server.tools.some(test), false)
  assert.equal(looked, 3)
  const d = server.registerTool('d', {}, () => 'd')
  for (let times = 0; times < 100; times++) assert.equal(server.tools.some(test), true)
  assert.equal(looked, 7)
  d.remove()
  assert.equal(server.tools.some(test), false)
})
