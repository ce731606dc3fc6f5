/**
 * The kill loop: clients of both eras do mixed work through the load balancer while nodes are replaced one after the other, and
 * the store is restarted and paused in between. Then the model checks what the clients saw.
 *
 *    work       ....................................................|  the rest is answered, one last announcement
 *    nodes        x    x    x             x    x             x    x
 *    store                     [restart]            [paused]
 *    network    '  '  '  '  '  '  '  '  '  '  '  '  '  '  '  '  '  '  requests are late, and GET streams break
 *
 * Invariant: it ends, and it ends only processes that it started.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Cluster } from '../cluster.ts'
import type { Entry } from './history.ts'
import { History } from './history.ts'
import { check } from './model.ts'
import { SessionClient } from './session-client.ts'
import { StatelessLoadClient } from './stateless-load-client.ts'
import { sleep } from './wire.ts'
import { chooseWork, entryOf, type LoadClient, randomOf } from './work.ts'

export interface KillLoopOptions {
  /** How nodes are ended. */
  readonly signal: 'SIGTERM' | 'SIGKILL'
  readonly durationMs: number
  readonly clients: number
  readonly replaceEveryMs: number
  readonly leaseMs: number
  readonly drainMs: number
  /** The store is restarted, and then paused for so long; 0: neither. */
  readonly pauseMs: number
  readonly redisClient: 'node-redis' | 'ioredis'
  readonly seed: number
}

export interface KillLoopReport {
  readonly problems: readonly string[]
  readonly calls: number
  readonly messages: number
  /** How many calls ended in which way. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly replaced: number
  /** The longest that a call took beyond its work. */
  readonly slowestMs: number
  readonly lagMs: number
  /** What `onError` of the nodes was told, each once. */
  readonly errors: readonly string[]
  readonly entries: readonly Entry[]
}

const SLACK_MS = 8000
const CUT_EVERY_MS = 900
const MAX_DELAY_MS = 50
/** After the load: the longest wait for what still has to arrive. */
const SETTLE_MS = 20_000

export async function killLoop(options: KillLoopOptions): Promise<KillLoopReport> {
  const { leaseMs, drainMs, redisClient } = options
  const cluster = await Cluster.start({ leaseMs, drainMs, redisClient })
  try {
    return await new KillLoop(cluster, options).run()
  } finally {
    await cluster.close()
  }
}

class KillLoop {
  readonly #cluster: Cluster
  readonly #options: KillLoopOptions
  readonly #history = new History()
  readonly #random: () => number
  readonly #clients: LoadClient[]
  readonly #errors = new Set<string>()
  readonly #endings: Promise<void>[] = []
  #isOver = false
  #calls = 0

  constructor(cluster: Cluster, options: KillLoopOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#random = randomOf(options.seed)
    // Two thirds have a session; those of 2025-06-18 get no event before the first message.
    this.#clients = Array.from({ length: options.clients }, (_, index) => {
      if (index % 3 === 2) return new StatelessLoadClient(`stateless-${index}`, cluster.url, this.#history)
      const revision = index % 6 === 0 ? '2025-06-18' : '2025-11-25'
      return new SessionClient(`session-${index}`, cluster.url, this.#history, revision)
    })
  }

  async run(): Promise<KillLoopReport> {
    const delay = monitorEventLoopDelay({ resolution: 20 })
    delay.enable()
    await Promise.all(this.#clients.map((client) => client.open()))
    const working = this.#clients.map((client) => this.#work(client))
    const cutting = setInterval(() => this.#cut(), CUT_EVERY_MS)
    await this.#disturb()
    clearInterval(cutting)
    this.#isOver = true
    this.#cluster.balancer.delayMs = 0
    const { leaseMs, drainMs } = this.#options
    await Promise.race([Promise.all(working), sleep(leaseMs + drainMs + 30_000)])
    await Promise.race([Promise.all(this.#endings), sleep(drainMs + 10_000)])
    await this.#finish()
    delay.disable()
    return this.#report(Math.max(delay.max / 1e6, this.#slowness()))
  }

  /** One call after the other, until it is over. */
  async #work(client: LoadClient): Promise<void> {
    while (!this.#isOver) {
      await sleep(this.#random() * 200)
      await this.#call(client)
    }
  }

  async #call(client: LoadClient, tool?: 'announce'): Promise<void> {
    this.#calls += 1
    const call = `c${this.#calls}`
    const work =
      tool === undefined
        ? chooseWork(call, this.#random, this.#options.drainMs / 2)
        : { tool, args: {}, messages: 0, workMs: 0 }
    this.#history.add(entryOf(client, call, work))
    const began = performance.now()
    const { outcome, text } = await client.call(call, work)
    this.#history.add({ type: 'answer', call, outcome, text })
    if (work.tool !== 'announce' || outcome !== 'result') return
    const [node = '', n] = text.split(' ')
    this.#history.add({ type: 'announced', node, n: Number(n), began })
  }

  /** Breaks what every client can take up again: what a GET has opened. */
  #cut(): void {
    const { balancer } = this.#cluster
    balancer.cut('GET')
    balancer.delayMs = Math.floor(this.#random() * MAX_DELAY_MS)
  }

  /** Replaces nodes one after the other, with the trouble of the store in between. */
  async #disturb(): Promise<void> {
    const { durationMs, replaceEveryMs, pauseMs } = this.#options
    const { redis } = this.#cluster
    const steps = Math.max(1, Math.floor(durationMs / replaceEveryMs))
    for (let step = 0; step < steps; step++) {
      const next = sleep(replaceEveryMs)
      if (pauseMs > 0 && step === Math.floor(steps / 3)) {
        await this.#outage(async () => {
          await redis.stop()
          await redis.start()
        })
      } else if (pauseMs > 0 && step === Math.floor((steps * 2) / 3)) {
        await this.#outage(async () => {
          redis.pause()
          await sleep(pauseMs)
          redis.resume()
        })
      } else {
        await this.#replace()
      }
      await next
    }
  }

  async #outage(cause: () => Promise<void>): Promise<void> {
    // A node that is being shut down meanwhile could not write what it must not lose.
    await Promise.all(this.#endings)
    const at = performance.now()
    await cause()
    // Clients of Redis come back within two seconds.
    this.#history.entries.push({ type: 'outage', at, until: performance.now() + 2000 })
  }

  /** A new node first, then the oldest ends. */
  async #replace(): Promise<void> {
    const { signal } = this.#options
    await this.#cluster.add()
    const [oldest] = this.#cluster.nodes
    if (oldest === undefined) return
    this.#history.add({ type: 'ended', node: oldest.name, signal })
    const ended = this.#cluster.end(oldest, signal).then((how) => {
      for (const error of oldest.errors) this.#errors.add(`${oldest.name} ${error}`)
      const expected = signal === 'SIGTERM' ? 0 : 'SIGKILL'
      if (how === expected) return
      this.#history.add({
        type: 'broken',
        client: oldest.name,
        what: `it ended with ${how}, expected ${expected}`,
      })
    })
    this.#endings.push(ended)
  }

  /** One last announcement that everybody must hear of; every session must still be there. */
  async #finish(): Promise<void> {
    const [first] = this.#clients
    if (first !== undefined) await this.#call(first, 'announce')
    const end = performance.now() + SETTLE_MS
    while (!this.#isSettled() && performance.now() < end) await sleep(100)
    await Promise.all(
      this.#clients.map(async (client) => {
        if (await client.isKnown()) return
        this.#history.add({ type: 'broken', client: client.name, what: 'its session is lost' })
      }),
    )
    for (const node of this.#cluster.nodes) {
      for (const error of node.errors) this.#errors.add(`${node.name} ${error}`)
    }
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  /** Whether every client has heard the last announcement. */
  #isSettled(): boolean {
    const { entries } = this.#history
    const last = entries.findLast((entry) => entry.type === 'announced')
    if (last === undefined) return true
    const recent = entries.filter(({ at }) => at >= last.began)
    const isOfAll = (type: 'heard' | 'updated') =>
      new Set(recent.flatMap((entry) => (entry.type === type ? [entry.client] : []))).size ===
      this.#clients.length
    return isOfAll('heard') && isOfAll('updated')
  }

  /** How long a call takes that waits for nothing, when it takes long: a measure of the machine. */
  #slowness(): number {
    const began = new Map<string, number>()
    const times: number[] = []
    for (const entry of this.#history.entries) {
      if (entry.type === 'call' && entry.tool === 'echo') began.set(entry.call, entry.at)
      const start = entry.type === 'answer' ? began.get(entry.call) : undefined
      if (start !== undefined && !this.#isDuringOutage(start)) times.push(entry.at - start)
    }
    times.sort((a, b) => a - b)
    return times[Math.floor(times.length * 0.95)] ?? 0
  }

  #isDuringOutage(time: number): boolean {
    return this.#history.entries.some(
      (entry) => entry.type === 'outage' && time > entry.at - 1000 && time < entry.until,
    )
  }

  #report(lagMs: number): KillLoopReport {
    const { entries } = this.#history
    const { leaseMs } = this.#options
    const outcomes = new Map<string, number>()
    const began = new Map<string, number>()
    let slowestMs = 0
    for (const entry of entries) {
      if (entry.type === 'call') began.set(entry.call, entry.at + entry.workMs)
      if (entry.type !== 'answer') continue
      outcomes.set(entry.outcome, (outcomes.get(entry.outcome) ?? 0) + 1)
      slowestMs = Math.max(slowestMs, entry.at - (began.get(entry.call) ?? entry.at))
    }
    return {
      problems: check(entries, { leaseMs, slackMs: SLACK_MS, lagMs }),
      calls: this.#calls,
      messages: entries.filter(({ type }) => type === 'progress' || type === 'heard').length,
      outcomes,
      replaced: entries.filter(({ type }) => type === 'ended').length,
      slowestMs: Math.round(slowestMs),
      lagMs: Math.round(lagMs),
      errors: [...this.#errors],
      entries,
    }
  }
}
