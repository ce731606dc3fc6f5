/**
 * The eras that one handler serves: routes each request to the endpoint of its era, and shuts both down together.
 *
 * Not here: the choice of the era (select-era.ts), what an era does (session-era/, stateless-era/).
 */

import type { InFlightCounter } from './dispatch/in-flight-counter.ts'
import { RateLimit } from './dispatch/rate-limit.ts'
import type { Principal } from './dispatch/rpc-exchange.ts'
import { NodeFeed } from './features/feed.ts'
import type { McpServer } from './features/server.ts'
import { TaskTable } from './features/tasks/task-table.ts'
import { isAuthenticator } from './http/authenticate.ts'
import type { CloseTimes } from './http/close-times.ts'
import type { HttpExchange } from './http/http-exchange.ts'
import type { HandlerSettings } from './options.ts'
import { type Era, selectEra } from './select-era.ts'
import { SessionEndpoint } from './session-era/http/endpoint.ts'
import { HttpSseEndpoint } from './session-era/http-sse/endpoint.ts'
import { StatelessEndpoint } from './stateless-era/http/endpoint.ts'
import { NodeChannel } from './store/node-channel.ts'
import type { StoreStats } from './store/store.ts'

export interface EraStats {
  /** Open sessions. */
  readonly sessions: number
  /** Open `subscriptions/listen` streams. */
  readonly subscriptions: number
  /** Tasks whose handler is running. */
  readonly tasks: number
  /** Open SSE connections of all kinds. */
  readonly streams: number
  /** Bytes of events that are retained for clients that reconnect. */
  readonly replayBytes: number
  /** Bytes that sessions retain of what clients sent: client info, capabilities, subscriptions. */
  readonly sessionBytes: number
  /** Bytes that `subscriptions/listen` streams retain of what clients sent. */
  readonly subscriptionBytes: number
  /** Messages that could not reach their client, since the start. */
  readonly undeliverable: number
  /** Whether it is ready for requests. See `NodeHandler.ready`. */
  readonly ready: boolean
  /** Undefined without a store. */
  readonly store: NodeStats | undefined
}

/** What a handler uses of the store that it shares with others. */
export interface NodeStats extends StoreStats {
  /** Sessions that began in another process, or were evicted here, and were opened from the store, since the start. */
  readonly restored: number
  /** Responses of clients that were sent to the process that waits for them, since the start. */
  readonly routedAnswers: number
  /** Open connections to the streams of calls that run in other processes. */
  readonly followed: number
}

/** How long a shutdown waits for what is still to be written to the store. */
const FLUSH_MS = 2000

export class Eras {
  readonly #served: ReadonlySet<Era>
  readonly #tasks: TaskTable
  readonly #session: SessionEndpoint
  /** Undefined: HTTP+SSE is off. */
  readonly #httpSse: HttpSseEndpoint | undefined
  readonly #stateless: StatelessEndpoint
  readonly #detach: () => void
  /** Undefined where nothing is shared with other processes. */
  readonly #channel: NodeChannel | undefined
  readonly #report: (error: unknown) => void
  readonly #inFlight: InFlightCounter
  #hasJoined = false
  #isClosing = false
  readonly #feed: NodeFeed | undefined

  constructor(server: McpServer, settings: HandlerSettings, inFlight: InFlightCounter) {
    this.#served = settings.eras
    const { rateLimit: rate } = settings
    const rateLimit = rate === undefined ? undefined : new RateLimit(rate, 'requests', 'rateLimit')
    const { auth } = settings
    const access = auth !== undefined && isAuthenticator(auth) ? auth.access : undefined
    this.#detach = server.attach(access)
    const limits = { inFlight, rateLimit, access }
    const report = (error: unknown) => server.reportError(error, { phase: 'transport' })
    this.#report = report
    this.#inFlight = inFlight
    this.#channel = settings.store === undefined ? undefined : new NodeChannel(settings.store, report)
    this.#channel?.observe({
      onAvailable: () => {
        this.#hasJoined = true
      },
    })
    const channel = this.#channel
    const { sessionEra, statelessEra, httpSse, trustProxy } = settings
    const feed = channel && new NodeFeed(channel, server, sessionEra.messageRate)
    this.#feed = feed
    this.#tasks = new TaskTable(server, settings.tasks, channel)
    this.#session = new SessionEndpoint(server, sessionEra, limits, this.#tasks, channel, feed)
    this.#httpSse = httpSse && new HttpSseEndpoint(this.#session.era, httpSse, trustProxy)
    this.#stateless = new StatelessEndpoint(server, statelessEra, limits, this.#tasks, channel, feed)
  }

  /** @param body - parsed JSON */
  post(http: HttpExchange<Principal>, body: unknown): void {
    if (this.#httpSse?.takes(http)) {
      this.#httpSse.post(http, body)
      return
    }
    const { protocolVersion, sessionId } = http
    const era = selectEra({ protocolVersion, sessionId, body }, this.#served)
    if (era === 'session') this.#session.post(http, body)
    else this.#stateless.post(http, body)
  }

  get(http: HttpExchange<Principal>): void {
    if (this.#httpSse?.takes(http)) this.#httpSse.get(http)
    else if (this.#served.has('session')) this.#session.get(http)
    else this.#stateless.methodNotAllowed(http)
  }

  delete(http: HttpExchange<Principal>): void {
    if (this.#served.has('session')) this.#session.delete(http)
    else this.#stateless.methodNotAllowed(http)
  }

  get ready(): boolean {
    return !this.#isClosing && (this.#channel === undefined || this.#hasJoined)
  }

  /** @returns false: there is no such session */
  closeSession(id: string): boolean {
    return this.#session.closeSession(id)
  }

  stats(): EraStats {
    const session = this.#session.stats()
    const stateless = this.#stateless.stats()
    return {
      sessions: session.sessions,
      subscriptions: stateless.subscriptions,
      tasks: this.#tasks.size,
      streams: session.streams + stateless.streams + (this.#httpSse?.size ?? 0),
      replayBytes: session.replayBytes,
      sessionBytes: session.sessionBytes,
      subscriptionBytes: stateless.subscriptionBytes,
      undeliverable: session.undeliverable + stateless.undeliverable,
      ready: this.ready,
      store: this.#channel && { ...this.#channel.node.stats(), ...session.nodes },
    }
  }

  /**
   * Serves as usual for `drainDelayMs`, then refuses new requests, waits at most `drainMs` for calls in flight, and
   * fails the rest.
   */
  async close({ drainMs, drainDelayMs }: CloseTimes): Promise<void> {
    this.#isClosing = true
    if (drainDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, drainDelayMs))
    const eras = [this.#session, this.#stateless]
    for (const era of eras) era.stopAccepting()
    let timer: NodeJS.Timeout | undefined
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs)
    })
    const idle = Promise.all([...eras.map((era) => era.idle()), this.#tasks.drain()])
    await Promise.race([idle, timeUp])
    clearTimeout(timer)
    if (this.#channel !== undefined && this.#inFlight.size > 0) {
      const problem = `The shutdown has ended ${this.#inFlight.size} calls, which took longer than drainMs, ${drainMs}`
      this.#report(new Error(problem))
    }
    for (const era of eras) era.shutDown()
    this.#httpSse?.shutDown()
    await this.#tasks.close()
    this.#feed?.close()
    await this.#channel?.node.flush(FLUSH_MS)
    await this.#channel?.node.leave()
    this.#detach()
  }
}
