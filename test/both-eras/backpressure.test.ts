/** Handlers that wait for their client to read: it loses nothing, and nobody waits for what cannot come. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createMcpHandler, type HandlerOptions, type RequestContext } from '../../src/index.ts'
import type { StatelessClient } from '../helpers/stateless-client.ts'
import { clientOf, ERAS, type EraName, StreamedCall, toolCall } from '../helpers/streamed-call.ts'
import { TestSession, within } from '../helpers/wire.ts'
import { watchProcess } from '../robustness/watch-process.ts'
import type { HeldCall } from '../session-era/serving.ts'
import { eventually, type StatelessFixture, serving } from '../stateless-era/serving.ts'
import { TaskClient } from '../stateless-era/task-client.ts'

/** All of it together is far more than the buffers of the system hold. */
const COUNT = 1500
const TEXT = 'x'.repeat(20_000)
const LIMIT = 200_000

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** What a handler does that awaits each of its messages, and how far it is. */
class Talk {
  sent = 0
  /** Resolves when all is said. */
  readonly over: Promise<void>

  constructor(ctx: RequestContext, count = COUNT) {
    this.over = this.#talk(ctx, count)
  }

  async #talk(ctx: RequestContext, count: number): Promise<void> {
    while (this.sent < count && !ctx.signal.aborted) {
      this.sent += 1
      await ctx.progress(this.sent, count, TEXT)
    }
  }

  /** Waits until nothing is said for a while, which is before all is said. */
  async waits(): Promise<void> {
    for (let quiet = 0, seen = -1; quiet < 30; quiet += 1) {
      if (seen !== this.sent) quiet = 0
      seen = this.sent
      await turn()
    }
    assert.ok(this.sent < COUNT, 'the handler waits for nobody')
  }
}

interface Scene extends StatelessFixture {
  readonly client: StatelessFixture['client']
  readonly asking: TestSession | StatelessClient
  readonly reader: StreamedCall
  readonly call: HeldCall
}

/** A call whose client reads nothing. */
async function stalled(t: TestContext, era: EraName, handler: HandlerOptions = {}): Promise<Scene> {
  const fixture = await serving(t, { handler: { maxStreamBufferBytes: LIMIT, ...handler } })
  watchProcess(t)
  const asking = await clientOf(fixture.url, era)
  const reader = await StreamedCall.open(fixture.port, toolCall(asking, 'hold'))
  reader.socket.pause()
  t.after(() => reader.socket.destroy())
  return { ...fixture, asking, reader, call: await fixture.held.next() }
}

for (const era of ERAS) {
  test(`a handler that awaits its progress keeps a client that does not read, and loses nothing, in the ${era} era`, async (t) => {
    const { reader, call, stats, asking } = await stalled(t, era)
    const talk = new Talk(call.ctx)
    await talk.waits()
    assert.deepEqual([stats().streams, stats().callsInProgress], [1, 1])
    // Others are served meanwhile, and so is this client, on another connection.
    assert.equal((await asking.call('echo', { text: 'x' })).result.content[0].text, 'x')
    reader.socket.resume()
    await within(talk.over, () => `the handler, which is at ${talk.sent}`)
    call.finish('done')
    assert.deepEqual([await reader.end(), reader.count, reader.inOrder], ['complete', COUNT, true])
  })

  test(`a handler that does not await loses the connection of a client that does not read, in the ${era} era`, async (t) => {
    const { reader, call, stats } = await stalled(t, era)
    call.ctx.progress(1)
    for (let sent = 2; stats().streams > 0; sent++) {
      assert.ok(sent < COUNT * 2, 'the connection is never dropped')
      call.ctx.progress(sent, undefined, TEXT)
      await turn()
    }
    reader.socket.resume()
    assert.equal(await reader.end(), 'broken')
    call.finish('done')
  })

  test(`log messages are waited for as progress is, in the ${era} era`, async (t) => {
    const fixture = await serving(t, {
      server: { logging: true },
      handler: { maxStreamBufferBytes: LIMIT },
    })
    const asking =
      era === 'session' ? await TestSession.open(fixture.url) : fixture.client({ logLevel: 'info' })
    const reader = await StreamedCall.open(fixture.port, toolCall(asking, 'hold'))
    reader.socket.pause()
    t.after(() => reader.socket.destroy())
    const { ctx, finish } = await fixture.held.next()
    let said = 0
    const saying = (async () => {
      while (said < COUNT) await ctx.log.info({ progress: ++said, text: TEXT })
    })()
    for (let n = 0; n < 100; n++) await turn()
    assert.ok(said < COUNT)
    reader.socket.resume()
    await within(saying, () => `the handler, which is at ${said}`)
    finish('done')
    assert.deepEqual([await reader.end(), reader.count, reader.inOrder], ['complete', COUNT, true])
  })

  test(`a message that nobody has to wait for gives one promise for all, in the ${era} era`, async (t) => {
    const fixture = await serving(t, { server: { logging: true } })
    const asking = await clientOf(fixture.url, era)
    const reader = await StreamedCall.open(fixture.port, toolCall(asking, 'hold'))
    t.after(() => reader.socket.destroy())
    const { ctx, finish } = await fixture.held.next()
    const { progress, log } = ctx
    const sent = progress(1)
    assert.ok(sent instanceof Promise)
    // One that is sent, one that does not increase, one that the client may not want.
    for (const other of [progress(2), progress(2), log.debug('x')]) assert.equal(other, sent)
    assert.equal(await sent.then(() => 'then'), 'then')
    finish('done')
    assert.equal(await reader.end(), 'complete')
    // After the end, too.
    assert.deepEqual([progress(3), log.error('x')], [sent, sent])
  })

  test(`a handler that waits for its client goes on, aborted, when the server shuts down, in the ${era} era`, async (t) => {
    const { call, close } = await stalled(t, era)
    const talk = new Talk(call.ctx)
    await talk.waits()
    await close({ drainMs: 0 })
    await within(talk.over, () => 'the handler')
    assert.equal(call.ctx.signal.aborted, true)
    call.finish('nobody hears this')
  })

  test(`a client that takes nothing for long is dropped, and holds up no call, in the ${era} era`, async (t) => {
    const { call, stats } = await stalled(t, era, { keepAliveMs: 32, disconnectGraceMs: 20 })
    const talk = new Talk(call.ctx)
    await within(talk.over, () => `the handler, which is at ${talk.sent}`)
    assert.match((await call.aborted()).message, /closed the connection|client was away/)
    assert.equal(stats().streams, 0)
    call.finish('nobody hears this')
  })

  test(`a response behind another one of its connection is waited for, and sent in its turn, in the ${era} era`, async (t) => {
    const fixture = await serving(t, { handler: { maxStreamBufferBytes: LIMIT } })
    const asking = await clientOf(fixture.url, era)
    const both = toolCall(asking, 'hold').repeat(2)
    const reader = await StreamedCall.open(fixture.port, both)
    t.after(() => reader.socket.destroy())
    const [first, second] = [await fixture.held.next(), await fixture.held.next()]
    const talk = new Talk(second.ctx)
    await talk.waits()
    first.finish('first')
    await within(talk.over, () => `the handler, which is at ${talk.sent}`)
    second.finish('second')
    assert.deepEqual([await reader.end(), reader.count, reader.inOrder], ['complete', COUNT, true])
  })

  test(`a response that middleware has changed is waited for, in the ${era} era`, async (t) => {
    const fixture = await serving(t)
    const handler = createMcpHandler(fixture.server, { maxStreamBufferBytes: LIMIT })
    const server = createServer((request, response: ServerResponse) => {
      const { write } = response
      response.write = ((...args: Parameters<typeof write>) => write.apply(response, args)) as typeof write
      handler(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(async () => {
      await handler.close({ drainMs: 0 })
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    const asking = await clientOf(`http://127.0.0.1:${port}/mcp`, era)
    const reader = await StreamedCall.open(port, toolCall(asking, 'hold'))
    reader.socket.pause()
    t.after(() => reader.socket.destroy())
    const call = await fixture.held.next()
    const talk = new Talk(call.ctx)
    await talk.waits()
    reader.socket.resume()
    await within(talk.over, () => `the handler, which is at ${talk.sent}`)
    call.finish('done')
    assert.deepEqual([await reader.end(), reader.count, reader.inOrder], ['complete', COUNT, true])
  })
}

test('a handler that waits for its client goes on, aborted, when the client closes the connection, in the stateless era', async (t) => {
  const { reader, call } = await stalled(t, 'stateless')
  const talk = new Talk(call.ctx)
  await talk.waits()
  reader.socket.destroy()
  await within(talk.over, () => 'the handler')
  assert.match((await call.aborted()).message, /closed the connection/)
  call.finish('nobody hears this')
})

test('a handler that waits for its client goes on, aborted, when its call is cancelled, and when its session is deleted', async (t) => {
  for (const end of ['cancel', 'delete'] as const) {
    const { asking, call } = await stalled(t, 'session')
    const session = asking as TestSession
    const talk = new Talk(call.ctx)
    await talk.waits()
    if (end === 'cancel') await session.notify('notifications/cancelled', { requestId: 1 })
    else await session.delete()
    await within(talk.over, () => `the handler after ${end}`)
    assert.equal(call.ctx.signal.aborted, true)
    call.finish('nobody hears this')
  }
})

test('a cancelled request of a batch waits no longer, and the others wait for the client', async (t) => {
  const fixture = await serving(t, { handler: { maxStreamBufferBytes: LIMIT } })
  const session = await TestSession.open(fixture.url, { protocolVersion: '2025-03-26' })
  const of = (id: number) => ({
    ...{ jsonrpc: '2.0', id, method: 'tools/call' },
    params: { name: 'hold', arguments: {}, _meta: { progressToken: `t${id}` } },
  })
  const body = JSON.stringify([of(1), of(2)])
  const [head] = toolCall(session, 'hold').split('\r\n\r\n') as [string]
  const request = `${head.replace(/content-length: \d+/, `content-length: ${body.length}`)}\r\n\r\n${body}`
  const reader = await StreamedCall.open(fixture.port, request)
  reader.socket.pause()
  t.after(() => reader.socket.destroy())
  const [first, second] = [await fixture.held.next(), await fixture.held.next()]
  const [one, two] = [new Talk(first.ctx), new Talk(second.ctx)]
  await Promise.all([one.waits(), two.waits()])
  await session.notify('notifications/cancelled', { requestId: 1 })
  await within(one.over, () => 'the cancelled handler')
  const { sent } = two
  for (let n = 0; n < 30; n++) await turn()
  assert.equal(two.sent, sent)
  first.finish('nobody hears this')
  reader.socket.resume()
  await within(two.over, () => `the other handler, which is at ${two.sent}`)
  second.finish('done')
  assert.deepEqual([await reader.end(), reader.count], ['complete', one.sent + COUNT])
})

test('a task waits for nobody', async (t) => {
  const fixture = await serving(t, {
    setup: (server) =>
      server.registerTool('work', { task: 'required' }, async (_args, ctx) => {
        await ctx.progress(1, 2, 'half').then(() => ctx.log.info('half'))
        return 'done'
      }),
  })
  const client = new TaskClient(fixture.url)
  const taskId = await client.begin('work', {}, { meta: { progressToken: 1 } })
  await client.until(taskId, 'completed')
})

test('a handler of a call without a session goes on, aborted, when its client is lost', async (t) => {
  const fixture = await serving(t, { handler: { maxStreamBufferBytes: LIMIT, sessions: false } })
  const session = await TestSession.open(fixture.url)
  const reader = await StreamedCall.open(fixture.port, toolCall(session, 'hold'))
  reader.socket.pause()
  const call = await fixture.held.next()
  const talk = new Talk(call.ctx)
  await talk.waits()
  reader.socket.destroy()
  await within(talk.over, () => 'the handler')
  await eventually(() => fixture.stats().callsInProgress === 0, 'the call to end')
  call.finish('nobody hears this')
})
