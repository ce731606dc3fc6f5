/** Request bodies cost memory in proportion to their bytes, however they are cut, and share a budget. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { McpServer, serve } from '../../../src/index.ts'
import { RawSocket } from '../../helpers/raw-socket.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = fileURLToPath(new URL('./bodies-program.ts', import.meta.url))
const MB = 1_000_000

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
}

interface Report {
  readonly sent: number
  readonly bodyBytes: number
  readonly status: number
  readonly grown: number
  readonly left: number
}

async function run(...args: string[]): Promise<Report> {
  const flags = ['--expose-gc', '--max-old-space-size=256', '--import', 'tsx', program, ...args]
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: root, timeout: 120_000 })
  return JSON.parse(stdout)
}

test('bodies in chunks of one byte take a few times their bytes, and others are served meanwhile', async () => {
  const { bodyBytes, status, grown, left } = await run()
  assert.equal(status, 200)
  assert.ok(bodyBytes > 1.9 * MB, `${bodyBytes} bytes are counted of 2 million`)
  assert.ok(grown < 12 * MB, `2 MB of bodies took ${grown} bytes`)
  assert.ok(left < 4 * MB, `${left} bytes are left when their connections are gone`)
})

test('bodies in chunks of one byte cost little while their token is verified', async () => {
  const { status, bodyBytes, grown } = await run('verify')
  assert.equal(status, 200)
  assert.ok(grown < 4 * MB, `2 waiting uploads took ${grown} bytes`)
  assert.ok(bodyBytes < 0.2 * MB, `${bodyBytes} bytes were taken before it was known whose they are`)
})

const upload = (length: number, rest = '') =>
  `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${rest}`

test('bodies above maxTotalBodyBytes together are refused with 503, small ones are not, and all is given back', async (t) => {
  const server = new McpServer({ name: 'bodies', version: '1' })
  const serving = await serve(server, { port: 0, maxTotalBodyBytes: 100_000 })
  t.after(() => serving.close({ drainMs: 0 }))
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })

  const first = await RawSocket.open(serving.port)
  await first.write(upload(90_000, ' '.repeat(80_000)))
  while (serving.stats().bodyBytes !== 80_000 - 4096) await new Promise((resolve) => setTimeout(resolve, 1))
  const second = await RawSocket.open(serving.port)
  await second.write(upload(90_000, ' '.repeat(80_000)))
  const refused = await second.response()
  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '1')
  assert.match(refused.body, /maxTotalBodyBytes/)

  const third = await RawSocket.open(serving.port)
  await third.write(upload(ping.length, ping))
  assert.equal((await third.response()).status, 200)
  third.destroy()

  first.reset()
  while (serving.stats().bodyBytes !== 0) await new Promise((resolve) => setTimeout(resolve, 1))
})

test('the body of a call counts until the call is over, also when it has become a task', async (t) => {
  const server = new McpServer({ name: 'bodies', version: '1' })
  let release = () => {}
  const run = () =>
    new Promise<string>((resolve) => {
      release = () => resolve('done')
    })
  const inputSchema = { type: 'object' } as const
  server.registerTool('call', { inputSchema }, run)
  server.registerTool('task', { inputSchema, task: true }, run)
  const serving = await serve(server, { port: 0 })
  t.after(() => serving.close({ drainMs: 0 }))
  for (const name of ['call', 'task']) {
    const params = { name, arguments: { text: 'x'.repeat(50_000) }, _meta: META }
    const answer = fetch(serving.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': name,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    })
    if (name === 'task') assert.match(await (await answer).text(), /"resultType":"task"/)
    while (serving.stats().bodyBytes === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    assert.ok(serving.stats().bodyBytes > 46_000)
    release()
    if (name === 'call') assert.equal((await answer).status, 200)
    while (serving.stats().bodyBytes !== 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
})

test('a body of many small values counts by what it takes once it is parsed', async (t) => {
  const server = new McpServer({ name: 'bodies', version: '1' })
  let release = () => {}
  const run = () =>
    new Promise<string>((resolve) => {
      release = () => resolve('done')
    })
  server.registerTool('call', { inputSchema: { type: 'object' } }, run)
  const serving = await serve(server, { port: 0, maxTotalBodyBytes: 16 * MB })
  t.after(() => serving.close({ drainMs: 0 }))
  const call = (pairs: number) => {
    const params = { name: 'call', arguments: { list: Array(pairs).fill([]) }, _meta: META }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    return upload(body.length, body).replace(
      'Host',
      'MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: call\r\nHost',
    )
  }
  const first = await RawSocket.open(serving.port)
  await first.write(call(100_000))
  while (serving.stats().callsInProgress === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  // 300 kB of brackets and commas, two of them for each list.
  assert.ok(serving.stats().bodyBytes > 14_400_000, `${serving.stats().bodyBytes}`)
  const second = await RawSocket.open(serving.port)
  await second.write(call(100_000))
  assert.equal((await second.response()).status, 503)
  release()
  assert.equal((await first.response()).status, 200)
  assert.equal(serving.stats().bodyBytes, 0)
})

test('small values in a body below 4 kB count too, without the first 8 kB', async (t) => {
  const server = new McpServer({ name: 'bodies', version: '1' })
  const waiting: (() => void)[] = []
  const run = () => new Promise<string>((resolve) => waiting.push(() => resolve('done')))
  server.registerTool('call', { inputSchema: { type: 'object' } }, run)
  const serving = await serve(server, { port: 0 })
  t.after(() => serving.close({ drainMs: 0 }))
  const counted: number[] = []
  for (const pairs of [80, 1000]) {
    const params = {
      name: 'call',
      arguments: { text: 'x'.repeat(1000), list: Array(pairs).fill([]) },
      _meta: META,
    }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    assert.ok(body.length > 1024 && body.length < 4.5 * 1024)
    const socket = await RawSocket.open(serving.port)
    const headers = 'MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: call'
    await socket.write(upload(body.length, body).replace('Host', `${headers}\r\nHost`))
    while (waiting.length === counted.length) await new Promise((resolve) => setTimeout(resolve, 1))
    counted.push(serving.stats().bodyBytes)
  }
  const [few, many = 0] = counted
  assert.ok(few !== undefined && few > 0 && few < 8192, `${few} bytes for 80 lists`)
  assert.ok(many > 130_000, `${many} bytes for 1000 lists`)
  for (const release of waiting) release()
  while (serving.stats().bodyBytes !== 0) await new Promise((resolve) => setTimeout(resolve, 1))
})

test('a body that waited for the verification of its token is read whole, and its connection goes on', async (t) => {
  const server = new McpServer({ name: 'bodies', version: '1' })
  server.registerTool('length', { inputSchema: { type: 'object' } }, ({ text }) => `${String(text).length}`)
  const verify = async (token: string) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return token === 'good' ? { id: 'a' } : undefined
  }
  const serving = await serve(server, { port: 0, auth: { verify } })
  t.after(() => serving.close({ drainMs: 0 }))
  const socket = await RawSocket.open(serving.port)
  const call = (length: number, token: string) => {
    const params = { name: 'length', arguments: { text: 'x'.repeat(length) }, _meta: META }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    const headers = `Authorization: Bearer ${token}\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: length`
    return upload(body.length, body).replace('Host', `${headers}\r\nHost`)
  }
  for (const length of [10, 16_000, 17_000, 70_000, 1_000_000, 10]) {
    await socket.write(call(length, 'good'))
    const { status, body } = await socket.response()
    assert.equal(status, 200)
    assert.equal(JSON.parse(body).result.content[0].text, `${length}`)
  }
  await socket.write(call(1_000_000, 'bad'))
  assert.equal((await socket.response()).status, 401)
  assert.equal((await socket.ended).error, undefined)
})
