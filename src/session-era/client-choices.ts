/**
 * What a client chooses for its session after `initialize`: the log level, and the resources whose changes it is to
 * be notified of. With several nodes a choice is stored before it is answered, and then applied by all nodes that have the
 * session open.
 *
 * Spec: 2025-11-25 logging {@link spec.logging}; resources, "Subscriptions" {@link spec.resources}.
 * Invariant: a subscription holds its resource in the server's watch, unless another node watches it.
 */

import type { RequestContext } from '../dispatch/context.ts'
import type { WatchResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { ChangeLog } from './change-log.ts'
import type { SessionChanges } from './methods.ts'
import type { SharedSessions } from './nodes/shared-sessions.ts'
import type { SharedWatches } from './nodes/shared-watches.ts'
import type { StoredSubscription } from './nodes/stored-session.ts'
import type { ServerMessages } from './server-messages.ts'
import type { Session } from './session.ts'

export interface ChoicesHost {
  readonly server: McpServer
  readonly settings: { readonly maxSubscriptionsPerSession: number }
  readonly changes: ChangeLog
  readonly messages: ServerMessages
  /** Undefined with one node. */
  readonly nodes: { readonly sessions: SharedSessions; readonly watches: SharedWatches } | undefined
}

export class ClientChoices implements SessionChanges {
  readonly #host: ChoicesHost

  constructor(host: ChoicesHost) {
    this.#host = host
  }

  get maxSubscriptionsPerSession(): number {
    return this.#host.settings.maxSubscriptionsPerSession
  }

  setLogLevel(session: Session, level: LogLevel): Promise<void> | undefined {
    const stored = this.#store(session)?.setLevel(session, level)
    if (stored !== undefined) return stored.then(() => this.applyLevel(session, level))
    this.applyLevel(session, level)
    return undefined
  }

  applyLevel(session: Session, level: LogLevel): void {
    session.record.logLevel = level
    this.#host.messages.includeLevel(level)
  }

  subscribe(
    session: Session,
    uri: string,
    wanted: boolean | WatchResource,
    ctx: RequestContext,
    scopes: readonly string[] | undefined,
  ): Promise<void> | undefined {
    const { changes, server } = this.#host
    const kept = changes.subscribe(session, uri)
    try {
      server.watch.acquire(kept, wanted, ctx)
    } catch (error) {
      changes.unsubscribe(session, kept)
      throw error
    }
    keepScopes(session, kept, scopes)
    const from = session.record.subscriptions?.get(kept) ?? 0
    const { watches } = this.#host.nodes ?? {}
    if (session.isShared) watches?.keep(session, kept, wanted)
    const node = watches?.own
    return this.#store(session)
      ?.setSubscription(session, kept, { from, scopes, node })
      .catch((error) => {
        this.#drop(session, kept)
        throw error
      })
  }

  unsubscribe(session: Session, uri: string): Promise<void> | undefined {
    const stored = this.#store(session)?.setSubscription(session, uri, undefined)
    if (stored !== undefined) return stored.then(() => this.#drop(session, uri))
    this.#drop(session, uri)
    return undefined
  }

  /** A subscription that another node has taken, or given up (undefined). */
  applySubscription(session: Session, uri: string, subscription: StoredSubscription | undefined): void {
    const watches = this.#host.nodes?.watches
    if (subscription === undefined) {
      this.#drop(session, uri)
    } else if (session.record.subscriptions?.has(uri)) {
      watches?.moved(session, uri, subscription.node)
    } else {
      const kept = this.#host.changes.subscribe(session, uri, subscription.from)
      keepScopes(session, kept, subscription.scopes)
      watches?.add(session, kept, subscription.node)
    }
  }

  /** @param forGood - it is not open on another node either */
  sessionClosed(session: Session, forGood: boolean): void {
    if (session.isShared && !forGood) this.#host.nodes?.watches.closing(session)
    for (const uri of session.record.subscriptions?.keys() ?? []) this.#drop(session, uri)
  }

  /** @returns undefined: no other node has to know */
  #store({ isShared }: Session): SharedSessions | undefined {
    return isShared ? this.#host.nodes?.sessions : undefined
  }

  #drop(session: Session, uri: string): void {
    const isElsewhere = this.#host.nodes?.watches.remove(session, uri) === true
    if (this.#host.changes.unsubscribe(session, uri) && !isElsewhere) this.#host.server.watch.release(uri)
  }
}

/** Callers need the scopes of a subscription to open the standalone stream. */
function keepScopes(session: Session, uri: string, scopes: readonly string[] | undefined): void {
  if (scopes === undefined) return
  session.streamScopes ??= new Map()
  session.streamScopes.set(uri, scopes)
}
