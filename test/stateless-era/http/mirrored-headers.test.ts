/** Mirrored headers: what Mcp-Name and Mcp-Param repeat of the body, plain and in base64, and what may not differ. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RpcError } from '../../../src/index.ts'
import { base64Value, headerValue, parameterHeaders } from '../../helpers/stateless-client.ts'
import type { RequestHeaders } from '../../helpers/wire.ts'
import { serving, textOf } from '../serving.ts'

const inputSchema = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'count' },
    force: { type: 'boolean', 'x-mcp-header': 'X-Force' },
    target: {
      type: 'object',
      properties: {
        zone: { type: 'object', properties: { name: { type: 'string', 'x-mcp-header': 'Zone' } } },
      },
    },
    free: { type: 'string' },
  },
} as const

const setup = (server: Awaited<ReturnType<typeof serving>>['server']) => {
  server.registerTool('place', { inputSchema }, (args) => JSON.stringify(args))
  server.registerTool('имя', {}, () => 'named')
  server.registerTool('plain', {}, () => 'no annotations')
  server.registerResource('r', 'memo://%D0%B0', {}, () => 'text')
  server.registerPrompt('=?base64?x?=', {}, () => 'prompt')
}

interface Row {
  readonly what: string
  readonly requirements?: readonly string[]
  readonly args: object
  readonly headers: RequestHeaders
  readonly passes: boolean
}

const region = (value: string, header: string | undefined, passes: boolean) => ({
  args: { region: value },
  headers: { 'mcp-param-region': header },
  passes,
})
const count = (value: unknown, header: string, passes: boolean) => ({
  args: { count: value },
  headers: { 'Mcp-Param-Count': header },
  passes,
})

const rows: readonly Row[] = [
  {
    what: 'a plain value',
    requirements: ['stateless.param-matches'],
    ...region('us-west1', 'us-west1', true),
  },
  {
    what: 'another value',
    requirements: ['stateless.param-matches'],
    ...region('us-west1', 'us-east1', false),
  },
  { what: 'another case of the value', requirements: ['stateless.case'], ...region('us', 'US', false) },
  { what: 'no header', requirements: ['stateless.param-omitted'], ...region('us', undefined, false) },
  { what: 'an empty value', ...region('', '', true) },
  {
    what: 'a header name in another case',
    requirements: ['stateless.case'],
    args: { region: 'us' },
    headers: { 'MCP-PARAM-REGION': 'us' },
    passes: true,
  },
  {
    what: 'base64 of text beyond ASCII',
    requirements: ['stateless.decoded'],
    ...region('Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?=', true),
  },
  { what: 'base64 of outer spaces', ...region(' padded ', '=?base64?IHBhZGRlZCA=?=', true) },
  { what: 'base64 of lines', ...region('line1\nline2', '=?base64?bGluZTEKbGluZTI=?=', true) },
  {
    what: 'base64 of what looks like base64',
    ...region('=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=', true),
  },
  { what: 'base64 of nothing', ...region('', '=?base64??=', true) },
  { what: 'base64 of plain text', ...region('us', base64Value('us'), true) },
  { what: 'base64 of another value', ...region('us', base64Value('eu'), false) },
  { what: 'the encoded form as the value itself', ...region('=?base64?dXM=?=', '=?base64?dXM=?=', false) },
  {
    what: 'markers in another case, which are plain text',
    ...region('=?BASE64?dXM=?=', '=?BASE64?dXM=?=', true),
  },
  { what: 'markers in another case, for base64', ...region('us', '=?Base64?dXM=?=', false) },
  { what: 'base64 without padding', ...region('us', '=?base64?dXM?=', false) },
  { what: 'base64 with stray bits', ...region('us', '=?base64?dXN=?=', false) },
  { what: 'base64 with a space', ...region('us', '=?base64?dX M=?=', false) },
  { what: 'base64url', ...region('\u{fffff}?', '=?base64?87-_vz8=?=', false) },
  { what: 'base64 that is not UTF-8', ...region('\ufffd', base64Value(Uint8Array.of(0xff)), false) },
  { what: 'base64 with a byte order mark', ...region('\ufeffus', base64Value('\ufeffus'), true) },
  { what: 'no end marker, which is plain text', ...region('=?base64?dXM=', '=?base64?dXM=', true) },
  {
    what: 'bytes beyond ASCII',
    requirements: ['stateless.param-characters'],
    ...region('ä', 'ä', false),
  },
  { what: 'an integer', ...count(42, '42', true) },
  {
    what: 'the same integer with a fraction',
    requirements: ['stateless.integers'],
    ...count(42, '42.0', true),
  },
  { what: 'a negative integer', ...count(-7, '-7', true) },
  { what: 'leading zeros', ...count(7, '007', true) },
  { what: 'another integer', ...count(42, '43', false) },
  { what: 'an exponent', ...count(100, '1e2', false) },
  { what: 'hexadecimal', ...count(16, '0x10', false) },
  { what: 'a sign', ...count(16, '+16', false) },
  { what: 'no digits', ...count(0, '', false) },
  { what: 'the largest safe integer', ...count(2 ** 53 - 1, '9007199254740991', true) },
  {
    what: 'an integer that is not safe',
    requirements: ['stateless.annotation-safe-integer'],
    ...count(2 ** 53, '9007199254740992', false),
  },
  { what: 'true', args: { force: true }, headers: { 'mcp-param-x-force': 'true' }, passes: true },
  { what: 'True', args: { force: true }, headers: { 'mcp-param-x-force': 'True' }, passes: false },
  { what: 'false', args: { force: false }, headers: { 'mcp-param-x-force': 'false' }, passes: true },
  {
    what: 'a nested value',
    args: { target: { zone: { name: 'z' } } },
    headers: { 'mcp-param-zone': 'z' },
    passes: true,
  },
  {
    what: 'a nested value without header',
    args: { target: { zone: { name: 'z' } } },
    headers: {},
    passes: false,
  },
  { what: 'half of the path', args: { target: { zone: {} } }, headers: {}, passes: true },
  {
    what: 'an absent value',
    requirements: ['stateless.param-absent'],
    args: { free: 'x' },
    headers: {},
    passes: true,
  },
  { what: 'a header for an absent value', args: {}, headers: { 'mcp-param-region': 'us' }, passes: false },
  { what: 'an inherited member', args: {}, headers: { 'mcp-param-tostring': 'x' }, passes: true },
  {
    what: 'a header that occurs twice',
    args: { region: 'us' },
    headers: { 'mcp-param-region': ['us', 'us'] },
    passes: false,
  },
  { what: 'a header of no parameter', args: {}, headers: { 'mcp-param-unknown': 'x' }, passes: true },
  {
    what: 'an object in the place of a string',
    args: { region: { toString: 1, valueOf: 1 } },
    headers: { 'mcp-param-region': 'x' },
    passes: false,
  },
  {
    what: 'an array of the value',
    args: { region: ['us'] },
    headers: { 'mcp-param-region': 'us' },
    passes: false,
  },
]

for (const { what, args, headers, passes } of rows) {
  test(`Mcp-Param: ${what} ${passes ? 'passes' : 'is refused with 400 and -32020'}`, async (t) => {
    const { client, errors } = await serving(t, { setup })
    const reply = await client().call('place', args, { headers })
    if (passes) assert.deepEqual([reply.status, textOf(reply)], [200, JSON.stringify(args)], reply.text)
    else assert.deepEqual([reply.status, reply.error?.code], [400, -32020], reply.text)
    assert.deepEqual(errors, [])
  })
}

test('null needs no header, and admits none [stateless.param-null]', async (t) => {
  const { client } = await serving(t, { setup })
  const without = await client().call('place', { region: null })
  // The schema does not allow null, so it counts as absent, but not for the sake of a header.
  assert.deepEqual([without.status, textOf(without)], [200, '{}'])
  const withOne = await client().call('place', { region: null }, { headers: { 'mcp-param-region': 'null' } })
  assert.deepEqual([withOne.status, withOne.error.code], [400, -32020])
})

test('a client that follows the annotations passes with every kind of value', async (t) => {
  const { client } = await serving(t, { setup })
  const args = { region: ' Zürich ', count: -5, force: true, target: { zone: { name: 'a b' } }, free: 'ü' }
  assert.equal(Object.keys(parameterHeaders(inputSchema, args)).length, 4)
  assert.equal(textOf(await client().call('place', args, { inputSchema })), JSON.stringify(args))
})

test('Mcp-Name is compared after decoding, for tools, prompts and resources [stateless.decoded] [stateless.standard-headers]', async (t) => {
  const { client } = await serving(t, { setup })
  assert.equal(headerValue('имя'), '=?base64?0LjQvNGP?=')
  assert.equal(textOf(await client().call('имя')), 'named')
  const literal = await client().call('имя', {}, { headers: { 'mcp-name': base64Value('имени') } })
  assert.equal(literal.error.code, -32020)
  const broken = await client().call('echo', {}, { headers: { 'mcp-name': '=?base64?ZWNob?=' } })
  assert.deepEqual([broken.status, broken.error.code], [400, -32020])
  assert.match(broken.error.message, /Mcp-Name header is not base64/)
  const read = await client().request('resources/read', { uri: 'memo://%D0%B0' })
  assert.equal(read.result.contents[0].text, 'text')
  const wrong = await client().request(
    'resources/read',
    { uri: 'memo://%D0%B0' },
    { headers: { 'mcp-name': 'memo://%D0%B1' } },
  )
  assert.equal(wrong.error.code, -32020)
  assert.equal((await client().request('prompts/get', { name: '=?base64?x?=' })).status, 200)
})

test('headers of a tool that the caller may not see say nothing about it', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('hidden', { inputSchema, visible: () => false }, () => '')
  const reply = await client().call('hidden', { region: 'x' })
  assert.equal(reply.error.code, -32602)
  assert.match(reply.error.message, /Unknown tool/)
})

test('annotations that come or go with an update are those that count', async (t) => {
  const { client, server } = await serving(t)
  const handle = server.registerTool('late', { inputSchema: { type: 'object' } }, () => 'ran')
  assert.equal(textOf(await client().call('late', { region: 'us' })), 'ran')
  handle.update({ inputSchema })
  assert.equal((await client().call('late', { region: 'us' })).error.code, -32020)
  assert.equal(textOf(await client().call('late', { region: 'us' }, { inputSchema })), 'ran')
  handle.update({ inputSchema: { type: 'object' } })
  assert.equal(textOf(await client().call('late', { region: 'us' })), 'ran')
})

for (const kind of ['synchronous', 'asynchronous'] as const) {
  test(`a mismatch is 400 behind ${kind} middleware too, which sees the error, and no tool runs [stateless.mismatch-400]`, async (t) => {
    const seen: unknown[] = []
    let runs = 0
    const { client, server, errors } = await serving(t)
    server.registerTool('place', { inputSchema, rateLimit: { perSecond: 0.01, burst: 1 } }, () => {
      runs += 1
      return 'ran'
    })
    server.use((_ctx, next) => {
      const pass = () =>
        next().catch((error) => {
          seen.push((error as { code?: number }).code)
          throw error
        })
      return kind === 'synchronous' ? pass() : new Promise((resolve) => setImmediate(resolve)).then(pass)
    })
    for (let times = 0; times < 3; times++) {
      const reply = await client().call('place', { region: 'us' }, { headers: { 'mcp-param-region': 'eu' } })
      assert.deepEqual([reply.status, reply.kind, reply.error.code], [400, 'json', -32020])
    }
    // What is refused does not count for the rate of the tool.
    assert.equal(textOf(await client().call('place', { region: 'us' }, { inputSchema })), 'ran')
    assert.deepEqual([seen, runs, errors], [[-32020, -32020, -32020], 1, []])
  })
}

test('a code -32020 that a tool throws is its own answer, and no HTTP error', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('own', {}, () => {
    throw new RpcError(-32020, 'mine')
  })
  const { status, error } = await client().call('own')
  assert.deepEqual([status, error.code, error.message], [200, -32020, 'mine'])
})
