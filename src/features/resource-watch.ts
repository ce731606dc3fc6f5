/**
 * Resource watch: counts the subscribers of each resource over all clients, and starts and stops the watching
 * that the resource's registration asks for.
 *
 * Invariant: a URI is in the map exactly while it has subscribers; its `stop` runs once.
 */

import { Buffer } from 'node:buffer'
import { isPromise } from '../bounds/is-promise.ts'
import { excerpt, kindOf, quote } from '../bounds/quote.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { DispatchHost } from '../dispatch/dispatcher.ts'
import { runHook } from '../dispatch/hook.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { WatchResource } from './resources.ts'

/** A URI that is subscribed to is kept, and repeated in each notification. Servers and proxies accept URIs of this length. */
const MAX_URI_BYTES = 8192

/** @throws {RpcError} -32602, the URI is too long to be subscribed to */
export function checkSubscribable(uri: string): void {
  const bytes = Buffer.byteLength(uri)
  if (bytes <= MAX_URI_BYTES) return
  const problem = `A URI of ${bytes} bytes cannot be subscribed to, the limit is ${MAX_URI_BYTES}: ${quote(uri)}`
  throw new RpcError(ErrorCode.INVALID_PARAMS, problem, { uri: excerpt(uri) })
}

interface Watched {
  subscribers: number
  /** Missing while the watching starts, and where nothing has to be stopped. */
  stop: (() => unknown) | undefined
}

export class ResourceWatch {
  readonly #host: DispatchHost
  /** Lifecycle: from the first subscriber of a URI to the last. */
  readonly #watched = new Map<string, Watched>()

  constructor(host: DispatchHost) {
    this.#host = host
  }

  /** Whether it has subscribers, in this process. */
  has(uri: string): boolean {
    return this.#watched.has(uri)
  }

  acquire(uri: string, subscribe: boolean | WatchResource | undefined, ctx: RequestContext): void {
    const known = this.#watched.get(uri)
    if (known !== undefined) {
      known.subscribers += 1
      return
    }
    const started: unknown = typeof subscribe === 'function' ? subscribe(uri, ctx) : undefined
    const watched: Watched = { subscribers: 1, stop: undefined }
    this.#watched.set(uri, watched)
    const begin = (stop: unknown) => this.#started(uri, watched, stop)
    if (isPromise(started)) runHook(() => Promise.resolve(started).then(begin), this.#report(uri))
    else if (started !== undefined) begin(started)
  }

  release(uri: string): void {
    const watched = this.#watched.get(uri)
    if (watched === undefined) return
    watched.subscribers -= 1
    if (watched.subscribers > 0) return
    this.#watched.delete(uri)
    if (watched.stop !== undefined) runHook(watched.stop, this.#report(uri))
  }

  #started(uri: string, watched: Watched, stop: unknown): void {
    if (typeof stop === 'function') {
      watched.stop = stop as () => unknown
      // The last subscriber has unsubscribed while it started.
      if (watched.subscribers === 0) runHook(watched.stop, this.#report(uri))
    } else if (stop !== undefined) {
      const problem = `subscribe must return a function that stops the watching, or nothing; got ${kindOf(stop)}`
      this.#report(uri)(new TypeError(problem))
    }
  }

  #report(uri: string): (error: unknown) => void {
    return (error) => this.#host.reportError(error, { phase: 'subscription', name: uri })
  }
}
