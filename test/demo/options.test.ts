import assert from 'node:assert/strict'
import { test } from 'node:test'
import { curlLine, greeting } from '../../scripts/demo/greeting.ts'
import { parseOptions, UsageError, usage } from '../../scripts/demo/options.ts'

test('parseOptions has defaults for everything', () => {
  assert.deepEqual(parseOptions([]), {
    root: '.',
    notes: undefined,
    host: '127.0.0.1',
    port: 3000,
    allowedHosts: [],
    auth: false,
    stdio: false,
  })
})

test('parseOptions reads each option', () => {
  const argv = '--root r --notes=n --port 0 --host ::1 --allow-host a --allow-host b'.split(' ')
  assert.deepEqual(parseOptions(argv), {
    root: 'r',
    notes: 'n',
    host: '::1',
    port: 0,
    allowedHosts: ['a', 'b'],
    auth: false,
    stdio: false,
  })
  assert.ok((parseOptions(['--auth']) as { auth: boolean }).auth)
  assert.ok((parseOptions(['--stdio']) as { stdio: boolean }).stdio)
  assert.equal(parseOptions(['-h']), 'help')
})

test('parseOptions names the option it cannot take', () => {
  const rows: [argv: string, message: RegExp][] = [
    ['--colour red', /--colour/],
    ['folder', /folder/],
    ['--port', /--port/],
    ['--port 80x', /--port: expected a number from 0 to 65535, got "80x"/],
    ['--port 70000', /got "70000"/],
    ['--port=-1', /got "-1"/],
    ['--root=', /--root: expected a value/],
    ['--host 0.0.0.0', /--allow-host/],
    ['--auth --host 0.0.0.0 --allow-host a', /--auth: the authorization server lets everybody in/],
    ['--auth --port 65535', /--auth: needs the port after/],
  ]
  for (const [argv, message] of rows) {
    assert.throws(
      () => parseOptions(argv.split(' ')),
      (error) => error instanceof UsageError && message.test(error.message),
      argv,
    )
  }
})

test('usage names every option that parseOptions takes', () => {
  for (const name of ['--root', '--notes', '--port', '--host', '--allow-host', '--help']) {
    assert.ok(usage.includes(name), name)
  }
})

test('greeting shows the folder, the URL and three ways to connect', () => {
  const text = greeting('http://127.0.0.1:3000/mcp', '/data', undefined)
  for (const part of [
    'Serving /data at http://127.0.0.1:3000/mcp',
    'claude mcp add --transport http barewire http://127.0.0.1:3000/mcp',
    '-p @modelcontextprotocol/inspector mcp-inspector',
    curlLine('http://127.0.0.1:3000/mcp'),
    '--notes DIR',
  ]) {
    assert.ok(text.includes(part), part)
  }
})
