/**
 * Who listens for changes in a session: what the server sends on its streams goes to each listener that asked for it,
 * and resources are subscribed to as long as anybody listens for them.
 *
 * Invariant: a URI is subscribed to exactly while it has listeners.
 */

import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { Change, ChangeFilter } from './connection.ts'
import { onAbort } from './on-abort.ts'
import type { ServerCapabilities } from './wire.ts'

interface Listener {
  readonly filter: ChangeFilter
  readonly onChange: (change: Change) => void
}

export class SessionListeners {
  readonly #request: (method: string, params: JsonObject) => Promise<unknown>
  readonly #listeners = new Set<Listener>()
  /** URI -> how many listen. */
  readonly #subscribed = new Map<string, number>()

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

  /** Until the signal aborts. */
  async listen(
    filter: ChangeFilter,
    { resources }: ServerCapabilities,
    onChange: (change: Change) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const listener = { filter, onChange }
    const uris = resources?.subscribe === true ? urisOf(filter) : []
    this.#listeners.add(listener)
    try {
      await Promise.all(uris.map((uri) => this.#subscribe(uri)))
      if (!signal.aborted) await new Promise<void>((resolve) => onAbort(signal, resolve))
    } finally {
      this.#listeners.delete(listener)
      for (const uri of uris) this.#unsubscribe(uri)
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

  async #subscribe(uri: string): Promise<void> {
    const count = this.#subscribed.get(uri) ?? 0
    this.#subscribed.set(uri, count + 1)
    if (count === 0) await this.#request(Method.resourcesSubscribe, { uri })
  }

  #unsubscribe(uri: string): void {
    const count = this.#subscribed.get(uri) ?? 0
    if (count > 1) this.#subscribed.set(uri, count - 1)
    else if (this.#subscribed.delete(uri)) this.#request(Method.resourcesUnsubscribe, { uri }).catch(() => {})
  }
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
