/**
 * Who listens for changes in a session: what the server sends on its streams goes to each listener that asked for it,
 * and resources are subscribed to as long as anybody listens for them.
 *
 * Invariant: a URI is subscribed to exactly while it has listeners.
 */

import { quote } from '../bounds/quote.ts'
import { type McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { Change, ChangeFilter } from './connection.ts'
import { mcpError } from './errors.ts'
import { onAbort } from './on-abort.ts'
import type { ServerCapabilities } from './wire.ts'

interface Subscription {
  /** How many listen. */
  count: number
  /** The answer of the server. */
  readonly answer: Promise<unknown>
}

interface Listener {
  readonly filter: ChangeFilter
  readonly onChange: (change: Change) => void
}

export class SessionListeners {
  readonly #request: (method: string, params: JsonObject) => Promise<unknown>
  readonly #listeners = new Set<Listener>()
  /** By URI. */
  readonly #subscribed = new Map<string, Subscription>()

  constructor(request: (method: string, params: JsonObject) => Promise<unknown>) {
    this.#request = request
  }

  /** Whether the server announces anything of what is asked for. */
  offered(filter: ChangeFilter, { tools, prompts, resources }: ServerCapabilities): boolean {
    return (
      (filter.tools === true && tools?.listChanged === true) ||
      (filter.prompts === true && prompts?.listChanged === true) ||
      (filter.resources === true && resources?.listChanged === true) ||
      (urisOf(filter).length > 0 && resources?.subscribe === true)
    )
  }

  /**
   * Until the signal aborts. A URI that the server refuses does not keep the others away.
   *
   * @param onError - gets an error for each such URI
   * @throws {McpError} ERR_NOT_SUPPORTED: it has refused all that was asked for
   */
  async listen(
    filter: ChangeFilter,
    capabilities: ServerCapabilities,
    onChange: (change: Change) => void,
    signal: AbortSignal,
    onError: (error: unknown) => void,
  ): Promise<void> {
    const listener = { filter, onChange }
    const uris = new Set(capabilities.resources?.subscribe === true ? urisOf(filter) : [])
    this.#listeners.add(listener)
    try {
      const refused = await Promise.all(
        [...uris].map(async (uri) => {
          try {
            await this.#subscribe(uri)
            return undefined
          } catch (error) {
            this.#unsubscribe(uri, false)
            uris.delete(uri)
            if (!(error instanceof RpcError)) throw error
            return refusedUri(uri, error)
          }
        }),
      )
      const errors = refused.filter((error) => error !== undefined)
      const others = { ...filter, resources: filter.resources === true }
      if (errors.length > 0 && uris.size === 0 && !this.offered(others, capabilities)) throw errors[0]
      errors.forEach(onError)
      if (!signal.aborted) await new Promise<void>((resolve) => onAbort(signal, resolve))
    } finally {
      this.#listeners.delete(listener)
      for (const uri of uris) this.#unsubscribe(uri, true)
    }
  }

  changed(change: Change): void {
    for (const { filter, onChange } of this.#listeners) if (isAskedFor(change, filter)) onChange(change)
  }

  /** A new session knows of no subscription. Does not throw. */
  async subscribeAgain(onError: (error: unknown) => void): Promise<void> {
    await Promise.all(
      [...this.#subscribed.keys()].map((uri) =>
        this.#request(Method.resourcesSubscribe, { uri }).catch(onError),
      ),
    )
  }

  #subscribe(uri: string): Promise<unknown> {
    const known = this.#subscribed.get(uri)
    if (known !== undefined) {
      known.count += 1
      return known.answer
    }
    const answer = this.#request(Method.resourcesSubscribe, { uri })
    this.#subscribed.set(uri, { count: 1, answer })
    return answer
  }

  /** @param wasTaken - the server knows of it */
  #unsubscribe(uri: string, wasTaken: boolean): void {
    const known = this.#subscribed.get(uri)
    if (known === undefined) return
    known.count -= 1
    if (known.count > 0) return
    this.#subscribed.delete(uri)
    if (wasTaken) this.#request(Method.resourcesUnsubscribe, { uri }).catch(() => {})
  }
}

/** For `onError`: changes of this resource will not come. */
export function refusedUri(uri: string, cause?: Error): McpError {
  const why = cause === undefined ? '' : `: ${cause.message}`
  return mcpError('ERR_NOT_SUPPORTED', `The server announces no changes of ${quote(uri)}${why}`, cause)
}

export function urisOf({ resources }: ChangeFilter): readonly string[] {
  return typeof resources === 'object' ? resources : []
}

/** A resource that was updated may be a part of the one that was subscribed to. */
function isAskedFor(change: Change, filter: ChangeFilter): boolean {
  switch (change.kind) {
    case 'gap':
      return true
    case 'resource':
      return urisOf(filter).some(
        (uri) => change.uri === uri || change.uri.startsWith(uri.replace(/\/?$/, '/')),
      )
    default:
      return filter[change.kind] === true
  }
}
