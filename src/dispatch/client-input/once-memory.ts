/**
 * What `ctx.once` has done in calls of several round trips, so that a request state which is presented again does nothing
 * twice: a client that retries a request because it did not get the response gets the same result, and so does one that
 * replays the request.
 *
 * A call has one id in all its states, however many a client gets by presenting one of them several times. Results that
 * existed when a state was sealed travel in it; here are those of later round trips, whose request may be repeated.
 *
 *    principal -> call id -> key -> running | result | not kept      least recently used principals and calls first
 *
 * Memory is bounded by the number of calls and keys (in all, and for one principal), by the length of results, and by
 * the time that a state can be presented. Where a result was evicted, its use is refused, and its function does not run
 * again. Where a whole call was evicted, `forgottenUpTo` keeps when it began: an unknown call that began no later may have
 * done anything, so `once` refuses it.
 *
 * So within a process it is at most once, always. Another process with the same keys knows nothing of it, also where
 * processes share a store: where that matters, the function itself must be idempotent, with a key of its own.
 *
 * Invariant: all requests of a call that run at the same time have the same `OnceCall`. As long as a state of a call that
 * has used `once` can be presented, the call is here, or some `forgottenUpTo` is not before its beginning; sealing a
 * state therefore renews it. `#size` is the sum of the sizes of all shares, `#length` that of all kept results.
 */

import { createHash } from 'node:crypto'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'

export interface OnceLimits {
  /** Calls and keys that are remembered. */
  readonly maxUses: number
  /** The same for one principal; callers without one have half of `maxUses` together. */
  readonly maxOfOne: number
  /** Characters of the JSON text of all results. */
  readonly maxLength: number
  /** Characters of one result. */
  readonly maxResultLength: number
}

/** The identity of a call, in all its states. */
export interface CallId {
  readonly id: string
  /** When its first state was sealed, in milliseconds since the epoch. */
  readonly startedAt: number
}

/** What a call has done. A request that holds it can use it even after it was evicted. */
export interface OnceCall extends CallId {
  readonly principalId: string | undefined
  /** JSON text of the result; a promise of it while the function runs; undefined when it is not kept. */
  readonly done: Map<string, string | Promise<string> | undefined>
  /** Undefined: `once` was not used, as far as this object knows. */
  usedAt: number | undefined
  /** Requests of the call whose handler runs. */
  running: number
}

/** What is remembered of one principal, or of all callers without one. */
interface Share {
  readonly calls: Map<string, OnceCall>
  size: number
  usedAt: number
  /** The latest beginning of all calls that were evicted. */
  forgottenUpTo: number
}

const LIMITS: OnceLimits = {
  maxUses: 20_000,
  maxOfOne: 2000,
  maxLength: 8 * 1024 * 1024,
  maxResultLength: 128 * 1024,
}

/** A longer key is kept as its digest. */
const MAX_KEY_LENGTH = 64

export class OnceMemory {
  readonly #ttlMs: number
  readonly #limits: OnceLimits
  /** Lifecycle of a share: from the first `once` in a round trip after the first, until all states have expired. */
  readonly #shares = new Map<string | undefined, Share>()
  /** Lifecycle: while the handler runs for a request of the call, whether it uses `once` or not. */
  readonly #running = new Map<string, OnceCall>()
  /** Calls with results, the one with the oldest first result first. */
  readonly #withResults = new Set<OnceCall>()
  #size = 0
  #length = 0
  #forgottenUpTo = 0

  /** @param ttlMs - for how long a state can be presented; 0: for ever */
  constructor(ttlMs: number, limits: OnceLimits = LIMITS) {
    this.#ttlMs = ttlMs
    this.#limits = limits
  }

  /** Calls and keys that are remembered. */
  get size(): number {
    return this.#size
  }

  /** Characters of the results that are remembered. */
  get length(): number {
    return this.#length
  }

  /** The call that a state belongs to. */
  find(principalId: string | undefined, { id, startedAt }: CallId): OnceCall {
    const known = this.#running.get(id) ?? this.#shares.get(principalId)?.calls.get(id)
    return known ?? { id, startedAt, principalId, done: new Map(), usedAt: undefined, running: 0 }
  }

  /** The handler runs for a while: other requests of the call find the same object until `release`. */
  hold(call: OnceCall): void {
    call.running++
    this.#running.set(call.id, call)
  }

  release(call: OnceCall): void {
    call.running--
    if (call.running === 0) this.#running.delete(call.id)
  }

  /**
   * A state of the call was sealed: it can be presented from now on for as long as states can.
   *
   * @param now - milliseconds since the epoch
   */
  renew(call: OnceCall, now = Date.now()): void {
    const share = this.#shares.get(call.principalId)
    if (call.usedAt !== undefined) this.#use(call, now)
    else if (share !== undefined) this.#useShare(call.principalId, share, now)
  }

  /**
   * Runs a function, or returns its earlier result.
   *
   * @param now - milliseconds since the epoch
   * @throws {RpcError} -32602: it was run, or may have been, and its result is not kept
   */
  async run<T>(call: OnceCall, key: string, run: () => Promise<T>, now = Date.now()): Promise<T> {
    this.#expire(now)
    const share = this.#shares.get(call.principalId)
    const forgottenUpTo = Math.max(this.#forgottenUpTo, share?.forgottenUpTo ?? 0)
    if (call.usedAt === undefined && call.startedAt <= forgottenUpTo) {
      throw refusal('has expired: whether it was used before is not remembered; start the request anew')
    }
    const name = key.length > MAX_KEY_LENGTH ? createHash('sha256').update(key).digest('base64url') : key
    if (call.done.has(name)) {
      this.#use(call, now)
      const text = await call.done.get(name)
      if (text === undefined) throw refusal('was used before, and what came of it is not kept any more')
      return JSON.parse(text)
    }
    const running = run()
    const text = running.then((value) => JSON.stringify(value) ?? 'null')
    this.#setResult(call, name, text)
    this.#use(call, now)
    try {
      this.#keep(call, name, await text)
    } catch {
      // A function that failed may run again; one whose result cannot be kept must not.
      await running.then(
        () => call.done.set(name, undefined),
        () => this.#setResult(call, name),
      )
    }
    return await running
  }

  /** Adds or removes a key, and counts it. @param text - undefined: the function failed */
  #setResult(call: OnceCall, name: string, text?: Promise<string>): void {
    const before = call.done.size
    if (text === undefined) call.done.delete(name)
    else call.done.set(name, text)
    const share = this.#shares.get(call.principalId)
    if (share?.calls.get(call.id) === call) this.#count(share, call.done.size - before)
  }

  /** Moves a call to the end, which is the place of the most recently used, and evicts others above the limits. */
  #use(call: OnceCall, now: number): void {
    const { principalId, id, done } = call
    const known = this.#shares.get(principalId)
    const share = known ?? { calls: new Map(), size: 0, usedAt: now, forgottenUpTo: 0 }
    if (!share.calls.delete(id)) this.#count(share, 1 + done.size)
    call.usedAt = now
    share.calls.set(id, call)
    this.#useShare(principalId, share, now)
    const { maxUses, maxOfOne } = this.#limits
    const most = principalId === undefined ? maxUses / 2 : maxOfOne
    while (share.size > most) share.forgottenUpTo = Math.max(share.forgottenUpTo, this.#forgetFirst(share))
    for (const [oldestId, oldest] of this.#shares) {
      if (this.#size <= maxUses && this.#shares.size <= maxUses) return
      while (this.#size > maxUses && oldest.calls.size > 0) {
        this.#forgottenUpTo = Math.max(this.#forgottenUpTo, this.#forgetFirst(oldest))
      }
      if (oldest.calls.size > 0) return
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest.forgottenUpTo)
      this.#shares.delete(oldestId)
    }
  }

  #useShare(principalId: string | undefined, share: Share, now: number): void {
    share.usedAt = now
    this.#shares.delete(principalId)
    this.#shares.set(principalId, share)
    this.#expireCalls(share, now)
  }

  /** Keeps a result while its call is remembered; the oldest results are evicted for it. */
  #keep(call: OnceCall, name: string, text: string): void {
    const { maxLength, maxResultLength } = this.#limits
    const isKnown = this.#shares.get(call.principalId)?.calls.get(call.id) === call
    const isKept = isKnown && text.length <= maxResultLength
    call.done.set(name, isKept ? text : undefined)
    if (!isKept) return
    this.#length += text.length
    this.#withResults.add(call)
    for (const oldest of this.#withResults) {
      if (this.#length <= maxLength) return
      this.#dropResults(oldest)
    }
  }

  #expire(now: number): void {
    for (const [principalId, share] of this.#shares) {
      if (!this.#isOver(share.usedAt, now)) return
      this.#expireCalls(share, now)
      this.#shares.delete(principalId)
    }
  }

  /** Drops calls whose states have all expired. They cannot be presented, so `forgottenUpTo` need not include them. */
  #expireCalls(share: Share, now: number): void {
    for (const { usedAt = now } of share.calls.values()) {
      if (!this.#isOver(usedAt, now)) return
      this.#forgetFirst(share)
    }
  }

  #isOver(usedAt: number, now: number): boolean {
    return this.#ttlMs !== 0 && usedAt + this.#ttlMs < now
  }

  /** @returns when the evicted call began */
  #forgetFirst(share: Share): number {
    const [call] = share.calls.values()
    if (call === undefined) return 0
    share.calls.delete(call.id)
    this.#count(share, -1 - call.done.size)
    this.#dropResults(call)
    return call.startedAt
  }

  #count(share: Share, uses: number): void {
    share.size += uses
    this.#size += uses
  }

  #dropResults(call: OnceCall): void {
    this.#withResults.delete(call)
    for (const [name, text] of call.done) {
      if (typeof text !== 'string') continue
      this.#length -= text.length
      call.done.set(name, undefined)
    }
  }
}

function refusal(why: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `The requestState ${why}`)
}
