import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PendingRequests } from '../../src/jsonrpc/pending.ts'
import { McpError } from '../../src/jsonrpc/rpc-error.ts'

const result = (id: string | number | undefined, value: unknown) =>
  ({ kind: 'response', id, result: value }) as const

test('PendingRequests gives each request the response with its id, in any order', async () => {
  const pending = new PendingRequests(10)
  const [first, second] = [pending.nextId(), pending.nextId()]
  assert.notEqual(first, second)
  const answers = [pending.send(first, { timeoutMs: 0 }), pending.send(second, { timeoutMs: 0 })]
  assert.equal(pending.size, 2)
  assert.equal(pending.settle(result(second, 'two')), true)
  assert.equal(pending.settle(result(first, 'one')), true)
  assert.deepEqual(await Promise.all(answers), ['one', 'two'])
  assert.equal(pending.size, 0)
})

test('PendingRequests ignores responses with an unknown, repeated, missing or differently typed id', async () => {
  const pending = new PendingRequests(10)
  assert.equal(pending.settle(result('s-1', 1)), false)
  const answer = pending.send(1, { timeoutMs: 0 })
  assert.equal(pending.settle(result('1', 'wrong')), false)
  assert.equal(pending.settle(result(undefined, 'wrong')), false)
  assert.equal(pending.settle(result(1, 'right')), true)
  assert.equal(pending.settle(result(1, 'again')), false)
  assert.equal(await answer, 'right')
})

test('PendingRequests rejects with the RpcError that the client answered', async () => {
  const pending = new PendingRequests(10)
  const answer = pending.send('s-1', { timeoutMs: 0 })
  pending.settle({
    kind: 'response',
    id: 's-1',
    error: { code: -1, message: 'User rejected', data: { a: 1 } },
  })
  await assert.rejects(answer, { name: 'RpcError', code: -1, message: 'User rejected', data: { a: 1 } })
})

test('PendingRequests gives a request up after timeoutMs, tells why, and ignores the late response', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pending = new PendingRequests(10)
  const abandoned: string[] = []
  const answer = pending.send('s-1', {
    timeoutMs: 100,
    method: 'a/b',
    onAbandon: (error) => abandoned.push(error.code),
  })
  t.mock.timers.tick(99)
  assert.equal(pending.size, 1)
  t.mock.timers.tick(1)
  await assert.rejects(answer, { code: 'ERR_REQUEST_TIMEOUT', message: /a\/b within 100 ms/ })
  assert.deepEqual(abandoned, ['ERR_REQUEST_TIMEOUT'])
  assert.equal(pending.size, 0)
  assert.equal(pending.settle(result('s-1', 1)), false)
})

test('PendingRequests never times out with timeoutMs 0 or Infinity, and not early with a huge one', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pending = new PendingRequests(10)
  for (const timeoutMs of [0, Number.POSITIVE_INFINITY, 2 ** 40]) {
    pending.send(pending.nextId(), { timeoutMs })
  }
  t.mock.timers.tick(2 ** 31 - 2)
  assert.equal(pending.size, 3)
  t.mock.timers.tick(1)
  assert.equal(pending.size, 2)
})

test('PendingRequests gives a request up when its signal aborts, with the reason as cause', async () => {
  const pending = new PendingRequests(10)
  const controller = new AbortController()
  const abandoned: string[] = []
  const answer = pending.send('s-1', {
    timeoutMs: 0,
    signal: controller.signal,
    onAbandon: (error) => abandoned.push(error.code),
  })
  const reason = new Error('cancelled')
  controller.abort(reason)
  await assert.rejects(answer, { code: 'ERR_REQUEST_ABORTED', cause: reason })
  assert.deepEqual(abandoned, ['ERR_REQUEST_ABORTED'])
  assert.equal(pending.size, 0)
})

test('PendingRequests does not write a request whose signal is aborted already', async () => {
  const pending = new PendingRequests(10)
  let written = false
  const write = (): void => {
    written = true
  }
  const answer = pending.send('s-1', { timeoutMs: 0, signal: AbortSignal.abort(), write })
  await assert.rejects(answer, { code: 'ERR_REQUEST_ABORTED' })
  assert.equal(written, false)
})

test('PendingRequests takes its abort listener along when a request is settled', async (t) => {
  const pending = new PendingRequests(1000)
  const controller = new AbortController()
  const added = t.mock.method(controller.signal, 'addEventListener')
  const removed = t.mock.method(controller.signal, 'removeEventListener')
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => {
    if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning)
  }
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  const answers = Array.from({ length: 50 }, () => {
    const id = pending.nextId()
    return { id, answer: pending.send(id, { timeoutMs: 1000, signal: controller.signal }) }
  })
  for (const { id } of answers) pending.settle(result(id, id))
  await Promise.all(answers.map(({ answer }) => answer))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(added.mock.callCount(), 50)
  assert.deepEqual(
    removed.mock.calls.map((call) => call.arguments[1]),
    added.mock.calls.map((call) => call.arguments[1]),
  )
  assert.deepEqual(warnings, [])
})

test('PendingRequests refuses more than maxPending requests, and an id that waits', async () => {
  const pending = new PendingRequests(2)
  const first = pending.send('a', { timeoutMs: 0 })
  await assert.rejects(pending.send('a', { timeoutMs: 0 }), { code: 'ERR_DUPLICATE_ID' })
  pending.send('b', { timeoutMs: 0 })
  await assert.rejects(pending.send('c', { timeoutMs: 0 }), {
    code: 'ERR_TOO_MANY_REQUESTS',
    message: /2 requests/,
  })
  pending.settle(result('a', 1))
  assert.equal(await first, 1)
  pending.send('c', { timeoutMs: 0 })
  assert.equal(pending.size, 2)
})

test('PendingRequests can receive a response that comes while the request is being written', async () => {
  const pending = new PendingRequests(2)
  const write = (): void => {
    assert.equal(pending.settle(result('s-1', 'at once')), true)
  }
  assert.equal(await pending.send('s-1', { timeoutMs: 1000, write }), 'at once')
})

test('PendingRequests rejects with what write throws, and forgets the request', async () => {
  const pending = new PendingRequests(2)
  const problem = new McpError('ERR_NOT_SERIALISABLE', 'x')
  const write = (): void => {
    throw problem
  }
  await assert.rejects(pending.send('s-1', { timeoutMs: 1000, write }), problem)
  assert.equal(pending.size, 0)
})

test('PendingRequests.rejectAll rejects all that wait, and nobody has to be listening', async () => {
  const pending = new PendingRequests(10)
  const awaited = pending.send('a', { timeoutMs: 1000 })
  pending.send('b', { timeoutMs: 1000 })
  const ended = new McpError('ERR_SESSION_CLOSED', 'the session ended')
  pending.rejectAll(ended)
  assert.equal(pending.size, 0)
  await assert.rejects(awaited, ended)
  // An unhandled rejection of 'b' would fail this test.
  await new Promise((resolve) => setImmediate(resolve))
})

test('PendingRequests survives an onAbandon that throws', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pending = new PendingRequests(10)
  const onAbandon = (): void => {
    throw new Error('the stream is gone')
  }
  const answer = pending.send('a', { timeoutMs: 5, onAbandon })
  t.mock.timers.tick(5)
  await assert.rejects(answer, { code: 'ERR_REQUEST_TIMEOUT' })
})

test('PendingRequests stops the timer of a request that was answered', async (t) => {
  const started = t.mock.method(globalThis, 'setTimeout')
  const stopped = t.mock.method(globalThis, 'clearTimeout')
  const pending = new PendingRequests(10)
  const answer = pending.send('a', { timeoutMs: 60_000 })
  pending.settle(result('a', 1))
  await answer
  assert.equal(started.mock.callCount(), 1)
  const timer = started.mock.calls[0]?.result
  assert.ok(stopped.mock.calls.some((call) => call.arguments[0] === timer))
})
