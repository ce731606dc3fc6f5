import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenBucket, TokenBuckets } from '../../src/dispatch/token-bucket.ts'

const RATE = { perSecond: 10, burst: 5 }

test('TokenBucket: a burst passes, then one event for each refill', () => {
  const bucket = new TokenBucket(RATE)
  assert.deepEqual(
    Array.from({ length: 6 }, () => bucket.take(0)),
    [0, 0, 0, 0, 0, 100],
  )
  assert.equal(bucket.take(99), 1)
  assert.equal(bucket.take(100), 0)
  assert.equal(bucket.take(100), 100)
})

test('TokenBucket: a long pause fills it to its burst and no further', () => {
  const bucket = new TokenBucket(RATE)
  for (let i = 0; i < 5; i++) bucket.take(0)
  const taken = Array.from({ length: 6 }, () => bucket.take(1_000_000))
  assert.deepEqual(taken, [0, 0, 0, 0, 0, 100])
})

test('TokenBuckets: keys do not share tokens', () => {
  const buckets = new TokenBuckets(RATE)
  assert.equal(buckets.take('a', 5, 0), 0)
  assert.equal(buckets.take('a', 1, 0), 100)
  assert.equal(buckets.take('b', 5, 0), 0)
})

test('TokenBuckets: what is refused takes nothing', () => {
  const buckets = new TokenBuckets(RATE)
  assert.equal(buckets.take('a', 6, 0), 100)
  assert.equal(buckets.take('a', 5, 0), 0)
})

test('TokenBuckets: a key is kept over a change of period, with what it has left', () => {
  const buckets = new TokenBuckets(RATE)
  assert.equal(buckets.take('a', 5, 499), 0)
  assert.equal(buckets.take('a', 5, 501), 498)
})

test('TokenBuckets: keys that take nothing are forgotten once they are full', () => {
  const buckets = new TokenBuckets(RATE)
  for (let i = 0; i < 1000; i++) buckets.take(`key ${i}`, 1, 0)
  assert.equal(buckets.size, 1000)
  buckets.take('later', 1, 600)
  buckets.take('later', 1, 1200)
  assert.equal(buckets.size, 1)
})

test('TokenBuckets: after a long silence nothing is kept of before', () => {
  const buckets = new TokenBuckets(RATE)
  buckets.take('a', 1, 0)
  buckets.take('b', 1, 10_000)
  assert.equal(buckets.size, 1)
})

test('TokenBuckets keeps no long key, and tells long keys apart', () => {
  const buckets = new TokenBuckets(RATE)
  const long = (n: number) => `${'k'.repeat(10_000)}${n}`
  for (let n = 0; n < 100; n++) {
    assert.equal(buckets.take(long(n), 5, 0), 0)
    assert.equal(buckets.take(long(n), 1, 0), 100)
  }
  assert.equal(buckets.size, 100)
})
