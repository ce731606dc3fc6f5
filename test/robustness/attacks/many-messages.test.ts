/** Calls that say more in one turn, or ask more in one request, than anybody should: time stays in proportion. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { TaskInputRequests } from '../../../src/features/tasks/task-input-requests.ts'
import { type HandlerOptions, McpServer, serve } from '../../../src/index.ts'
import { clientOf, ERAS, StreamedCall, toolCall } from '../../helpers/streamed-call.ts'
import { TestSession } from '../../helpers/wire.ts'
import { watchProcess } from '../watch-process.ts'

const MB = 1024 * 1024
/** A hundred times what it takes on an idle machine, and a small part of what time in proportion to the square takes. */
const LIMIT_MS = 8000

async function start(t: TestContext, options: HandlerOptions) {
  const server = new McpServer({ name: 'many-messages', version: '1.0.0' })
  const counted = {
    inputSchema: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
  } as const
  server.registerTool('echo', {}, () => 'echo')
  server.registerTool('burst', counted, async ({ count }, ctx) => {
    for (let i = 1; i <= count; i++) ctx.progress(i, count)
    return 'done'
  })
  const { url, port, close, stats } = await serve(server, { port: 0, ...options })
  t.after(() => close({ drainMs: 0 }))
  watchProcess(t)
  return { url, port, stats }
}

for (const era of ERAS) {
  test(`50 000 progress messages in one turn are sent in proportionate time, and others are served, in the ${era} era`, async (t) => {
    // All of it fits, and most of it is far above what need not be counted.
    const { url, port } = await start(t, { maxStreamBufferBytes: 8 * MB })
    const other = await TestSession.open(url)
    const request = toolCall(await clientOf(url, era), 'burst', { count: 50_000 })
    const began = performance.now()
    const call = await StreamedCall.open(port, request)
    assert.equal((await other.call('echo')).result.content[0].text, 'echo')
    assert.equal(await call.end(60_000), 'complete')
    const took = performance.now() - began
    assert.deepEqual([call.count, call.inOrder], [50_000, true])
    assert.ok(took < LIMIT_MS, `took ${Math.round(took)} ms`)
    call.socket.destroy()
  })
}

test('a batch of 30 000 requests is answered in proportionate time', async (t) => {
  const { url } = await start(t, {
    maxBatch: Number.POSITIVE_INFINITY,
    maxInFlight: Number.POSITIVE_INFINITY,
    maxInFlightPerSession: Number.POSITIVE_INFINITY,
  })
  const session = await TestSession.open(url, { protocolVersion: '2025-03-26' })
  const batch = Array.from({ length: 30_000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))
  const began = performance.now()
  const { status, text } = await session.send(JSON.stringify(batch), { check: 'none' })
  const took = performance.now() - began
  assert.deepEqual([status, JSON.parse(text).length], [200, 30_000])
  assert.ok(took < LIMIT_MS, `took ${Math.round(took)} ms`)
})

test('a question that a task asks 20 000 times under one key is asked in proportionate time', async () => {
  const inputRequests = new TaskInputRequests(() => {})
  const began = performance.now()
  let key = ''
  for (let time = 1; time <= 20_000; time++) {
    const asked = inputRequests.ask('again', { method: 'roots/list' }, (answer) => answer)
    key = time === 1 ? 'again' : `again#${time}`
    inputRequests.respond({ [key]: time })
    assert.equal(await asked, time)
  }
  const took = performance.now() - began
  assert.ok(took < LIMIT_MS, `took ${Math.round(took)} ms`)
})

test('clients that do not read cost little memory where handlers wait for them, and lose nothing', async () => {
  const program = fileURLToPath(new URL('./slow-readers-program.ts', import.meta.url))
  const args = ['--expose-gc', '--import', 'tsx', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    timeout: 240_000,
  })
  const { count, readers, reports } = JSON.parse(stdout)
  assert.equal(reports.length, 2)
  for (const report of reports) {
    assert.equal(report.streams, readers, stdout)
    assert.ok(report.sentUnread < readers * count, stdout)
    // The limit for what waits, at which a handler that does not wait loses its client.
    assert.ok(report.heldFor < readers * MB, stdout)
    assert.deepEqual(report.ends, Array(readers).fill('complete'))
    assert.deepEqual(report.arrived, Array(readers).fill(count))
  }
})
