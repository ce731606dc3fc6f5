/**
 * Leases on Redis: a sorted set of nodes by the time until which each counts as alive, by the clock of Redis. A node
 * renews its lease several times in its length, and learns with each renewal which nodes are alive.
 *
 * A node that is late is removed only by one that could itself reach the store for the whole length of a lease. And when
 * nobody could, a mark that all renew has expired meanwhile: then all leases begin anew. So an outage ends none.
 *
 *    renewed            +1/5      +2/5      +3/5      +4/5: over        5/5 = leaseMs: all others know
 *
 * Invariant: a node is in at most one of `#known`, `#gone` and `#asked`.
 */

import { unref } from '../bounds/runtime.ts'
import type { Leases } from '../store/leases.ts'
import { RENEW_LEASE } from './bus-scripts.ts'
import type { Commands } from './commands.ts'
import { isStorableId, type Keys } from './keys.ts'
import { asTexts } from './reply.ts'

/** A lease is renewed this many times in `leaseMs`; it is over after `PARTS_OF_LEASE` of these parts. */
const PARTS = 5
const PARTS_OF_LEASE = 4
/** Time to the next attempt while the store cannot be reached. */
const RETRY_MS = 250
/** Nodes that are remembered as gone, or that are asked for at a time. */
const MAX_REMEMBERED = 1000

export interface LeaseListener {
  onNodeGone(node: string): void
  onRenewed(): void
  onRenewalFailed(error: Error): void
}

export class RedisLeases implements Leases {
  readonly leaseMs: number
  readonly #node: string
  readonly #commands: Commands
  readonly #keys: Keys
  readonly #keepMs: number
  /** Id of the newest message to this node that it has read. */
  readonly #inboxId: () => string
  readonly #listener: LeaseListener
  /** Nodes that are alive, without this one. */
  readonly #known = new Set<string>()
  /** Nodes that are not alive any more; the oldest are forgotten. */
  readonly #gone = new Set<string>()
  /** Nodes that someone asked for, and that are not known. */
  readonly #asked = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #isRenewing = false
  #isStopped = false
  /** Since when every renewal has succeeded; undefined: the last one has not. */
  #steadySince: number | undefined

  constructor(
    node: string,
    leaseMs: number,
    commands: Commands,
    keys: Keys,
    keepMs: number,
    inboxId: () => string,
    listener: LeaseListener,
  ) {
    this.#node = node
    this.leaseMs = leaseMs
    this.#commands = commands
    this.#keys = keys
    this.#keepMs = keepMs
    this.#inboxId = inboxId
    this.#listener = listener
  }

  /** Nodes that are alive, this one included. */
  get count(): number {
    return this.#known.size + 1
  }

  isAlive(node: string): boolean {
    if (node === this.#node || this.#known.has(node)) return true
    if (this.#gone.has(node) || !isStorableId(node)) return false
    if (this.#asked.size < MAX_REMEMBERED) this.#asked.add(node)
    this.#schedule(0)
    return true
  }

  /** Renews the lease, and goes on doing so. */
  async renew(): Promise<void> {
    if (this.#isRenewing || this.#isStopped) return
    this.#isRenewing = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      // Those who are asked for later may not be in the reply yet.
      const asked = [...this.#asked]
      const alive = new Set(asTexts(await this.#send()))
      this.#isRenewing = false
      if (this.#isStopped) return
      this.#steadySince ??= performance.now()
      this.#compare(alive, asked)
      this.#schedule(this.#asked.size > 0 ? 0 : this.leaseMs / PARTS)
      this.#listener.onRenewed()
    } catch (error) {
      this.#isRenewing = false
      if (this.#isStopped) return
      this.#steadySince = undefined
      this.#schedule(RETRY_MS)
      this.#listener.onRenewalFailed(error as Error)
    }
  }

  /** A node says itself that it leaves. */
  left(node: string): void {
    if (this.#known.delete(node) || this.#asked.delete(node)) this.#end(node)
  }

  /** The store could not be reached for a while. */
  interrupt(): void {
    this.#steadySince = undefined
    if (!this.#isRenewing) this.#schedule(RETRY_MS)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #send(): Promise<unknown> {
    const { nodes, steady, all, counters } = this.#keys
    const lengthMs = Math.ceil((this.leaseMs * PARTS_OF_LEASE) / PARTS)
    const since = this.#steadySince
    const mayEnd = since !== undefined && performance.now() - since >= lengthMs ? 1 : 0
    const keys = [nodes, steady, all, counters, this.#keys.inbox(this.#node)]
    const args = [this.#node, lengthMs, mayEnd, this.#inboxId(), this.#keepMs, ...this.#known]
    return this.#commands.probe(RENEW_LEASE, keys, args)
  }

  #compare(alive: ReadonlySet<string>, asked: readonly string[]): void {
    for (const node of alive) {
      if (node === this.#node) continue
      this.#gone.delete(node)
      this.#asked.delete(node)
      this.#known.add(node)
    }
    for (const node of [...this.#known, ...asked]) {
      if (alive.has(node)) continue
      if (this.#known.delete(node) || this.#asked.delete(node)) this.#end(node)
    }
  }

  #end(node: string): void {
    this.#gone.add(node)
    if (this.#gone.size > MAX_REMEMBERED) {
      const [oldest] = this.#gone
      this.#gone.delete(oldest as string)
    }
    this.#listener.onNodeGone(node)
  }

  #schedule(ms: number): void {
    if (this.#isStopped || this.#isRenewing) return
    clearTimeout(this.#timer)
    this.#timer = unref(setTimeout(() => void this.renew(), ms))
  }
}
