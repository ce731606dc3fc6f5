/**
 * Resource watch: counts the subscribers of each resource over all clients, and starts and stops the watching
 * that the resource's registration asks for.
 *
 * Invariant: a URI is in the map exactly while it has subscribers; its `stop` runs once.
 */

import type { RequestContext } from '../dispatch/context.ts'
import type { DispatchHost } from '../dispatch/dispatcher.ts'
import type { WatchResource } from './resources.ts'

export class ResourceWatch {
  readonly #host: DispatchHost
  /** Lifecycle: from the first subscriber of a URI to the last. */
  readonly #watched = new Map<string, { subscribers: number; stop: (() => void) | undefined }>()

  constructor(host: DispatchHost) {
    this.#host = host
  }

  acquire(uri: string, subscribe: boolean | WatchResource | undefined, ctx: RequestContext): void {
    const watched = this.#watched.get(uri)
    if (watched !== undefined) {
      watched.subscribers += 1
      return
    }
    const stop = typeof subscribe === 'function' ? subscribe(uri, ctx) : undefined
    this.#watched.set(uri, { subscribers: 1, stop: stop ?? undefined })
  }

  release(uri: string): void {
    const watched = this.#watched.get(uri)
    if (watched === undefined) return
    watched.subscribers -= 1
    if (watched.subscribers > 0) return
    this.#watched.delete(uri)
    try {
      watched.stop?.()
    } catch (error) {
      this.#host.reportError(error, { phase: 'subscription', name: uri })
    }
  }
}
