/** What `connect` remembers of a server: never what an option has chosen, and not for long. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ConnectOptions, connect, forgetServers } from '../../src/client/index.ts'
import { McpServer, type ServeOptions, serve } from '../../src/index.ts'
import { connected, scripted, session, stateless } from './scripted-server.ts'

const server = () => new McpServer({ name: 's', version: '1' })

async function start(t: TestContext, options: ServeOptions = {}) {
  const running = await serve(server(), { port: 0, ...options })
  t.after(() => running.close({ drainMs: 0 }))
  return running
}

async function revisionOf(url: string, options: ConnectOptions = {}): Promise<string> {
  const client = await connect(url, options)
  await client.close()
  return client.revision
}

for (const chosen of [{ revision: '2025-11-25' }, { first: 'initialize' }] as const) {
  test(`connect: ${JSON.stringify(chosen)} decides nothing for those that connect later`, async (t) => {
    forgetServers()
    const { url } = await start(t)
    assert.equal(await revisionOf(url, chosen), '2025-11-25')
    assert.equal(await revisionOf(url), '2026-07-28')
    assert.equal(await revisionOf(url, { revision: '2025-11-25' }), '2025-11-25')
    assert.equal(await revisionOf(url), '2026-07-28')
  })
}

test('connect remembers for 10 minutes that a server has sessions only, and use does not prolong it', async (t) => {
  const scripts = [session(() => {}), stateless(() => {})]
  let current = 0
  const { url, log } = await scripted(t, (exchange) => scripts[current]?.(exchange))
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  assert.equal((await connected(t, url)).revision, '2025-11-25')
  t.mock.timers.setTime(1_000_000 + 599_000)
  const before = log().length
  assert.equal((await connected(t, url)).revision, '2025-11-25')
  assert.ok(!log().slice(before).includes('server/discover'), 'it was known')
  current = 1
  t.mock.timers.setTime(1_000_000 + 600_000)
  const count = log().length
  assert.equal((await connected(t, url)).revision, '2026-07-28')
  assert.ok(!log().slice(count).includes('initialize'), 'it was found out again')
})

test('connect forgets a server when connecting to it fails', async (t) => {
  const old = await start(t, { eras: ['session'] })
  forgetServers()
  assert.equal(await revisionOf(old.url), '2025-11-25')
  await old.close({ drainMs: 0 })
  await assert.rejects(connect(old.url, { retries: 0 }), { code: 'ERR_CONNECTION' })
  const { url } = await start(t, { port: Number(new URL(old.url).port) })
  assert.equal(await revisionOf(url), '2026-07-28')
})

test('connect forgets a server whose session is gone', async (t) => {
  const old = await start(t, { eras: ['session'] })
  forgetServers()
  const client = await connect(old.url)
  t.after(() => client.close())
  await old.close({ drainMs: 0 })
  const { url } = await start(t, { port: Number(new URL(old.url).port) })
  await client.ping()
  assert.equal(await revisionOf(url), '2026-07-28')
})
