/** What the stateless era has in hand at a moment: calls in progress and open subscriptions; nothing of the past. */

import { Sealer, type SealOptions } from '../dispatch/sealed-state.ts'
import type { McpServer } from '../features/server.ts'
import { KeepAlive } from '../sse/keep-alive.ts'
import type { StatelessExchange } from './exchange.ts'
import type { StatelessEraSettings } from './options.ts'
import { resultPrefix } from './results.ts'

export class StatelessEraState {
  readonly server: McpServer
  readonly settings: StatelessEraSettings
  readonly keepAlive: KeepAlive
  readonly sealer: Sealer
  /** What every result begins with, made once. */
  readonly prefix: string
  readonly counters = { undeliverable: 0 }
  /** Lifecycle: from the first `await` of a request to its answer or its end. */
  readonly calls = new Set<StatelessExchange>()
  #onIdle: (() => void) | undefined

  constructor(server: McpServer, settings: StatelessEraSettings) {
    this.server = server
    this.settings = settings
    this.keepAlive = new KeepAlive(settings.keepAliveMs)
    this.sealer = new Sealer(settings.requestState satisfies SealOptions)
    this.prefix = resultPrefix(settings.serverInfo ? server.info : undefined)
  }

  release(exchange: StatelessExchange): void {
    this.calls.delete(exchange)
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
