/**
 * Token bucket: how often something may happen, with room for a burst.
 *
 *    filled at `perSecond` up to `burst`;  each event takes one token;  an empty bucket refuses
 *
 * One number and one time a bucket. `TokenBuckets` keeps one for each key, and keeps it no longer than it takes to
 * fill: a bucket that is full again says as much as none.
 *
 * Invariant: a bucket has between 0 and `burst` tokens. Of a key that takes nothing for `burst / perSecond` seconds nothing is kept after
 * twice that time.
 */

/** How often something may happen. */
export interface Rate {
  /** Events a second in the long run. */
  readonly perSecond: number
  /** Events at once, after a pause. */
  readonly burst: number
}

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

  /** Keys that something is kept of. */
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
    const bucket = this.#young.get(key) ?? this.#revive(key, now)
    return takeFrom(bucket, this.rate, count, now)
  }

  #revive(key: string, now: number): Bucket {
    const bucket = this.#old.get(key) ?? { tokens: this.rate.burst * 1000, at: now }
    this.#old.delete(key)
    this.#young.set(key, bucket)
    return bucket
  }

  /** What took nothing for a whole period is full. */
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

  constructor(rate: Rate, now: number) {
    this.rate = rate
    this.#bucket = { tokens: rate.burst * 1000, at: now }
  }

  /** As `TokenBuckets.take`. */
  take(now: number, count = 1): number {
    return takeFrom(this.#bucket, this.rate, count, now)
  }
}

function takeFrom(bucket: Bucket, { perSecond, burst }: Rate, count: number, now: number): number {
  bucket.tokens = Math.min(burst * 1000, bucket.tokens + (now - bucket.at) * perSecond)
  bucket.at = now
  const missing = count * 1000 - bucket.tokens
  if (missing > 0) return Math.ceil(missing / perSecond)
  bucket.tokens = -missing
  return 0
}
