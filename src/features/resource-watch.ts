/**
 * Resource watch: counts the subscribers of each resource over all clients, and starts and stops the watching
 * that the resource's registration asks for.
 *
 * Invariant: a URI is in the map exactly while it has subscribers; its `stop` runs once.
 */

import { type DispatchHost, quote } from '../dispatch/dispatcher.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { WatchResource } from './resources.ts'

/** A URI that is subscribed to is kept, and repeated in all news of it. Servers and proxies take URIs of this length. */
const MAX_URI_BYTES = 8192

/** @throws {RpcError} -32602, the URI is too long to be subscribed to */
export function checkSubscribable(uri: string): void {
  const bytes = Buffer.byteLength(uri)
  if (bytes <= MAX_URI_BYTES) return
  const problem = `A URI of ${bytes} bytes cannot be subscribed to, the limit is ${MAX_URI_BYTES}: ${quote(uri)}`
  throw new RpcError(ErrorCode.INVALID_PARAMS, problem, { uri: `${uri.slice(0, 100)}...` })
}

export class ResourceWatch {
  readonly #host: DispatchHost
  /** Lifecycle: from the first subscriber of a URI to the last. */
  readonly #watched = new Map<string, { subscribers: number; stop: (() => void) | undefined }>()

  constructor(host: DispatchHost) {
    this.#host = host
  }

  acquire(uri: string, subscribe: boolean | WatchResource | undefined): void {
    const watched = this.#watched.get(uri)
    if (watched !== undefined) {
      watched.subscribers += 1
      return
    }
    const stop = typeof subscribe === 'function' ? subscribe(uri) : undefined
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
