/**
 * Token bucket: how often something may happen, with room for a burst.
 *
 *    filled at `perSecond` up to `burst`;  each event takes one token;  an empty bucket refuses
 *
 * A bucket is one number and one time. `TokenBuckets` keeps one for each key, for about as long as it takes to fill: a
 * full bucket need not be kept.
 *
 * Invariant: a bucket has between 0 and `burst` tokens. A key that takes nothing for `burst / perSecond` seconds is dropped
 * within twice that time, and at most 32 768 keys are kept. A key that was dropped has a full bucket.
 */

import { createHash } from 'node:crypto'
import { ownText } from '../bounds/heap-size.ts'

/** How often something may happen. */
export interface Rate {
  /** Events a second in the long run. */
  readonly perSecond: number
  /** Events at once, after a pause. */
  readonly burst: number
}

/** A client can make up keys, such as sessions, faster than buckets fill. */
const MAX_KEYS = 16_384
/** A longer one is kept as a digest. */
const MAX_KEY_LENGTH = 128

interface Bucket {
  /** Thousandths, so that whole rates and milliseconds are counted without rounding. */
  tokens: number
  /** Milliseconds, of the clock that `take` is given. */
  at: number
}

/** One bucket for each key, such as a principal or a session. */
export class TokenBuckets {
  readonly rate: Rate
  /** The time in which an empty bucket fills, in milliseconds. */
  readonly #fillMs: number
  /** Keys that took something in this period, and those that did in the one before and not in this one. */
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()
  #since = 0

  constructor(rate: Rate) {
    this.rate = rate
    this.#fillMs = (rate.burst / rate.perSecond) * 1000
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /**
   * Takes tokens of a key.
   *
   * @param count - how many events; more than `burst` are never allowed
   * @param now - milliseconds of a clock that does not go backwards
   * @returns 0: they may happen; otherwise nothing was taken, and they may happen after so many milliseconds
   */
  take(key: string, count: number, now: number): number {
    if (now - this.#since >= this.#fillMs) this.#nextPeriod(now)
    const kept = key.length <= MAX_KEY_LENGTH ? key : digest(key)
    const bucket = this.#young.get(kept) ?? this.#revive(kept, now)
    return takeFrom(bucket, this.rate, count, now)
  }

  #revive(key: string, now: number): Bucket {
    const bucket = this.#old.get(key) ?? { tokens: this.rate.burst * 1000, at: now }
    this.#old.delete(key)
    if (this.#young.size >= MAX_KEYS) this.#nextPeriod(this.#since)
    // The caller's key may be a part of a long string, which it would keep in memory.
    this.#young.set(ownText(key), bucket)
    return bucket
  }

  /** A bucket from which nothing was taken for a whole period is full, and dropped. */
  #nextPeriod(now: number): void {
    this.#old = now - this.#since >= 2 * this.#fillMs ? new Map() : this.#young
    this.#young = new Map()
    this.#since = now
  }
}

/** A single bucket, full at first. */
export class TokenBucket {
  readonly rate: Rate
  readonly #bucket: Bucket

  constructor(rate: Rate) {
    this.rate = rate
    // Full, whatever the time is: a server that starts need not load the clock for it.
    this.#bucket = { tokens: rate.burst * 1000, at: 0 }
  }

  /** As `TokenBuckets.take`. */
  take(now: number, count = 1): number {
    return takeFrom(this.#bucket, this.rate, count, now)
  }
}

function digest(key: string): string {
  return createHash('sha256').update(key, 'utf16le').digest('base64url')
}

function takeFrom(bucket: Bucket, { perSecond, burst }: Rate, count: number, now: number): number {
  bucket.tokens = Math.min(burst * 1000, bucket.tokens + (now - bucket.at) * perSecond)
  bucket.at = now
  const missing = count * 1000 - bucket.tokens
  if (missing > 0) return Math.ceil(missing / perSecond)
  bucket.tokens = -missing
  return 0
}
