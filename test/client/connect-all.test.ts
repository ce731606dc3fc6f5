/** connectAll: several servers from one configuration. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectAll } from '../../src/client/index.ts'
import { stdio } from '../../src/client/stdio.ts'
import { result, scripted, stateless } from './scripted-server.ts'

const tools = (...names: string[]) =>
  stateless(
    (exchange) => {
      if (exchange.what === 'tools/list') {
        return result(exchange, { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) })
      }
      const text = `${exchange.message.params.name} of ${exchange.request.headers['x-name']}`
      return result(exchange, { content: [{ type: 'text', text }] })
    },
    { tools: {} },
  )

test('connectAll connects to all servers, and one that fails does not keep the others away', async (t) => {
  const one = await scripted(t, tools('search', 'read'))
  const two = await scripted(t, tools('search', 'one_search'))
  const gone = await scripted(t, () => {})
  await gone.stop()
  const mcpServers = {
    one: { url: one.url, headers: { 'x-name': 'one' } },
    gone: { url: gone.url },
    off: { url: gone.url, disabled: true },
    nothing: {},
    program: { command: 'node' },
    two: { type: 'http', url: two.url, headers: { 'x-name': 'two' } },
  }
  await using servers = await connectAll({ mcpServers }, { retries: 0 })
  assert.deepEqual([...servers.clients.keys()], ['one', 'two'])
  assert.deepEqual(
    [...servers.failures]
      .map(([name, error]) => [name, (error as { code?: string }).code ?? String(error)])
      .sort(),
    [
      ['gone', 'ERR_CONNECTION'],
      ['nothing', 'TypeError: mcpServers["nothing"] needs a url or a command'],
      [
        'program',
        'TypeError: mcpServers["program"] has a command: give connectAll the option stdio, from barewire/client/stdio',
      ],
    ],
  )

  const listed = await servers.tools()
  assert.deepEqual(
    listed.map(({ name, server, ownName }) => [name, server, ownName]),
    [
      ['one_search_2', 'one', 'search'],
      ['read', 'one', 'read'],
      ['two_search', 'two', 'search'],
      ['one_search', 'two', 'one_search'],
    ],
  )
  for (const [name, text] of [
    ['one_search_2', 'search of one'],
    ['two_search', 'search of two'],
    ['one_search', 'one_search of two'],
    ['read', 'read of one'],
  ] as const) {
    assert.deepEqual((await servers.callTool(name)).content, [{ type: 'text', text }])
  }
  await assert.rejects(servers.callTool('none'), {
    code: 'ERR_NOT_SUPPORTED',
    message: /None of the servers has a tool "none"/,
  })
})

test('connectAll: a server with one name many times does not hold up the others, nor does an entry that is none', async (t) => {
  const one = await scripted(t, tools(...Array.from({ length: 20_000 }, () => 'a')))
  const two = await scripted(t, tools('a'))
  const mcpServers = { nothing: null as never, one: { url: one.url }, two: { url: two.url } }
  await using servers = await connectAll({ mcpServers })
  assert.match(String(servers.failures.get('nothing')), /mcpServers\["nothing"\] must be of type object/)
  const listed = await servers.tools()
  assert.deepEqual(
    [listed[0]?.name, listed[1]?.name, listed.at(-2)?.name, listed.at(-1)?.name],
    ['one_a', 'one_a_2', 'one_a_20000', 'two_a'],
  )
})

test('connectAll starts programs with the option stdio', async () => {
  const program = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line)
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { supportedVersions: ['2026-07-28'], capabilities: {}, serverInfo: { name: process.env.NAME, version: '1' } } }))
  })`
  const mcpServers = {
    local: { command: process.execPath, args: ['-e', program], env: { NAME: 'local one' } },
  }
  await using servers = await connectAll({ mcpServers }, { stdio })
  assert.equal(servers.get('local')?.serverInfo?.name, 'local one')
})

test('connectAll refuses what is no configuration', async () => {
  await assert.rejects(connectAll({} as never), /config.mcpServers must be of type object; got undefined/)
  await assert.rejects(connectAll(undefined as never), /config must be of type object; got undefined/)
})
