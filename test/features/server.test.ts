/** McpServer: options, what initialize tells of it, and lists of what it does not have. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer, type ServerOptions } from '../../src/index.ts'
import { TestSession } from '../helpers/wire.ts'
import { define, open, revisions, start } from './offering.ts'

const lists = [
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
] as const

for (const revision of revisions) {
  test(`a server with nothing on offer declares nothing, and its lists are empty in ${revision} [basic.base-and-lifecycle] [prompts.capability-respected]`, async (t) => {
    const { server } = define()
    const session = await open(t, server, { protocolVersion: revision })
    assert.deepEqual(session.initializeResult, {
      protocolVersion: revision,
      capabilities: {},
      serverInfo: { name: 'test', version: '1.0.0' },
    })
    for (const [method, key] of lists) {
      const { status, result } = await session.request(method)
      assert.deepEqual([status, result], [200, { [key]: [] }])
    }
    assert.deepEqual((await session.request('ping')).result, {})
  })

  test(`name, title, icons and instructions are told as they were given in ${revision}`, async (t) => {
    const info = {
      name: 'n',
      version: '2.0.0',
      title: 'T',
      description: 'D',
      websiteUrl: 'https://example.com',
      icons: [{ src: 'https://example.com/i.png', sizes: ['any'], theme: 'light' }],
    } as const
    const server = new McpServer(info, { instructions: 'Use it well' })
    const session = await open(t, server, { protocolVersion: revision })
    assert.deepEqual(session.initializeResult.serverInfo, info)
    assert.equal(session.initializeResult.instructions, 'Use it well')
  })
}

test('each capability is declared when something needs it, and only then [tools.capability] [resources.capability] [prompts.capability] [completion.capability] [logging.capability]', async (t) => {
  const listChanged = { listChanged: true }
  const cases: [object, ServerOptions, (server: McpServer) => unknown][] = [
    [{ tools: listChanged }, {}, (server) => server.registerTool('t', {}, () => '')],
    [{ prompts: listChanged }, {}, (server) => server.registerPrompt('p', {}, () => '')],
    [{ resources: listChanged }, {}, (server) => server.registerResource('r', 'a:b', {}, () => '')],
    [{ resources: listChanged }, {}, (server) => server.registerResourceTemplate('t', 'a:{b}', {}, () => '')],
    [
      { resources: { ...listChanged, subscribe: true } },
      {},
      (server) => server.registerResource('r', 'a:b', { subscribe: true }, () => ''),
    ],
    [
      { resources: listChanged },
      {},
      (server) => server.registerResource('r', 'a:b', { subscribe: false }, () => ''),
    ],
    [
      { resources: listChanged, completions: {} },
      {},
      (server) => server.registerResourceTemplate('t', 'a:{b}', { complete: { b: () => [] } }, () => ''),
    ],
    [{ logging: {} }, { logging: true }, () => undefined],
    [{ logging: {} }, { logging: 'error' }, () => undefined],
    [{}, { logging: false }, () => undefined],
  ]
  for (const [expected, options, register] of cases) {
    const { server } = define(options)
    register(server)
    const session = await open(t, server)
    assert.deepEqual(session.initializeResult.capabilities, expected)
  }
})

test('what is disabled for the moment is still declared', async (t) => {
  const { server } = define()
  server.registerTool('t', {}, () => '').disable()
  const session = await open(t, server)
  assert.deepEqual(session.initializeResult.capabilities, { tools: { listChanged: true } })
})

test('without sessions nothing is declared that needs one', async (t) => {
  const { server } = define({ logging: true })
  server.registerTool('t', {}, (_args, ctx) => {
    ctx.log.error('into the void')
    return String(ctx.session)
  })
  server.registerResource('r', 'a:b', { subscribe: true }, () => '')
  const url = await start(t, server, { sessions: false })
  const session = await TestSession.open(url)
  t.after(() => session.close())
  assert.deepEqual(session.initializeResult.capabilities, { tools: {}, resources: {} })
  const reply = await session.call('t')
  assert.deepEqual([reply.messages.length, reply.result.content[0].text], [1, 'undefined'])
  assert.equal((await session.request('logging/setLevel', { level: 'debug' })).error.code, -32601)
})

test('wrong names and options throw and name what is wrong', () => {
  const info = { name: 'n', version: '1' }
  const wrong: [unknown, unknown, RegExp][] = [
    [undefined, {}, /needs \{ name, version \}/],
    [{ name: 'n' }, {}, /needs \{ name, version \}/],
    [{ name: 5, version: '1' }, {}, /both strings/],
    [{ ...info, title: 5 }, {}, /McpServer title must be a string; got the number 5/],
    [{ ...info, websiteUrl: new Map() }, {}, /McpServer websiteUrl must be a string; got a Map/],
    [{ ...info, icons: [{ src: 'icon.png' }] }, {}, /McpServer icons\[0\]\.src must be an absolute URI/],
    [{ ...info, icons: [{ src: 'a:b', size: 1n }] }, {}, /McpServer cannot be written as JSON: .*BigInt/],
    [info, { instruction: 'x' }, /no option "instruction"/],
    [info, { instructions: ['x'] }, /McpServer instructions must be a string; got an array/],
    [info, { onError: 'x' }, /McpServer onError must be a function; got a string/],
    [info, { logging: 'loud' }, /logging must be true, false or one of debug/],
    [info, { pageSize: 0 }, /pageSize must be/],
  ]
  for (const [first, second, message] of wrong) {
    assert.throws(() => new McpServer(first as typeof info, second as ServerOptions), message)
  }
  const server = new McpServer(info)
  assert.throws(() => server.use(5 as never), /use\(\) needs a function/)
})

test('no server object is made for a request or a session, and errors go to standard error by default', async (t) => {
  const printed = t.mock.method(console, 'error', () => {})
  const server = new McpServer({ name: 'n', version: '1' })
  const seen = new Set<unknown>()
  server.use(function (this: unknown, _ctx, next) {
    seen.add(server.tools.find('t', _ctx))
    return next()
  })
  server.registerTool('t', {}, () => {
    throw new Error('printed')
  })
  for (let index = 0; index < 3; index += 1) {
    const session = await open(t, server)
    await session.call('t')
    await session.call('t')
  }
  assert.equal(seen.size, 1)
  assert.equal(printed.mock.callCount(), 6)
  assert.match(String(printed.mock.calls[0]?.arguments.join(' ')), /barewire: handler error .*printed/)
})
