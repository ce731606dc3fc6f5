/** Who shares a rate with whom, and what a refusal says. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RateLimit, rateLimitOf } from '../../src/dispatch/rate-limit.ts'
import { TokenBuckets } from '../../src/dispatch/token-bucket.ts'

const RATE = { perSecond: 2, burst: 3 }

/** A clock that the test sets. */
function stopClock(t: TestContext): (milliseconds: number) => void {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  return (milliseconds) => {
    now += milliseconds
  }
}

const take = (limit: RateLimit, count: number, ...caller: [string?, string?]) =>
  Array.from({ length: count }, () => limit.take(...(caller as [string, string])) === undefined)

test('RateLimit allows a burst, and then as many as the rate', (t) => {
  const pass = stopClock(t)
  const limit = new RateLimit(RATE, 'requests', 'rateLimit')
  assert.deepEqual(take(limit, 5, 'alice'), [true, true, true, false, false])
  pass(499)
  assert.deepEqual(take(limit, 1, 'alice'), [false])
  pass(1)
  assert.deepEqual(take(limit, 2, 'alice'), [true, false])
  pass(60_000)
  assert.deepEqual(take(limit, 4, 'alice'), [true, true, true, false])
})

test('RateLimit counts each principal, each session without one, and all others together; names do not mix', (t) => {
  stopClock(t)
  const limit = new RateLimit(RATE, 'requests', 'rateLimit')
  const used = [true, true, true, false]
  assert.deepEqual(take(limit, 4, 'same'), used)
  assert.deepEqual(take(limit, 4, undefined, 'same'), used)
  assert.deepEqual(take(limit, 4, undefined, 'other'), used)
  assert.deepEqual(take(limit, 4), used)
  assert.deepEqual(take(limit, 4, ''), used)
  // All sessions of a principal are that principal.
  assert.deepEqual(take(limit, 1, 'same', 'new session'), [false])
})

test('RateLimit refuses with what came, the limit, its option and when to come again', (t) => {
  stopClock(t)
  const limit = new RateLimit(RATE, 'requests', 'rateLimit')
  take(limit, 3)
  const refusal = limit.take(undefined, undefined)
  assert.deepEqual([refusal?.status, refusal?.code, refusal?.data], [429, -32000, { retryAfterMs: 500 }])
  assert.deepEqual(refusal?.headers, ['Retry-After', '1'])
  assert.match(
    refusal?.message ?? '',
    /^Too many requests from callers .*: the limit is 2 a second, and 3 after a pause \(rateLimit\)$/,
  )
  const many = limit.take(undefined, 'session', 4)
  assert.match(many?.message ?? '', /^4 requests at once are too many from this session/)
  assert.equal(limit.take(undefined, 'session', 3), undefined, 'what was refused took nothing')
})

test('rateLimitOf goes on with what was counted while the rate stays the same', () => {
  const first = rateLimitOf(RATE, 'calls', 'rateLimit')
  assert.equal(rateLimitOf({ ...RATE }, 'calls', 'rateLimit', first), first)
  assert.notEqual(rateLimitOf({ ...RATE, burst: 4 }, 'calls', 'rateLimit', first), first)
  assert.equal(rateLimitOf(undefined, 'calls', 'rateLimit', first), undefined)
})

test('TokenBuckets keeps a bounded number of keys, however many there are in one period', () => {
  const buckets = new TokenBuckets({ perSecond: 0.001, burst: 2 })
  for (let n = 0; n < 100_000; n++) {
    buckets.take(`key ${n}`, 1, 0)
    // One that is used all the time is not forgotten.
    if (n % 1000 === 0) assert.equal(buckets.take('greedy', 1, 0) > 0, n > 1000)
  }
  assert.ok(buckets.size <= 2 * 16_384, String(buckets.size))
})
