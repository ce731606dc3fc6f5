import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { findListeners, listeningInodes, residentBytes } from '../../../bench/url/listeners.ts'

const skip = process.platform === 'linux' ? false : 'needs /proc'

const SERVER = `require('node:net').createServer().listen(0, '127.0.0.1', function () {
  console.log(process.pid + ' ' + this.address().port)
})`
// What npx and tsx do: a process that does nothing but start the server.
const LAUNCHER = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(SERVER)}], { stdio: 'inherit' })`

/** Starts a launcher. @returns its pid, and the pid and port of the server that it started */
async function launch(t: TestContext): Promise<{ launcher: number; server: number; port: number }> {
  const child = spawn(process.execPath, ['-e', LAUNCHER], { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(String(chunk))),
  )
  const [server = 0, port = 0] = line.trim().split(' ').map(Number)
  t.after(() => {
    process.kill(server)
    child.kill()
  })
  return { launcher: child.pid as number, server, port }
}

test('findListeners takes the server behind a launcher, and the server itself', { skip }, async (t) => {
  const { launcher, server, port } = await launch(t)
  assert.notEqual(server, launcher)
  assert.deepEqual(findListeners(launcher, port), [server])
  assert.deepEqual(findListeners(server, port), [server])
  assert.ok(residentBytes(server) > 10e6)
})

test('findListeners refuses a process that is not of the server, and says whose the port is', {
  skip,
}, async (t) => {
  const { server, port } = await launch(t)
  const other = await launch(t)
  assert.throws(
    () => findListeners(other.launcher, port),
    new RegExp(`neither it nor a descendant listens on port ${port}; it is ${server} \\(`),
  )
})

test('findListeners refuses a port that nobody listens on, and a process that is not there', {
  skip,
}, async () => {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  assert.deepEqual(findListeners(process.pid, port), [process.pid])
  await new Promise((resolve) => probe.close(resolve))
  assert.throws(() => findListeners(process.pid, port), /who does cannot be seen/)
  assert.throws(() => findListeners(2 ** 30, port), /there is no such process/)
})

test('listeningInodes reads both address families, and takes neither connections nor other ports', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1111 1 0',
    '   1: 0100007F:2328 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2222 1 0',
    '   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3333 1 0',
    '   3: 00000000000000000000000001000000:2328 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4444 1 0',
    '',
  ].join('\n')
  assert.deepEqual(listeningInodes(table, 9000), ['1111', '4444'])
  assert.deepEqual(listeningInodes(table, 80), ['3333'])
})
