import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOriginCheck, type OriginOptions } from '../../src/http/origin.ts'

function assertMatrix(options: OriginOptions, accepted: readonly string[], refused: readonly string[]): void {
  const check = createOriginCheck(options)
  for (let round = 0; round < 2; round += 1) {
    assert.equal(check(undefined), true, 'no Origin is allowed')
    for (const value of accepted) assert.equal(check(value), true, value)
    for (const value of refused) {
      assert.equal(typeof check(value), 'string', value)
      if (accepted[0] !== undefined) check(accepted[0])
    }
  }
}

test('createOriginCheck allows pages of this machine by default, and nothing else', () => {
  assertMatrix(
    {},
    [
      'http://localhost',
      'http://localhost:5173',
      'https://localhost:5173',
      'HTTP://LOCALHOST',
      'http://127.0.0.1:1',
      'https://[::1]:3000',
    ],
    [
      'null',
      'NULL',
      '',
      'localhost',
      'http://',
      'http://evil.example',
      'http://localhost.evil.example',
      'http://evil.example:localhost',
      'http://localhost@evil.example',
      'http://evil.example#http://localhost',
      'http://localhost/',
      'http://localhost/path',
      'http://localhost http://evil.example',
      'http://localhost, http://evil.example',
      'http://localhost:123456',
      'ftp://localhost',
      'file://localhost',
      'file://',
      'chrome-extension://localhost',
    ],
  )
})

test('createOriginCheck allows no page when only allowedHosts is set', () => {
  assertMatrix(
    { allowedHosts: ['example.com'] },
    [],
    ['http://localhost:3000', 'https://example.com', 'null'],
  )
})

test('createOriginCheck compares scheme, host and port of a listed origin', () => {
  assertMatrix(
    {
      allowedOrigins: [
        'https://App.example.com',
        'http://localhost:5173',
        'https://other.example:443',
        'vscode-webview://abc123',
      ],
    },
    [
      'https://app.example.com',
      'https://APP.example.com',
      'https://app.example.com:443',
      'http://localhost:5173',
      'https://other.example',
      'vscode-webview://abc123',
    ],
    [
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com:80',
      'https://example.com',
      'https://x.app.example.com',
      'https://app.example.com.evil.org',
      'https://appxexample.com',
      'http://localhost',
      'http://localhost:5174',
      'https://localhost:5173',
      'vscode-webview://abc124',
      'null',
    ],
  )
})

test('createOriginCheck with an empty list allows no page', () => {
  assertMatrix({ allowedOrigins: [] }, [], ['http://localhost', 'null'])
})

test('createOriginCheck with * allows every origin but null', () => {
  assertMatrix({ allowedOrigins: ['*'] }, ['https://anything.example', 'app://x/y'], ['null', 'Null'])
})

test('createOriginCheck names the value and the option in its refusal', () => {
  const check = createOriginCheck({})
  assert.match(String(check('https://evil.example')), /"https:\/\/evil\.example".*allowedOrigins/)
  assert.match(String(check('null')), /"null".*allowedOrigins/)
  assert.ok(String(check('x'.repeat(10_000))).length < 300)
})

test('createOriginCheck throws a TypeError that names the option for an entry that is no origin', () => {
  for (const entry of [
    '',
    'null',
    'example.com',
    'https://',
    'https://example.com/',
    'https://*.example.com',
    'https://exämple.com',
    'https://a:b@c',
  ]) {
    assert.throws(
      () => createOriginCheck({ allowedOrigins: [entry] }),
      { name: 'TypeError', message: /^allowedOrigins: / },
      entry,
    )
  }
  assert.throws(() => createOriginCheck({ allowedOrigins: 'x' as unknown as string[] }), {
    name: 'TypeError',
  })
})

test('createOriginCheck allows pages of the host that the request goes to, ports included', () => {
  for (const options of [
    { allowedHosts: ['mcp.example'] },
    { allowedOrigins: ['https://app.example'] },
    {},
  ]) {
    const check = createOriginCheck(options)
    assert.equal(check('https://mcp.example', 'mcp.example'), true)
    assert.equal(check('https://mcp.example', 'MCP.example:443'), true)
    assert.equal(check('http://mcp.example:8080', 'mcp.example:8080'), true)
    for (const [origin, host] of [
      ['https://mcp.example:8443', 'mcp.example'],
      ['https://mcp.example', 'mcp.example:8443'],
      ['https://evil.example', 'mcp.example'],
      ['https://mcp.example', undefined],
      ['null', 'null'],
    ] as const) {
      assert.equal(typeof check(origin, host), 'string', `${origin} ${host}`)
    }
  }
})

test('createOriginCheck does not take a page for one of its own where any Host is allowed', () => {
  const check = createOriginCheck({ allowedHosts: ['*'] })
  assert.equal(typeof check('http://rebound.example', 'rebound.example'), 'string')
})
