/** What the stateless era has in hand at a moment: calls in progress and open subscriptions; nothing of the past. */

import { RequestStateSealer } from '../dispatch/client-input/request-state.ts'
import type { SealOptions } from '../dispatch/client-input/request-state-options.ts'
import type { MethodTable } from '../dispatch/dispatcher.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import type { McpServer } from '../features/server.ts'
import { KeepAlive } from '../sse/keep-alive.ts'
import type { StatelessExchange } from './exchange.ts'
import { STATELESS_METHODS } from './methods.ts'
import type { StatelessEraSettings } from './options.ts'
import { resultPrefix } from './results.ts'
import { Tasks } from './tasks.ts'

export class StatelessEraState {
  readonly server: McpServer
  readonly settings: StatelessEraSettings
  readonly limits: CallLimits
  readonly keepAlive: KeepAlive
  readonly sealer: RequestStateSealer
  readonly tasks: Tasks
  /** What every result begins with, made once. */
  readonly prefix: string
  readonly counters = { undeliverable: 0 }
  /** Lifecycle: from the first `await` of a request to its answer or its end. */
  readonly calls = new Set<StatelessExchange>()
  #onIdle: (() => void) | undefined
  #extended: MethodTable<McpServer> | undefined

  constructor(server: McpServer, settings: StatelessEraSettings, limits: CallLimits) {
    this.server = server
    this.settings = settings
    this.limits = limits
    this.keepAlive = new KeepAlive(settings.keepAliveMs)
    this.sealer = new RequestStateSealer(settings.requestState satisfies SealOptions)
    this.tasks = new Tasks(server, settings.tasks)
    this.prefix = resultPrefix(settings.serverInfo ? server.info : undefined)
  }

  /** Those of tasks are there once a tool can be one, those of an extension once it is registered. */
  get methods(): MethodTable<McpServer> {
    const { hasTaskTools, extensions } = this.server
    if (!hasTaskTools && extensions.methods.size === 0) return STATELESS_METHODS
    const ofTasks = hasTaskTools ? this.tasks.methods : []
    // No method is ever taken away, so a table of the right size is the right table.
    const size = STATELESS_METHODS.size + ofTasks.length + extensions.methods.size
    if (this.#extended?.size !== size) {
      this.#extended = new Map([...STATELESS_METHODS, ...ofTasks, ...extensions.methods])
    }
    return this.#extended
  }

  hold(exchange: StatelessExchange): void {
    this.calls.add(exchange)
    this.limits.inFlight.begin(exchange.principal?.id, 1)
    exchange.http.hold()
  }

  release(exchange: StatelessExchange): void {
    this.calls.delete(exchange)
    this.limits.inFlight.end(exchange.principal?.id, 1)
    exchange.http.release()
    if (this.calls.size === 0) this.#onIdle?.()
  }

  /** Resolves when no call is in progress. */
  idle(): Promise<void> {
    if (this.calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }
}
