/** serve: where it listens, what it refuses to do, and how it ends. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { McpServer, type ServeOptions, serve } from '../src/index.ts'
import { httpText, initializeText, pingText, start } from './conversations/running-server.ts'
import { typescript } from './helpers/typescript.ts'
import { post, RawSocket, raw, TestSession } from './helpers/wire.ts'

const newServer = () => new McpServer({ name: 'serve-test', version: '1' })

test('serve listens on 127.0.0.1 when no host is given [transports.bind-localhost]', async (t) => {
  const { serving } = await start(t)
  const address = serving.server.address() as AddressInfo
  assert.equal(address.address, '127.0.0.1')
  assert.equal(serving.url, `http://127.0.0.1:${address.port}/mcp`)
  assert.equal(serving.port, address.port)
})

test('serve refuses to listen beyond this machine without allowedHosts, and says what to do', async (t) => {
  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.com', '127.0.0.1.nip.io']) {
    await assert.rejects(serve(newServer(), { port: 0, host }), {
      name: 'TypeError',
      message: new RegExp(`host "${host.replaceAll('.', '\\.')}".*allowedHosts`),
    })
  }
  const wide = await serve(newServer(), { port: 0, host: '0.0.0.0', allowedHosts: ['mcp.example'] })
  t.after(() => wide.close())
  assert.match(wide.url, /^http:\/\/localhost:\d+\/mcp$/)
  const hosts = { 'mcp.example': 200, localhost: 403, [`127.0.0.1:${wide.port}`]: 403 }
  for (const [host, status] of Object.entries(hosts)) {
    const reply = await raw(wide.port, httpText({ headers: { host }, body: initializeText }))
    assert.equal(reply.status, status, host)
  }
})

test('serve takes a port from the environment as a number', async (t) => {
  const serving = await serve(newServer(), { port: '0' })
  t.after(() => serving.close())
  assert.ok(serving.port > 0)
  await assert.rejects(serve(newServer(), { port: '70000' }), { message: /got "70000"$/ })
})

test('serve says once what the Host and Origin checks refused, and which option allows it', async (t) => {
  const { port, refusals } = await start(t)
  const warnings: (Error & { code?: string })[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  for (let round = 0; round < 2; round += 1) {
    await raw(port, httpText({ headers: { host: 'mcp.example' }, body: initializeText }))
    await raw(port, httpText({ headers: { origin: 'https://app.example' }, body: initializeText }))
  }
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    warnings.map(({ code, message }) => [code, /"(.*?)".*(allowed\w+)/.exec(message)?.slice(1)]),
    [
      ['BAREWIRE_REFUSED', ['mcp.example', 'allowedHosts']],
      ['BAREWIRE_REFUSED', ['https://app.example', 'allowedOrigins']],
    ],
  )
  assert.equal(refusals.length, 4)
})

test('serve says on a terminal in one line how sessions outlive the process, where they do not', async (t) => {
  const lines: unknown[] = []
  t.mock.method(console, 'error', (line: unknown) => lines.push(line))
  const { isTTY } = process.stderr
  t.after(() => {
    process.stderr.isTTY = isTTY
  })
  const said = async (options: ServeOptions, terminal = true) => {
    process.stderr.isTTY = terminal
    const { close } = await serve(newServer(), { port: 0, ...options })
    await close()
    return lines.splice(0)
  }
  const [line, ...others] = await said({})
  assert.match(String(line), /^barewire: .*BAREWIRE_SESSION_KEY=\$\(openssl rand -hex 32\)$/)
  assert.deepEqual(others, [])
  assert.deepEqual(await said({}, false), [])
  assert.deepEqual(await said({ sessions: false }), [])
  assert.deepEqual(await said({ eras: ['stateless'] }), [])
  assert.deepEqual(await said({ sessions: { keys: ['k'.repeat(32)] } }), [])
  process.env['BAREWIRE_SESSION_KEY'] = 'k'.repeat(32)
  t.after(() => {
    delete process.env['BAREWIRE_SESSION_KEY']
  })
  assert.deepEqual(await said({}), [])
})

test('serve rejects with a clear error when the port is in use, and leaves nothing behind', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  await assert.rejects(serve(newServer(), { port }), {
    code: 'EADDRINUSE',
    message: `Port ${port} on 127.0.0.1 is in use: choose another port`,
  })
})

test('serve survives an error of its listener, and reports it', async (t) => {
  const { serving, errors, url } = await start(t)
  const tooManyFiles = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' })
  serving.server.emit('error', tooManyFiles)
  assert.deepEqual(errors, [{ error: tooManyFiles, phase: 'transport' }])
  assert.equal((await post(url, initializeText)).status, 200)
})

test('serve keeps idle connections longer than load balancers do, and bounds how long a request may take', async (t) => {
  const { server } = (await start(t)).serving
  assert.ok(server.keepAliveTimeout >= 65_000)
  assert.ok(server.headersTimeout > server.keepAliveTimeout)
  assert.ok(server.requestTimeout > 0)
  assert.equal(server.timeout, 0, 'a stream may be silent for as long as it likes')
})

test('a session outlives the connection that opened it', async (t) => {
  const { port, serving } = await start(t)
  const accepted = once(serving.server, 'connection')
  const socket = await RawSocket.open(port)
  const [connection] = (await accepted) as [Socket]
  await socket.write(httpText({ body: initializeText }))
  const id = (await socket.response()).headers['mcp-session-id'] ?? ''
  const closed = new Promise((resolve) => connection.on('close', resolve))
  socket.reset()
  await closed
  const other = await raw(port, httpText({ headers: { 'mcp-session-id': id }, body: pingText }))
  assert.equal(other.status, 200)
})

test('close lets a slow call finish, and then closes', async (t) => {
  const { url, serving, waiting } = await start(t)
  const session = await TestSession.open(url)
  const json = session.call('wait')
  const jsonCall = await waiting()
  const stream = session.call('talk-and-wait')
  const streamCall = await waiting()
  let isClosed = false
  const closing = serving.close({ drainMs: 20_000 }).then(() => {
    isClosed = true
  })
  assert.equal(jsonCall.signal.aborted, false)
  jsonCall.release('one')
  assert.equal((await json).result.content[0].text, 'one')
  assert.equal(isClosed, false, 'the other call is still running')
  streamCall.release('two')
  const last = await stream
  assert.deepEqual([last.result.content[0].text, last.complete], ['two', true])
  await closing
  await assert.rejects(post(url, initializeText), { code: 'ECONNREFUSED' })
})

test('close gives up the calls that are still running after drainMs, and aborts them', async (t) => {
  const { url, serving, waiting } = await start(t)
  const session = await TestSession.open(url)
  const running = session.call('talk-and-wait')
  const call = await waiting()
  await serving.close({ drainMs: 0 })
  const reply = await running
  assert.equal(call.signal.aborted, true)
  assert.equal(reply.complete, true)
  assert.match(reply.error.message, /shutting down/)
})

test('close ends 100 open streams properly and tells their clients when to come back [transports.get-close-retry]', async (t) => {
  const { url, serving } = await start(t)
  const sessions = await Promise.all(Array.from({ length: 100 }, () => TestSession.open(url)))
  const streams = await Promise.all(sessions.map((session) => session.listen()))
  assert.equal(serving.stats().streams, 100)
  await serving.close()
  for (const stream of streams) {
    const { complete, error } = await stream.end()
    assert.deepEqual([complete, error], [true, undefined], 'the terminating chunk was seen')
    // One stands in the event that begins the stream; the other is the last that is sent.
    const retries = stream.events.filter((event) => event.retry !== undefined)
    assert.equal(retries.length, 2)
    assert.equal(stream.events.at(-1), retries[1])
  }
  assert.equal(serving.stats().sessions, 0)
})

test('close sends the terminating chunk on the wire', async (t) => {
  const { url, port, serving } = await start(t)
  const session = await TestSession.open(url)
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  await socket.write(httpText({ method: 'GET', headers: { 'mcp-session-id': session.sessionId } }))
  await socket.readUntil((text) => text.includes('\r\n\r\n'))
  await serving.close()
  assert.deepEqual(await socket.ended, { error: undefined })
  assert.ok(socket.received.endsWith('0\r\n\r\n'))
})

test('close ends sessions once, with the reason, and is idempotent', async (t) => {
  const ended: string[] = []
  const { url, serving } = await start(t, { onSessionClosed: (_session, reason) => ended.push(reason) })
  await TestSession.open(url)
  await Promise.all([serving.close(), serving.close({ drainMs: 0 }), serving.close()])
  await serving.close()
  assert.deepEqual(ended, ['shutdown'])
})

test('close does not wait for connections that are idle or stalled in the middle of a request', async (t) => {
  const { port, serving } = await start(t)
  const text = httpText({ body: initializeText })
  const sockets = await Promise.all(Array.from({ length: 4 }, () => RawSocket.open(port)))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const [, head, body, idle] = sockets as [RawSocket, RawSocket, RawSocket, RawSocket]
  await head.write(text.slice(0, 10))
  await body.write(text.slice(0, -10))
  await idle.write(text)
  await idle.response()
  await serving.close()
  await Promise.all(sockets.map((socket) => socket.ended))
})

test('a program exits by itself after close, with streams, calls, sessions and timers behind it', async () => {
  const program = fileURLToPath(new URL('./robustness/closing-program.ts', import.meta.url))
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...typescript, program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    timeout: 60_000,
  })
  assert.equal(stdout, 'streams 10, calls 1\nclosed\n')
  assert.equal(stderr, '')
})
