/** stdio: a server as a process, in both eras; its end, and what it does wrong. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ConnectOptions, connect } from '../../src/client/index.ts'
import { type ProcessOptions, stdio } from '../../src/client/stdio.ts'
import { within } from '../helpers/within.ts'

/** A server of one line each: `reply(message)` gives what is written for a message. */
const program = (reply: string) => `
  const write = (value) => process.stdout.write(JSON.stringify(value) + '\\n')
  const info = { name: 'lines', version: '1' }
  const answers = {
    'server/discover': () => ({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: { listChanged: true } } }),
    initialize: ({ params }) => ({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: info }),
    'tools/list': () => ({ tools: [] }),
    'tools/call': ({ params }) => ({ content: [{ type: 'text', text: JSON.stringify(params.arguments) }] }),
  }
  const log = []
  const own = ${reply}
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const message = JSON.parse(line)
    log.push(message.method ?? 'response')
    if (own(message) === true || message.id === undefined) return
    const answer = answers[message.method]
    if (answer === undefined) write({ jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'unknown' } })
    else write({ jsonrpc: '2.0', id: message.id, result: answer(message) })
  })
`
const OLD =
  "({ id, method }) => method === 'server/discover' && (write({ jsonrpc: '2.0', id, error: { code: -32601, message: 'm' } }), true)"

async function started(
  t: TestContext,
  reply: string,
  options: ConnectOptions = {},
  how: ProcessOptions = {},
) {
  const client = await connect(
    stdio(process.execPath, ['-e', program(reply)], { stderr: 'ignore', ...how }),
    options,
  )
  t.after(() => client.close())
  return client
}

test('a server that answers server/discover is spoken to without a session', async (t) => {
  const client = await started(t, '() => false')
  assert.deepEqual([client.era, client.revision], ['stateless', '2026-07-28'])
  const results = await Promise.all([1, 2, 3].map((n) => client.callTool('a', { n })))
  assert.deepEqual(
    results.map(({ content: [first] }) => first),
    [1, 2, 3].map((n) => ({ type: 'text', text: `{"n":${n}}` })),
  )
})

test('a server that refuses server/discover, whatever the code, gets an initialize', async (t) => {
  for (const code of [-32601, -32602, -32000]) {
    const client = await started(t, OLD.replace('-32601', String(code)))
    assert.deepEqual(
      [client.era, client.revision, client.serverInfo?.name],
      ['session', '2025-11-25', 'lines'],
    )
    assert.deepEqual((await client.callTool('a', { n: 1 })).content, [{ type: 'text', text: '{"n":1}' }])
    await client.close()
  }
})

test('questions of the server, progress and log messages come over the same channel', async (t) => {
  const reply = `(message) => {
    if (message.method === 'server/discover') return write({ jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'm' } }), true
    if (message.method === 'tools/call') {
      globalThis.call = message
      write({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: message.params._meta.progressToken, progress: 1 } })
      write({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'hi' } })
      write({ jsonrpc: '2.0', id: 'q', method: 'roots/list' })
      return true
    }
    if (message.id === 'q') write({ jsonrpc: '2.0', id: call.id, result: { content: [{ type: 'text', text: JSON.stringify(message.result) }] } })
  }`
  const heard: unknown[] = []
  const client = await started(t, reply, {
    onRoots: () => [{ uri: 'file:///x' }],
    onLog: (message) => heard.push(message),
  })
  const { content } = await client.callTool('a', {}, { onProgress: (report) => heard.push(report) })
  assert.deepEqual(content, [{ type: 'text', text: '{"roots":[{"uri":"file:///x"}]}' }])
  assert.deepEqual(heard, [{ progress: 1 }, { level: 'info', data: 'hi' }])
})

test('changes() listens by subscription, and a call that is aborted is cancelled by its id', async (t) => {
  const reply = `(message) => {
    const meta = { 'io.modelcontextprotocol/subscriptionId': message.id }
    if (message.method === 'subscriptions/listen') {
      write({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta: meta, notifications: { toolsListChanged: true } } })
      write({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: meta } })
      return true
    }
    if (message.method === 'tools/call' && message.params.name === 'wait') return true
    if (message.method === 'tools/call') return write({ jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text: log.join() }] } }), true
  }`
  const client = await started(t, reply)
  const changes = client.changes({ tools: true })
  assert.deepEqual((await changes.next()).value, { kind: 'tools' })
  await changes.return()
  await client.tools().toArray()
  const abort = new AbortController()
  const call = client.callTool('wait', {}, { signal: abort.signal })
  await client.ping()
  abort.abort()
  await assert.rejects(call, { code: 'ERR_REQUEST_ABORTED' })
  const { content } = await client.callTool('log')
  assert.match((content[0] as { text: string }).text, /notifications\/cancelled.*notifications\/cancelled/)
})

test('a server that writes what is no message is reported, and the calls go on', async (t) => {
  const errors: unknown[] = []
  const noise = "() => { process.stdout.write('Listening on stdio\\n\\n{}\\n'); return false }"
  const client = await started(t, noise, { onError: (error) => errors.push(error) })
  await client.callTool('a')
  assert.match(String(errors[0]), /not JSON; it begins with "Listening on stdio"/)
})

test('a process that ends rejects what waits, with its exit code', async (t) => {
  const client = await started(t, "({ method }) => method === 'tools/call' && process.exit(3)")
  await assert.rejects(client.callTool('a'), { code: 'ERR_CONNECTION', message: /ended with exit code 3/ })
  await assert.rejects(client.callTool('a'), { code: 'ERR_CONNECTION' })
})

test('a program that is not there, and one that says nothing, are errors of connect', async () => {
  await assert.rejects(connect(stdio('/no/such/program')), {
    code: 'ERR_CONNECTION',
    message: /could not be started.*ENOENT/,
  })
  const silent = stdio(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { closeMs: 100 })
  await assert.rejects(connect(silent, { timeoutMs: 300 }), { code: 'ERR_REQUEST_TIMEOUT' })
})

test('a line without end is read up to maxMessageBytes', async (t) => {
  const flood = "({ method }) => method === 'tools/call' && (process.stdout.write('x'.repeat(5e6)), true)"
  const client = await started(t, flood, { maxMessageBytes: 1_000_000 })
  await assert.rejects(client.callTool('a'), { code: 'ERR_MESSAGE_TOO_LARGE' })
})

test('a server that closes its output and goes on rejects what waits', async (t) => {
  const closes =
    "({ method }) => method === 'tools/call' && (process.stdout.destroy(), require('node:fs').closeSync(1), setInterval(() => {}, 1000), true)"
  const client = await started(t, closes, {}, { closeMs: 50 })
  const call = client.callTool('a')
  await within(
    assert.rejects(call, { code: 'ERR_CONNECTION', message: /has closed its output/ }),
    () => 'the end of the call',
    10_000,
  )
})

test('a stderr hook that throws is reported, and ends nothing', async (t) => {
  const errors: unknown[] = []
  const boom = () => {
    throw new Error('boom')
  }
  const client = await started(
    t,
    "(console.error('a log'), () => false)",
    { onError: (error) => errors.push(error) },
    { stderr: boom },
  )
  await client.callTool('a')
  while (errors.length === 0) await client.ping()
  assert.match(String(errors[0]), /boom/)
})

test('close ends the process: by the end of its input, or by a signal', async (t) => {
  const polite = await started(t, '() => false')
  await polite.close()
  const stubborn = "(process.on('SIGTERM', () => {}), setInterval(() => {}, 1000), () => false)"
  const other = await started(t, stubborn, {}, { closeMs: 50 })
  await other.close()
  await assert.rejects(other.callTool('a'), { code: 'ERR_CLIENT_CLOSED' })
})

test('close does not wait for what the process has started, though that holds its pipes', async (t) => {
  const child = `require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit', detached: true }).pid`
  const pid = `({ id, method }) => method === 'tools/call' && (write({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: String(${child}) }] } }), true)`
  const client = await started(t, pid, {}, { closeMs: 50 })
  const { content } = await client.callTool('a')
  t.after(() => process.kill(Number((content[0] as { text: string }).text)))
  await within(client.close(), () => 'close')
})

test('the server gets the variables that are given, and no secrets of this process', async (t) => {
  process.env['BAREWIRE_TEST_SECRET'] = 'secret'
  t.after(() => delete process.env['BAREWIRE_TEST_SECRET'])
  const reply =
    "({ id, method }) => method === 'tools/call' && (write({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: JSON.stringify(process.env) }] } }), true)"
  const lines: string[] = []
  const client = await started(
    t,
    `(console.error('a log'), ${reply})`,
    {},
    { env: { GIVEN: 'x' }, stderr: (text) => lines.push(text) },
  )
  const { content } = await client.callTool('a')
  const env = JSON.parse((content[0] as { text: string }).text)
  assert.deepEqual([env.GIVEN, env.BAREWIRE_TEST_SECRET, env.PATH], ['x', undefined, process.env['PATH']])
  assert.equal(lines.join(''), 'a log\n')
})

test('stdio refuses a wrong option, command or argument, and says what was meant', () => {
  const rows: readonly (readonly [readonly unknown[], RegExp])[] = [
    [['node', ['x'], { maxLineBytes: 5 }], /There is no option "stdio\.maxLineBytes"/],
    [['node', ['x'], { closems: 5 }], /no option "stdio\.closems".*"stdio\.closeMs"/],
    [['node', ['x'], { stderr: 'pipe' }], /stdio\.stderr must be one of inherit, ignore; got "pipe"/],
    [['node', ['x'], { closeMs: -1 }], /stdio\.closeMs must be 0 to 2147483647 milliseconds; got -1/],
    [
      ['node', ['x'], { closeMs: 2 ** 31 }],
      /stdio\.closeMs must be 0 to 2147483647 milliseconds; got 2147483648/,
    ],
    [['node', ['x'], { cwd: 5 }], /stdio\.cwd must be of type string/],
    [['node', ['x'], { env: { A: 1 } }], /stdio\.env\["A"\] must be of type string; got the number 1/],
    [['node', 'x'], /args must be an array of strings; got a string/],
    [['node', [1]], /args\[0\] must be of type string/],
    [[['node', 'x']], /command must be of type string/],
  ]
  for (const [args, message] of rows) {
    assert.throws(() => stdio(...(args as Parameters<typeof stdio>)), { name: 'TypeError', message })
  }
  stdio('node', [], { env: {}, cwd: '.', stderr: () => {}, closeMs: 0 })
})

test('a command that holds its arguments, and a folder that is not there, are named where the program is not found', async () => {
  for (const [target, message] of [
    [
      stdio('node s9.js --fast'),
      /ENOENT; the program and its arguments are separate, as in stdio\('node', \['s9\.js', '--fast'\]\)/,
    ],
    [
      stdio('node', [], { cwd: '/no/such/folder' }),
      /ENOENT; there is no folder "\/no\/such\/folder" \(option cwd\)/,
    ],
  ] as const) {
    await assert.rejects(connect(target), { code: 'ERR_CONNECTION', message })
  }
})
