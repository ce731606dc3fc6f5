/** The barewire command: what it prints, what it asks, and its exit codes. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { McpServer, serve } from '../../src/index.ts'
import { offering } from '../client/offering.ts'
import { failure, result, scripted, stateless } from '../client/scripted-server.ts'
import { within } from '../helpers/within.ts'
import { serving } from './serving.ts'
import { run, start } from './terminal-session.ts'

test('inspect shows who the server is and what it offers, tools with their parameters', async (t) => {
  const url = await serving(t)
  const { code, stdout } = await run(t, ['inspect', url])
  assert.equal(code, 0)
  for (const line of [
    'offers 1.2.3',
    `address   ${url}`,
    '2026-07-28, without sessions',
    'be kind',
    'Tools (5)',
  ]) {
    assert.ok(stdout.includes(line), `${line} in ${stdout}`)
  }
  assert.match(stdout, /^ {2}add\n {6}a {2}number {2}needed\n {6}b {2}number {2}needed$/m)
  assert.match(stdout, /^ {2}note:\/\/1 {2}text\/plain {2}note$/m)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
})

test('inspect says whether credentials were sent, and what the metadata of the server names', async (t) => {
  const open = await run(t, ['inspect', await serving(t)])
  assert.match(open.stdout, /^ {2}auth +none was asked for$/m)
  let metadata: object | undefined = {
    authorization_servers: ['https://auth.example'],
    scopes_supported: ['read', 'write'],
  }
  const server = await scripted(t, (exchange) => {
    const { request, response } = exchange
    if (request.url === '/.well-known/oauth-protected-resource/mcp') {
      assert.equal(request.headers.authorization, undefined)
      return response.end(JSON.stringify(metadata))
    }
    return stateless(() => {})(exchange)
  })
  const token = ['--token', 'secret']
  const { stdout } = await run(t, ['inspect', server.url, ...token])
  assert.match(stdout, /^ {2}auth +with credentials; OAuth at https:\/\/auth\.example, scopes read write$/m)
  const { auth } = JSON.parse((await run(t, ['inspect', server.url, '--json', ...token])).stdout).server
  assert.deepEqual(auth, {
    sent: true,
    authorizationServers: ['https://auth.example'],
    scopes: ['read', 'write'],
  })
  metadata = undefined
  assert.match((await run(t, ['inspect', server.url, ...token])).stdout, /^ {2}auth +with credentials$/m)
})

test('inspect --json prints one document', async (t) => {
  const { code, stdout } = await run(t, ['inspect', await serving(t), '--json'])
  assert.equal(code, 0)
  const { server, tools, prompts } = JSON.parse(stdout)
  assert.deepEqual([server.revision, tools.length, prompts[0].name], ['2026-07-28', 5, 'greet'])
})

test('call reads key=value by the schema of the tool, and JSON, from the line or from standard input', async (t) => {
  const url = await serving(t)
  const sum = async (...args: string[]) => (await run(t, ['call', url, 'add', ...args])).stdout
  assert.equal(await sum('a=1', 'b=2.5'), '{"sum":3.5}\n')
  assert.equal(await sum('{"a":1,"b":2}'), '{"sum":3}\n')
  const session = start(t, ['call', url, 'add', '-'])
  session.types('{"a":2,')
  session.types('"b":2}')
  session.closes()
  assert.equal(await session.code, 0)
  assert.equal(session.stdout(), '{"sum":4}\n')
  assert.equal((await run(t, ['call', '--revision', '2025-11-25', url, 'region', 'region=5'])).stdout, '5\n')
})

test('exit codes: the tool failed 1, called wrongly 2, no connection 3, protocol 4', async (t) => {
  const url = await serving(t)
  const refusing = await scripted(t, ({ response }) => response.writeHead(500).end('ink'))
  const odd = await scripted(
    t,
    stateless((exchange) => failure(exchange, -32603, 'out of ink')),
  )
  const rows: readonly (readonly [number, string[], RegExp])[] = [
    [1, ['call', url, 'fail'], /^out of paper\n$/],
    [2, ['call', url, 'cuont'], /no tool "cuont".*did you mean "count"/],
    [2, ['call', url, 'add', 'a'], /key=value or one JSON object; got "a"/],
    [2, ['call', url, 'add', 'a=x'], /a must be a number; got "x"/],
    [2, ['call', url, 'add', '{"a":'], /not JSON/],
    [2, ['call', url], /call needs the name of a tool/],
    [2, ['inspect'], /inspect needs the URL of a server, or --stdio CMD/],
    [
      2,
      ['call', 'get_weather', 'city=Oslo'],
      /call needs the URL of a server first, or --stdio CMD; got "get_weather"/,
    ],
    [2, ['call', 'city=Os.lo'], /call needs the URL of a server first/],
    [2, ['read', 'file:///a'], /read needs the URL of a server first.*got "file:\/\/\/a"/],
    [2, ['call', '--stdio', 'node x.js', url, 'add'], /--stdio stands in place of a URL; got "http.*as well/],
    [2, ['inspect', '--stdio', 'node x.js', url], /--stdio stands in place of a URL/],
    [2, ['call', url, 'region', 'regoin=5'], /There is no argument "regoin": did you mean "region"\?/],
    [2, ['call', url, 'add', 'a=1', 'b=2', 'zzzzz=3'], /There is no argument "zzzzz"; there are a, b/],
    [2, ['prompt', url, 'greet', 'nmae=Ann'], /There is no argument "nmae": did you mean "name"\?/],
    [2, ['inspct', url], /no command "inspct".*inspect/],
    [2, ['inspect', url, '--heder', 'a: b'], /no option --heder.*header/],
    [2, ['inspect', url, '--header', 'a'], /--header needs 'Name: value'; got "a"/],
    [2, ['inspect', url, '--revision', '2020-01-01'], /--revision must be one of/],
    [3, ['inspect', refusing.url], /HTTP 500; it said "ink"/],
    [3, ['inspect', 'http://127.0.0.1:1/mcp'], /got no answer/],
    [4, ['read', odd.url, 'file:///a'], /the server answered with the error -32603: out of ink/],
    [4, ['inspect', odd.url, '--revision', '2025-11-25'], /-32603|revision/],
  ]
  for (const [wanted, args, message] of rows) {
    const { code, stderr, stdout } = await run(t, args)
    assert.equal(code, wanted, `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, message)
    assert.equal(stdout, '')
  }
})

test('options may stand anywhere, and headers go with every request', async (t) => {
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, { contents: [{ uri: 'a', text: 'hello' }] })),
  )
  const { code, stdout } = await run(t, [
    'read',
    '--header',
    'X-One: 1',
    server.url,
    '-H',
    'x-two:2',
    'file:///a',
    '--token',
    'secret',
  ])
  assert.deepEqual([code, stdout], [0, 'hello'])
  for (const { request } of server.seen) {
    const { 'x-one': one, 'x-two': two, authorization } = request.headers
    assert.deepEqual([one, two, authorization], ['1', '2', 'Bearer secret'])
  }
})

test('read gives a file the bytes, and a person what they are', async (t) => {
  const blob = Buffer.from([0, 1, 2, 255]).toString('base64')
  const server = await scripted(
    t,
    stateless((exchange) =>
      result(exchange, { contents: [{ uri: 'file:///b', mimeType: 'image/png', blob }] }),
    ),
  )
  const session = start(t, ['read', server.url, 'file:///b'], { isTTY: true })
  assert.equal(await session.code, 0)
  assert.equal(session.stdout(), '[file:///b, image/png, 4 bytes]\n')
})

test('prompt prints the messages', async (t) => {
  const { stdout } = await run(t, ['prompt', await serving(t), 'greet', 'name=Ann'])
  assert.equal(stdout, 'user: Hello Ann\n')
})

test('call shows progress on a terminal, and log messages as lines', async (t) => {
  const session = start(t, ['call', await serving(t), 'count', '--no-color'], { isTTY: true })
  await session.shows('[########----------------]  33 %  step 1')
  assert.equal(await session.code, 0)
  assert.match(session.stderr(), /\[warning\] {"n":1}/)
  assert.equal(session.stdout(), 'counted\n')
  const { stderr } = await run(t, ['call', await serving(t), 'count'])
  assert.ok(!stderr.includes('%'))
})

const FORM = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 2, title: 'Your name' },
    age: { type: 'integer', default: 7 },
    color: { type: 'string', enum: ['red', 'blue'] },
    sure: { type: 'boolean', description: 'Are you?' },
  },
  required: ['name', 'sure'],
} as const

function asking(): McpServer {
  const server = new McpServer({ name: 'asks', title: 'The asker', version: '1' })
  server.registerTool('form', {}, async (_, ctx) =>
    JSON.stringify(await ctx.elicit('f', { message: 'Who?', requestedSchema: FORM })),
  )
  server.registerTool('visit', {}, async (_, ctx) =>
    JSON.stringify(await ctx.elicit('u', { message: 'Go', url: 'https://pay.example.com/x' })),
  )
  return server
}

test('an elicitation is asked field by field, checked, and sent once it was seen', async (t) => {
  const session = start(t, ['call', await serving(t, asking()), 'form'], {
    isTTY: true,
    env: { NO_COLOR: '1' },
  })
  await session.shows('The asker asks: Who?')
  await session.shows('Your name (string): ')
  session.types('x')
  await session.shows('at least 2')
  session.types('Ann')
  await session.shows('age (integer, empty: 7): ')
  session.types('')
  await session.shows('2) blue')
  session.types('2')
  await session.shows('Are you?')
  await session.shows('sure (y/n): ')
  session.types('y')
  await session.shows('Send this?')
  session.types('')
  assert.equal(await session.code, 0)
  const content = { name: 'Ann', age: 7, color: 'blue', sure: true }
  assert.deepEqual(JSON.parse(session.stdout()), { action: 'accept', content })
})

test('an elicitation can be declined, cancelled and left', async (t) => {
  const url = await serving(t, asking())
  for (const [answer, action] of [
    ['n', 'decline'],
    ['c', 'cancel'],
    [undefined, 'cancel'],
  ] as const) {
    const session = start(t, ['call', url, 'form'], { isTTY: true, env: { NO_COLOR: '1' } })
    await session.shows('Your name')
    if (answer === undefined) session.closes()
    else {
      for (const line of ['Ann', '', '1', 'no', answer]) session.types(line)
    }
    assert.equal(await within(session.code, () => 'the end'), 0)
    assert.equal(JSON.parse(session.stdout()).action, action)
  }
})

test('an address is shown whole, with its host, and never opened', async (t) => {
  const session = start(t, ['call', await serving(t, asking()), 'visit'], {
    isTTY: true,
    env: { NO_COLOR: '1' },
  })
  await session.shows('pay.example.com:')
  await session.shows('  https://pay.example.com/x\n')
  session.types('y')
  assert.equal(await session.code, 0)
  assert.deepEqual(JSON.parse(session.stdout()), { action: 'accept' })
})

test('without a terminal nothing is asked: the server is told that nobody can', async (t) => {
  const { code } = await run(t, ['call', await serving(t, asking()), 'form'])
  assert.ok(code === 1 || code === 4)
})

test('Ctrl-C cancels the call at the server, and ends with 130', async (t) => {
  const server = new McpServer({ name: 's', version: '1' })
  let signal: AbortSignal | undefined
  server.registerTool('wait', {}, async (_, ctx) => {
    signal = ctx.signal
    await once(ctx.signal, 'abort')
    return 'late'
  })
  const session = start(t, ['call', await serving(t, server), 'wait'])
  while (signal === undefined) await new Promise((resolve) => setImmediate(resolve))
  const stopped = once(signal, 'abort')
  session.interrupts()
  assert.equal(await within(session.code, () => 'the end'), 130)
  await within(stopped, () => 'the handler to be cancelled')
})

test('listen prints changes, with --json one a line, until Ctrl-C', async (t) => {
  const server = offering()
  const { url, close, stats } = await serve(server, { port: 0 })
  t.after(() => close({ drainMs: 0 }))
  const session = start(t, ['listen', url, '--json'])
  while (stats().subscriptions === 0) await new Promise((resolve) => setImmediate(resolve))
  server.registerTool('more', {}, () => 'x')
  await session.shows('{"kind":"tools"}\n')
  session.interrupts()
  assert.equal(await within(session.code, () => 'the end'), 130)

  while (stats().subscriptions > 0) await new Promise((resolve) => setImmediate(resolve))
  const second = start(t, ['listen', url, 'note://1'])
  while (stats().subscriptions === 0) await new Promise((resolve) => setImmediate(resolve))
  server.notifyResourceUpdated('note://1')
  await second.shows('changed: note://1')
  second.interrupts()
  await second.code
})

test('what a server says cannot act on the terminal', async (t) => {
  const evil = '\u001b[2J\u001b]0;owned\u0007\rrm -rf \u202e/'
  const tools = [
    { name: 'a', description: evil, inputSchema: { type: 'object', properties: { [evil]: {} } } },
  ]
  const server = await scripted(
    t,
    stateless(
      (exchange) => {
        const metadata = { authorization_servers: [evil] }
        if (exchange.what === 'GET') return exchange.response.end(JSON.stringify(metadata))
        return result(exchange, { tools, content: [{ type: 'text', text: evil }] })
      },
      { tools: {} },
    ),
  )
  for (const args of [
    ['inspect', server.url],
    ['call', server.url, 'a'],
  ]) {
    const { stdout } = await run(t, args)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    assert.ok(stdout.includes('\\u001b'))
  }
})

test('colours are for terminals alone, and only where nobody refuses them', async (t) => {
  const url = await serving(t)
  const colored = start(t, ['inspect', url], { isTTY: true })
  await colored.code
  const plain = start(t, ['inspect', url, '--no-color'], { isTTY: true })
  await plain.code
  const piped = await run(t, ['inspect', url])
  assert.notEqual(colored.stdout(), plain.stdout())
  assert.equal(stripVTControlCharacters(colored.stdout()), plain.stdout())
  assert.equal(piped.stdout, plain.stdout())
})

test('--stdio starts a server, and takes the place of the URL', async (t) => {
  const program = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line)
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { supportedVersions: ['2026-07-28'], capabilities: {}, serverInfo: { name: process.argv[1], version: '1' } } }))
  })`
  const command = `'${process.execPath}' -e "${program.replaceAll('"', '\\"')}" "a b"`
  const { code, stdout } = await run(t, ['inspect', '--stdio', command, '--json'])
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).server.info.name, 'a b')
})

test('help, version and completion', async (t) => {
  const { code, stdout } = await run(t, ['--help'])
  assert.equal(code, 0)
  for (const name of [
    'inspect',
    'call',
    'read',
    'prompt',
    'listen',
    'login',
    '--json',
    '--header',
    '130  Ctrl-C',
  ]) {
    assert.ok(stdout.includes(name), name)
  }
  assert.equal((await run(t, [])).code, 2)
  assert.match((await run(t, ['call', '--help'])).stdout, /barewire call URL TOOL/)
  assert.match((await run(t, ['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
  assert.match((await run(t, ['completion', 'bash'])).stdout, /complete -F _barewire barewire/)
  assert.match((await run(t, ['completion', 'zsh'])).stdout, /#compdef barewire/)
  assert.equal((await run(t, ['completion', 'fish'])).code, 2)
  assert.equal((await run(t, ['names', await serving(t), 'call'])).stdout, 'add\nfail\ncount\nask\nregion\n')
})

test('a server that asks for a login says how to log in', async (t) => {
  const server = await scripted(t, ({ response }) =>
    response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(),
  )
  const { code, stderr } = await run(t, ['inspect', server.url])
  assert.equal(code, 3)
  assert.match(stderr, /barewire login URL/)
})
