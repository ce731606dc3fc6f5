/** What only clients of HTTP/2 and TLS can do wrong: the server drops them, and serves the others. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { McpServer, serve } from '../../src/index.ts'
import { certificate } from '../helpers/certificate.ts'
import { Http2Client, replyOf } from '../helpers/http2-client.ts'
import { within } from '../helpers/within.ts'
import { eventually, HeldCalls } from '../session-era/serving.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'hold',
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
})
const HEADERS = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'hold' }

async function served(t: TestContext, options: Parameters<typeof serve>[1] = {}) {
  const errors: unknown[] = []
  const server = new McpServer({ name: 'h2', version: '1.0.0' }, { onError: (error) => errors.push(error) })
  const held = new HeldCalls()
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  const serving = await serve(server, { port: 0, tls: certificate(), ...options })
  t.after(() => serving.close({ drainMs: 0 }))
  const assertServes = async () => {
    const client = new Http2Client(serving.url)
    const reply = client.send({ body: CALL, headers: HEADERS })
    const { finish } = await held.next()
    finish('served')
    assert.match((await reply).text, /served/)
    await client.close()
    assert.deepEqual(errors, [])
  }
  return { serving, held, assertServes }
}

test('bytes that are no TLS, and frames that are no HTTP/2, end their own connection', async (t) => {
  const { serving, assertServes } = await served(t)
  const { port } = serving
  const plain = connectTcp(port, '127.0.0.1')
  plain.on('error', () => {}).resume()
  plain.write('GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await within(once(plain, 'close'), () => 'the end of a connection without TLS')
  const frames = [Buffer.from('GET /mcp HTTP/1.1\r\n\r\n'), Buffer.concat([PREFACE, Buffer.alloc(100, 0xff)])]
  for (const bytes of frames) {
    const socket = connectTls({ port, host: 'localhost', ca: certificate().cert, ALPNProtocols: ['h2'] })
    socket.on('error', () => {}).resume()
    await once(socket, 'secureConnect')
    socket.write(bytes)
    await within(once(socket, 'close'), () => `the end of a connection that sent ${bytes.toString('hex')}`)
  }
  await assertServes()
})

test('connections that never finish their handshake do not hold up the end of the server', async (t) => {
  const { serving } = await served(t)
  const silent = connectTcp(serving.port, '127.0.0.1')
  silent.on('error', () => {}).resume()
  await once(silent, 'connect')
  const closed = once(silent, 'close')
  await serving.close({ drainMs: 0 })
  await within(closed, () => 'the end of the silent connection')
})

test('streams that are opened and reset in a flood leave nothing', async (t) => {
  const { serving } = await served(t, { sessions: false })
  const client = new Http2Client(serving.url)
  t.after(() => client.close())
  for (let n = 0; n < 3000 && !client.session.destroyed; n++) {
    client.begin({ body: CALL, headers: HEADERS }).close(8)
    if (n % 100 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  await eventually(() => {
    const { callsInProgress, bodyBytes } = serving.stats()
    return callsInProgress === 0 && bodyBytes === 0
  }, 'the end of the calls')
  const other = new Http2Client(serving.url)
  t.after(() => other.close())
  const { status } = await other.send({
    body: CALL.replace('"hold"', '"none"'),
    headers: { ...HEADERS, 'mcp-name': 'none' },
  })
  assert.equal(status, 200)
})

test('a client is told how many streams it may open', async (t) => {
  const { serving, held } = await served(t, { maxInFlight: 5000, keepAliveMs: 0 })
  const client = new Http2Client(serving.url)
  t.after(() => client.close())
  await once(client.session, 'remoteSettings')
  assert.equal(client.session.remoteSettings.maxConcurrentStreams, 2000)
  const reply = replyOf(client.begin({ body: CALL, headers: HEADERS }))
  const { finish } = await held.next()
  finish('one of them')
  assert.match((await reply).text, /one of them/)
})

test('a client that expects 100 Continue sends its body only when it is wanted', async (t) => {
  const { serving, held } = await served(t, { maxBodyBytes: 10_000 })
  const client = new Http2Client(serving.url)
  t.after(() => client.close())
  const stream = client.begin({ headers: { ...HEADERS, expect: '100-continue' } })
  await within(once(stream, 'continue'), () => '100 Continue')
  stream.end(CALL)
  const { finish } = await held.next()
  finish('continued')
  assert.match((await replyOf(stream)).text, /continued/)
  const refused = client.begin({
    headers: { ...HEADERS, expect: '100-continue', 'content-length': '20000' },
  })
  refused.on('continue', () => assert.fail('the body is too large'))
  assert.equal((await replyOf(refused)).status, 413)
})
