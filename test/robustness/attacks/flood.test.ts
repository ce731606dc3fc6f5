/** Clients that come and never say goodbye: sessions stay within their cap, and what they took is given back. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { start } from '../../conversations/running-server.ts'
import { typescript } from '../../helpers/typescript.ts'
import { post, TestSession } from '../../helpers/wire.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

interface FloodReport {
  readonly answered: number
  readonly mostSessions: number
  readonly sessionsBefore: number
  readonly sessionsAfter: number
  readonly ends: { readonly [reason: string]: number }
  readonly heapBefore: number
  readonly heapFull: number
  readonly heapAfter: number
}

test('20 000 clients that initialize and never DELETE stay within sessions.max, and the heap returns', async () => {
  const program = fileURLToPath(new URL('./flood-program.ts', import.meta.url))
  const args = ['--expose-gc', ...typescript, program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    timeout: 240_000,
  })
  // Node may say there that mocked timers are experimental.
  assert.doesNotMatch(stderr, /Error|MaxListeners/)
  const report: FloodReport = JSON.parse(stdout)
  assert.equal(report.answered, 20_000)
  assert.equal(report.mostSessions, 1000)
  assert.equal(report.sessionsBefore, 1000)
  assert.equal(report.sessionsAfter, 0)
  // Told once each: the 19 000 that made room, and the last 1000 when their time was over.
  assert.deepEqual(report.ends, { evicted: 19_000, expired: 1000 })
  const MB = 1024 * 1024
  assert.ok(report.heapFull - report.heapBefore < 16 * MB, stdout)
  assert.ok(report.heapAfter - report.heapBefore < 8 * MB, stdout)
})

test('a flood does not evict a session that is in use, nor one that was seen later', async (t) => {
  const { url, serving, waiting } = await start(t, { sessions: { max: 5 } })
  const listening = await TestSession.open(url)
  const stream = await listening.listen()
  const calling = await TestSession.open(url)
  const running = calling.call('wait')
  const call = await waiting()
  const active = await TestSession.open(url)
  for (let index = 0; index < 50; index += 1) {
    await TestSession.open(url, { initialized: false })
    assert.equal((await active.request('ping')).status, 200)
  }
  assert.equal(serving.stats().sessions, 5)
  call.release()
  assert.equal((await running).status, 200)
  assert.equal((await listening.request('ping')).status, 200)
  await stream.close()
})

test('what is refused opens no session and keeps nothing, however often it comes', async (t) => {
  const { url, serving, opened } = await start(t, { auth: { verify: () => undefined } })
  const message = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
  for (let index = 0; index < 200; index += 1) {
    assert.equal((await post(url, message, { authorization: `Bearer t${index}` })).status, 401)
  }
  assert.deepEqual(opened, [])
  assert.equal(serving.stats().sessions, 0)
})
