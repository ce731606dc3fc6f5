/** Servers that answer with what is none, or with what would act on the terminal; and what they cannot hold up. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  event,
  failure,
  result,
  type Script,
  scripted,
  stateless,
  stream,
} from '../client/scripted-server.ts'
import { elicit } from '../client/stateless-script.ts'
import { endOfTurn, within } from '../helpers/within.ts'
import { run, start } from './terminal-session.ts'

/** CSI and OSC of 8 bits, which JSON leaves as they are, and what turns the direction of writing. */
const EVIL = '\u001b[2J\u009b2J\u009d0;x\u009c\u202e\u2066'
// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/
const ALL = { tools: {}, prompts: {}, resources: {} }
const ADDRESS = '/mcp'

/** Answers each method with one result, and `server/discover` as if it offered everything. */
const answering = (results: { readonly [method: string]: object }): Script => {
  const script = stateless((exchange) => result(exchange, results[exchange.what] ?? {}), ALL)
  return (exchange) => (exchange.what === 'GET' ? exchange.response.writeHead(404).end() : script(exchange))
}

const EMPTY = {
  'tools/list': { tools: [] },
  'prompts/list': { prompts: [] },
  'resources/list': { resources: [] },
  'resources/templates/list': { resourceTemplates: [] },
}

test('nothing that a server says acts on the terminal, with --json neither', async (t) => {
  const texts = { name: EVIL, title: EVIL, description: EVIL, mimeType: EVIL, [EVIL]: EVIL }
  const schema = { type: 'object', properties: { [EVIL]: { enum: [EVIL], description: EVIL } } }
  const content = [
    { type: 'text', text: EVIL },
    { type: EVIL },
    { type: 'image', mimeType: EVIL, data: EVIL },
    { type: 'resource_link', name: EVIL, uri: EVIL },
    { type: 'resource', resource: { uri: EVIL, blob: EVIL, mimeType: EVIL } },
    EVIL,
  ]
  const server = await scripted(
    t,
    answering({
      'tools/list': {
        tools: [
          { ...texts, name: 'a', inputSchema: schema },
          { ...texts, inputSchema: {} },
        ],
      },
      'prompts/list': { prompts: [{ ...texts, arguments: [{ ...texts }] }] },
      'resources/list': { resources: [{ ...texts, uri: EVIL }] },
      'resources/templates/list': { resourceTemplates: [{ ...texts, uriTemplate: EVIL }] },
      'tools/call': { content, structuredContent: { [EVIL]: EVIL } },
      'prompts/get': { description: EVIL, messages: [{ role: EVIL, content: content[0] }] },
      'resources/read': { contents: [{ uri: EVIL, text: EVIL }] },
    }),
  )
  for (const args of [
    ['inspect', server.url],
    ['call', server.url, 'a'],
    ['call', server.url, 'b'],
    ['prompt', server.url, 'p'],
    ['read', server.url, 'file:///a'],
    ['names', server.url, 'call'],
  ]) {
    for (const json of [[], ['--json']]) {
      const session = start(t, [...args, ...json, '--no-color'], { isTTY: true })
      await session.code
      const shown = session.stdout() + session.stderr()
      assert.doesNotMatch(shown, ACTS, JSON.stringify([...args, ...json, shown]))
      if (json.length > 0 && session.stdout() !== '' && args[0] !== 'names') JSON.parse(session.stdout())
    }
  }
})

test('log messages, errors and forms of a server do not act on the terminal', async (t) => {
  const log = {
    jsonrpc: '2.0',
    method: 'notifications/message',
    params: { level: EVIL, data: { [EVIL]: EVIL } },
  }
  const logging = await scripted(
    t,
    stateless((e) => {
      const error = { code: -32000, message: EVIL, data: { requiredCapabilities: 5 } }
      stream(e).end(event(log) + event({ jsonrpc: '2.0', id: e.message.id, error }))
    }),
  )
  const { code, stderr } = await run(t, ['read', logging.url, 'file:///a'])
  assert.equal(code, 4)
  assert.match(stderr, /error -32000/)
  assert.doesNotMatch(stderr, ACTS)

  const properties = {
    [EVIL]: { type: 'string', oneOf: [{ const: 'x', title: EVIL }], description: EVIL, default: 'x' },
  }
  const params = { message: EVIL, requestedSchema: { type: 'object', properties } }
  const inputRequests = { a: { ...elicit, params } }
  const forms = await scripted(
    t,
    stateless((e) => result(e, { resultType: 'input_required', inputRequests })),
  )
  const session = start(t, ['read', forms.url, 'file:///a'], { isTTY: true, env: { NO_COLOR: '1' } })
  await session.shows('empty: "x"')
  // The prompt itself is written with codes of the line editor.
  const lines = session.stderr().split('\n').slice(0, -1).join('\n')
  assert.doesNotMatch(lines, ACTS)
  assert.ok(!session.stderr().includes('\u009b') && !session.stderr().includes('\u202e'))
  session.interrupts()
  assert.equal(await within(session.code, () => 'the end'), 130)
})

test('an error of the server with data of any kind is explained', async (t) => {
  for (const data of [{ requiredCapabilities: null }, { requiredCapabilities: 'x' }, null, 5, []]) {
    const server = await scripted(
      t,
      stateless((e) => failure(e, -32003, 'no', 200, data)),
    )
    const { code, stderr } = await run(t, ['read', server.url, 'file:///a'])
    assert.equal(code, 4)
    assert.match(stderr, /the server answered with the error -32003: no/)
  }
})

test('what a server gives in place of texts and objects is shown as it is, and is no mistake of the caller', async (t) => {
  const odd = [null, 5, [], { toString: 1 }, 'text']
  const tool = {
    name: 'a',
    inputSchema: { type: 'object', properties: { p: { type: odd, description: odd } } },
  }
  const server = await scripted(
    t,
    answering({
      'tools/list': {
        tools: [
          { ...tool, title: 5, description: { a: 1 } },
          { name: 'b', inputSchema: null },
        ],
      },
      'prompts/list': {
        prompts: [
          { name: 'p', description: 5, arguments: 5 },
          { name: 'q', arguments: odd },
        ],
      },
      'resources/list': { resources: [{ uri: 'u', name: null, mimeType: 5 }] },
      'resources/templates/list': { resourceTemplates: [{ uriTemplate: 't', title: {} }] },
      'tools/call': {
        content: [...odd, { type: 'text' }, { type: 'text', text: 5 }, { type: 'resource', resource: null }],
      },
      'prompts/get': { messages: odd },
      'resources/read': { contents: [...odd, { uri: 5, blob: 5 }, { text: { a: 1 } }] },
    }),
  )
  for (const args of [
    ['inspect', server.url],
    ['call', server.url, 'a'],
    ['call', server.url, 'b'],
    ['prompt', server.url, 'p'],
    ['prompt', server.url, 'q'],
    ['read', server.url, 'file:///a'],
  ]) {
    for (const more of [[], ['--json']]) {
      const { code, stderr } = await run(t, [...args, ...more])
      assert.deepEqual([code, stderr], [0, ''], args.join(' '))
    }
  }
  const { stdout } = await run(t, ['call', server.url, 'a'])
  assert.equal(stdout, '\n5\n[]\n{"toString":1}\ntext\n\n5\n\n')
})

test('Ctrl-C ends each command while the server does not answer it, and while standard input has more', async (t) => {
  for (const [method, args] of [
    ['tools/list', ['inspect', ADDRESS]],
    ['tools/list', ['call', ADDRESS, 'a']],
    ['tools/list', ['names', ADDRESS, 'call']],
    ['prompts/list', ['prompt', ADDRESS, 'a']],
    ['resources/read', ['read', ADDRESS, 'file:///a']],
    ['server/discover', ['inspect', ADDRESS]],
    ['', ['call', ADDRESS, 'a', '-']],
  ] as const) {
    const tools = { tools: [{ name: 'a', inputSchema: {} }] }
    const script = answering({ ...EMPTY, 'tools/list': tools })
    const server = await scripted(t, (e) => (e.what === method ? undefined : script(e)))
    const session = start(
      t,
      args.map((arg) => (arg === ADDRESS ? server.url : arg)),
    )
    while (!server.log().includes(method || 'tools/list')) await endOfTurn()
    for (let turn = 0; turn < 20; turn++) await endOfTurn()
    session.interrupts()
    assert.equal(await within(session.code, () => `the end of ${args.join(' ')}`, 10_000), 130)
  }
})

test('call - reads characters that are cut between two chunks', async (t) => {
  let sent: unknown
  const tools = [{ name: 'a', inputSchema: {} }]
  const server = await scripted(
    t,
    stateless(
      (e) => {
        if (e.what === 'tools/list') return result(e, { tools })
        sent = e.message.params.arguments
        return result(e, { content: [] })
      },
      { tools: {} },
    ),
  )
  const session = start(t, ['call', server.url, 'a', '-'])
  const bytes = Buffer.from('{"a":"ä€😀"}')
  for (const byte of bytes) session.writes(Buffer.of(byte))
  session.closes()
  assert.equal(await session.code, 0)
  assert.deepEqual(sent, { a: 'ä€😀' })
})

test('metadata without end is given up by inspect', async (t) => {
  let written = 0
  const script = answering(EMPTY)
  const server = await scripted(t, (e) => {
    if (e.what !== 'GET') return script(e)
    const piece = Buffer.alloc(65_536, ' ')
    const more = (): unknown => {
      while (!e.response.destroyed && e.response.write(piece)) written += piece.length
      return e.response.once('drain', more)
    }
    return more()
  })
  const { code } = await run(t, ['inspect', server.url])
  assert.equal(code, 0)
  assert.ok(written < 30_000_000, `${written} bytes`)
})
