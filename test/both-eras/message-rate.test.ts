/** The rate of progress and log messages, on the wire; what is not limited arrives whatever the rate. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlerOptions, RequestContext } from '../../src/index.ts'
import { type SseStream, TestSession, type WireJson } from '../helpers/wire.ts'
import { type StatelessFixture, serving } from '../stateless-era/serving.ts'

const meta = { progressToken: 'token' }
/** Of a second: nothing is given back within a test. */
const NEVER = 0.001

type Caller = TestSession | ReturnType<StatelessFixture['client']>

/** A client of each era that wants log messages. */
async function scene(t: TestContext, messageRate: HandlerOptions['messageRate']) {
  const handler = messageRate === undefined ? {} : { messageRate }
  const fixture = await serving(t, { server: { logging: true }, handler })
  const callers: readonly Caller[] = [
    await TestSession.open(fixture.url),
    fixture.client({ logLevel: 'info' }),
  ]
  return { fixture, callers }
}

/** The messages of a call whose handler does something and returns. */
async function during(
  { held }: StatelessFixture,
  caller: Caller,
  work: (ctx: RequestContext) => void,
): Promise<readonly WireJson[]> {
  const reply = caller.call('hold', {}, { meta })
  const call = await held.next()
  work(call.ctx)
  call.finish('done')
  const { messages, result } = await reply
  assert.equal(result.content[0].text, 'done')
  assert.equal(messages.at(-1).result !== undefined, true)
  return messages
}

const progressIn = (messages: readonly WireJson[]) =>
  messages.flatMap(({ method, params }) => (method === 'notifications/progress' ? [params.progress] : []))
const logIn = (messages: readonly WireJson[]) =>
  messages.flatMap(({ method, params }) => (method === 'notifications/message' ? [params] : []))

test('progress above messageRate is left out, and the result follows [progress.rate-limited] [stateless.progress-rate]', async (t) => {
  const { fixture, callers } = await scene(t, { perSecond: NEVER, burst: 5 })
  for (const caller of callers) {
    const messages = await during(fixture, caller, ({ progress }) => {
      for (let value = 1; value <= 100; value++) progress(value, 100)
    })
    assert.deepEqual(progressIn(messages), [1, 2, 3, 4, 5])
  }
})

test('the latest progress above messageRate is sent when there is room again [progress.rate-limited] [stateless.progress-rate]', async (t) => {
  const { fixture, callers } = await scene(t, { perSecond: 2, burst: 5 })
  for (const caller of callers) {
    const opening = caller.stream('tools/call', { name: 'hold', arguments: {} }, { meta })
    const call = await fixture.held.next()
    for (let value = 1; value <= 100; value++) call.ctx.progress(value, 100)
    const stream: SseStream = await fixture.opened(opening)
    await stream.until(({ json }) => json?.params?.progress === 100)
    assert.deepEqual(progressIn(stream.messages), [1, 2, 3, 4, 5, 100])
    call.finish('done')
    await stream.end()
  }
})

test('log messages above messageRate are left out, and their number is told before the result [logging.rate-limited] [logging.rate-limiting] [stateless.logging-rate]', async (t) => {
  const { fixture, callers } = await scene(t, { perSecond: NEVER, burst: 5 })
  for (const caller of callers) {
    const messages = await during(fixture, caller, ({ log }) => {
      for (let n = 1; n <= 20; n++) log.error(n)
    })
    const [notice, ...before] = logIn(messages).reverse()
    assert.deepEqual(
      before.map(({ data }) => data),
      [5, 4, 3, 2, 1],
    )
    assert.deepEqual([notice.level, notice.logger], ['warning', 'barewire'])
    assert.match(notice.data, /^15 log messages were omitted: .* \(messageRate\)$/)
  }
})

test('each call has a rate of its own, and messageRate is no limit for a handler that is within it', async (t) => {
  const { fixture, callers } = await scene(t, { perSecond: NEVER, burst: 5 })
  for (const caller of callers) {
    for (let round = 0; round < 3; round++) {
      const messages = await during(fixture, caller, ({ progress, log }) => {
        for (const value of [1, 2, 3]) progress(value)
        for (const value of [4, 5]) log.info(value)
      })
      assert.deepEqual([progressIn(messages).length, logIn(messages).length], [3, 2])
    }
  }
})

test('messageRate: false, and the default, let a burst through', async (t) => {
  for (const messageRate of [false, undefined] as const) {
    const { fixture, callers } = await scene(t, messageRate)
    for (const caller of callers) {
      const messages = await during(fixture, caller, ({ progress }) => {
        for (let value = 1; value <= 2000; value++) progress(value, 2000)
      })
      assert.equal(progressIn(messages).length, 2000)
    }
  }
})

test('questions, answers and changes arrive whatever the rate', async (t) => {
  const { fixture } = await scene(t, { perSecond: NEVER, burst: 1 })
  const session = await TestSession.open(fixture.url, {
    capabilities: { elicitation: {} },
    onRequest: () => ({ action: 'decline' }),
  })
  const listening = await fixture.opened(session.listen())
  const reply = session.call('hold', {}, { meta })
  const call = await fixture.held.next()
  for (let value = 1; value <= 3; value++) call.ctx.progress(value)
  for (let n = 1; n <= 3; n++) {
    const form = { message: `${n}?`, requestedSchema: { type: 'object', properties: {} } } as const
    assert.equal((await call.ctx.elicit(`q${n}`, form)).action, 'decline')
    fixture.server.registerTool(`new-${n}`, {}, () => 'new')
    await listening.nextMessage(({ method }) => method === 'notifications/tools/list_changed')
  }
  call.finish('done')
  const { messages } = await reply
  assert.deepEqual(progressIn(messages), [1])
  assert.equal(messages.at(-1).result.content[0].text, 'done')
})
