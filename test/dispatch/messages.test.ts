/** Progress and log messages of one call against their rate, with a clock of the test's own. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Messages } from '../../src/dispatch/messages.ts'
import type { RpcExchange } from '../../src/dispatch/rpc-exchange.ts'
import type { Rate } from '../../src/dispatch/token-bucket.ts'
import type { JsonObject, LogLevel } from '../../src/protocol/wire-types.ts'

interface Scene {
  readonly messages: Messages
  /** What was sent: progress values, and the data of log messages. */
  readonly sent: unknown[]
  readonly params: JsonObject[]
  readonly reported: unknown[]
  /** Lets time pass, and timers run. */
  pass(milliseconds: number): void
}

function scene(t: TestContext, messageRate: Rate | undefined, logLevel: LogLevel = 'debug'): Scene {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: unknown[] = []
  const params: JsonObject[] = []
  const reported: unknown[] = []
  const notify = (_method: string, given: JsonObject) => {
    JSON.stringify(given)
    params.push(given)
    sent.push(given['progress'] ?? given['data'])
    return undefined
  }
  const exchange = { messageRate, logLevel, notify } as unknown as RpcExchange
  const messages = new Messages(exchange, 'token', (error) => reported.push(error))
  const pass = (milliseconds: number) => {
    now += milliseconds
    t.mock.timers.tick(milliseconds)
  }
  return { messages, sent, params, reported, pass }
}

test('progress above the rate: the latest value is sent when there is room again, and no other', (t) => {
  const { messages, sent, pass } = scene(t, { perSecond: 10, burst: 3 })
  for (let value = 1; value <= 50; value++) void messages.progress(value)
  assert.deepEqual(sent, [1, 2, 3])
  pass(99)
  void messages.progress(60)
  assert.deepEqual(sent, [1, 2, 3])
  pass(1)
  assert.deepEqual(sent, [1, 2, 3, 60])
  // Nothing waits, and the room is used up.
  pass(1000)
  assert.deepEqual(sent, [1, 2, 3, 60])
  for (let value = 61; value <= 70; value++) void messages.progress(value)
  pass(100)
  assert.deepEqual(sent, [1, 2, 3, 60, 61, 62, 63, 70])
})

test('progress that waits is dropped at the end of the call, and nothing is sent after it', (t) => {
  const { messages, sent, pass } = scene(t, { perSecond: 10, burst: 1 })
  void messages.progress(1)
  void messages.progress(2)
  messages.end()
  pass(10_000)
  void messages.progress(3)
  void messages.log.info('late')
  pass(10_000)
  assert.deepEqual(sent, [1])
})

test('log messages above the rate are omitted, and counted in front of the next one that is sent', (t) => {
  const { messages, sent, params, pass } = scene(t, { perSecond: 10, burst: 3 })
  for (let n = 1; n <= 20; n++) void messages.log.info(n)
  assert.deepEqual(sent, [1, 2, 3])
  // One is room for the message that says how many, and not for one that follows it.
  pass(100)
  void messages.log.info(21)
  assert.deepEqual(sent, [1, 2, 3])
  pass(100)
  void messages.log.info(22)
  const notice =
    '18 log messages were omitted: this call sent more than 3 messages at once and 10 a second (messageRate)'
  assert.deepEqual(sent, [1, 2, 3, notice, 22])
  assert.deepEqual([params[3]?.['level'], params[3]?.['logger']], ['warning', 'barewire'])
  pass(100)
  void messages.log.info(23)
  assert.deepEqual(sent.slice(5), [23])
})

test('omitted log messages are reported at the end of the call, once', (t) => {
  const { messages, sent, pass } = scene(t, { perSecond: 1, burst: 1 })
  for (let n = 1; n <= 5; n++) void messages.log.error(n)
  messages.end()
  messages.end()
  pass(10_000)
  assert.equal(sent.length, 2)
  assert.match(String(sent[1]), /^4 log messages were omitted/)
})

test('a client that wants no warnings gets no report of omitted messages; messages that it does not want are not counted', (t) => {
  const loud = scene(t, { perSecond: 1, burst: 1 }, 'error')
  for (let n = 1; n <= 5; n++) void loud.messages.log.error(n)
  loud.messages.end()
  assert.deepEqual(loud.sent, [1])
  t.mock.restoreAll()
  t.mock.timers.reset()
  const quiet = scene(t, { perSecond: 1, burst: 1 }, 'warning')
  for (let n = 1; n <= 5; n++) void quiet.messages.log.info(n)
  void quiet.messages.log.warning('heard')
  quiet.messages.end()
  assert.deepEqual(quiet.sent, ['heard'])
})

test('a flood of log messages does not keep progress from its turn', (t) => {
  const { messages, sent, pass } = scene(t, { perSecond: 10, burst: 2 })
  for (let n = 1; n <= 2; n++) void messages.log.info(n)
  void messages.progress(1)
  for (let step = 1; step <= 100; step++) {
    void messages.log.info('flood')
    pass(1)
  }
  assert.deepEqual(sent, [1, 2, 1])
})

test('the rate is kept for any burst, and false is no limit', (t) => {
  for (const [rate, expected] of [
    [{ perSecond: 1, burst: 1 }, 1],
    [{ perSecond: 1, burst: 100 }, 100],
    [{ perSecond: 1, burst: 5000 }, 5000],
    [undefined, 20_000],
  ] as const) {
    const { messages, sent } = scene(t, rate)
    for (let n = 1; n <= 20_000; n++) void messages.log.info(n)
    assert.equal(sent.length, expected)
    t.mock.restoreAll()
    t.mock.timers.reset()
  }
})

test('what cannot be written as JSON is reported, from a timer too, and fails nothing', (t) => {
  const { messages, sent, reported, pass } = scene(t, { perSecond: 10, burst: 1 })
  const unwritable = 1n as unknown as string
  void messages.progress(1, 1, unwritable)
  assert.equal(reported.length, 1)
  void messages.progress(2, 2, unwritable)
  pass(100)
  assert.equal(reported.length, 2)
  pass(100)
  void messages.log.info(1n)
  assert.equal(reported.length, 3)
  assert.deepEqual(sent, [])
})

test('a rate of less than one message in the longest time of a timer sets no timer that fires at once', (t) => {
  const { messages } = scene(t, { perSecond: 1e-9, burst: 1 })
  const delays = t.mock.method(globalThis, 'setTimeout')
  for (const value of [1, 2, 3]) void messages.progress(value)
  assert.deepEqual(
    delays.mock.calls.map(({ arguments: [, delay] }) => delay),
    [2 ** 31 - 1],
  )
})
