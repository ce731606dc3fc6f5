/**
 * Which node watches a resource for a subscription, where its registration has a `subscribe` function: one of them, since
 * what a node announces reaches all.
 *
 *    resources/subscribe                     the node of that request
 *    that node is gone, or has closed        the one that has the standalone stream of the session, at once or when it
 *    the session                             is connected; else the one that opens the session next
 *
 * Who takes a resource over announces a change of it: there may have been one that nobody saw.
 *
 * Invariant: a subscription of a shared session is in `#elsewhere` unless this node holds its resource in the server's
 * watch; it is in `#here` if a function was called for that.
 */

import { RequestContext } from '../../dispatch/context.ts'
import { findResource } from '../../features/resources.ts'
import type { McpServer } from '../../features/server.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { Method } from '../../protocol/methods.ts'
import type { NodeChannel, NodeListener } from '../../store/node-channel.ts'
import type { Session } from '../session.ts'
import type { SessionTable } from '../session-table.ts'
import { RestoredExchange } from './restored-exchange.ts'
import type { SharedSessions } from './shared-sessions.ts'

export interface WatchesHost {
  readonly server: McpServer
  readonly table: SessionTable
}

/** A node that does not watch it any more. */
const NOBODY = ''

export class SharedWatches implements NodeListener {
  readonly #channel: NodeChannel
  readonly #host: WatchesHost
  readonly #sessions: SharedSessions
  /** By session and URI, the node that watches it. Lifecycle of an entry: as long as the subscription. */
  readonly #elsewhere = new Map<Session, Map<string, string>>()
  /** What this node watches by a function, and another one would have to. Lifecycle: the same. */
  readonly #here = new Map<Session, Set<string>>()

  constructor(channel: NodeChannel, host: WatchesHost, sessions: SharedSessions) {
    this.#channel = channel
    this.#host = host
    this.#sessions = sessions
    channel.observe(this)
  }

  /** This node. */
  get own(): string {
    return this.#channel.node.id
  }

  /** A subscription that is watched here. @param wanted - what the registration says about subscriptions */
  keep(session: Session, uri: string, wanted: unknown): void {
    if (typeof wanted !== 'function') return
    const uris = this.#here.get(session) ?? new Set<string>()
    this.#here.set(session, uris.add(uri))
  }

  /** A subscription that is not watched here. */
  add(session: Session, uri: string, node = NOBODY): void {
    const nodes = this.#elsewhere.get(session) ?? new Map<string, string>()
    this.#elsewhere.set(session, nodes.set(uri, node))
  }

  /** Another node says who watches: it has taken the resource over, or has given it up. */
  moved(session: Session, uri: string, node = NOBODY): void {
    const nodes = this.#elsewhere.get(session)
    if (node === this.own) return
    if (nodes?.has(uri)) {
      nodes.set(uri, node)
      if (session.standaloneStream?.attached === true) this.#takeOver(session, node)
    } else if (node !== NOBODY && node < this.own) {
      this.#host.server.watch.release(uri)
      this.#forget(this.#here, session, uri)
      this.add(session, uri, node)
    } else if (this.#here.get(session)?.has(uri)) {
      // Of two that have taken it over at the same time, the other one gives it up.
      this.#announce(session, uri, this.own)
    }
  }

  /** The subscription ends. @returns whether this node does not watch it */
  remove(session: Session, uri: string): boolean {
    this.#forget(this.#here, session, uri)
    return this.#forget(this.#elsewhere, session, uri)
  }

  /** A session was opened here, or its standalone stream: what nobody watches is watched here. */
  opened(session: Session): void {
    for (const node of new Set(this.#elsewhere.get(session)?.values())) {
      if (!this.#isAlive(node)) this.#takeOver(session, node)
    }
  }

  /** A session is closed here, and goes on elsewhere: other nodes have to watch what this one does. */
  closing(session: Session): void {
    for (const uri of this.#here.get(session) ?? []) this.#announce(session, uri, undefined)
  }

  onNodeGone(node: string): void {
    for (const session of [...this.#elsewhere.keys()]) {
      if (session.standaloneStream?.attached === true) this.#takeOver(session, node)
    }
  }

  #isAlive(node: string): boolean {
    return node !== NOBODY && this.#channel.node.leases.isAlive(node)
  }

  /** Watches for a session what another node did. */
  #takeOver(session: Session, node: string): void {
    if (this.#isAlive(node)) return
    const nodes = this.#elsewhere.get(session) ?? []
    for (const [uri, watching] of [...nodes]) {
      if (watching === node) this.#watch(session, uri)
    }
  }

  #watch(session: Session, uri: string): void {
    const { server } = this.#host
    const params = { uri }
    const request = { id: '', method: Method.resourcesSubscribe, params }
    const ctx = new RequestContext(new RestoredExchange(session), request, server)
    try {
      const { subscribe } = findResource(uri, ctx, server)
      // Nothing has to be done for one that the application watches anyway.
      if (typeof subscribe !== 'function') return
      server.watch.acquire(uri, subscribe, ctx)
      this.#forget(this.#elsewhere, session, uri)
      this.keep(session, uri, subscribe)
      this.#announce(session, uri, this.own)
      server.notifyResourceUpdated(uri)
    } catch (error) {
      // The resource is not there for this client any more.
      if (error instanceof RpcError) return
      server.reportError(error, { phase: 'subscription', name: uri, sessionId: session.id })
    }
  }

  /** @returns whether it was there */
  #forget(
    all: Map<Session, { delete(uri: string): boolean; readonly size: number }>,
    session: Session,
    uri: string,
  ): boolean {
    const uris = all.get(session)
    const was = uris?.delete(uri) === true
    if (uris?.size === 0) all.delete(session)
    return was
  }

  /** @param node - that watches it from now on; undefined: nobody does */
  #announce(session: Session, uri: string, node: string | undefined): void {
    const from = session.record.subscriptions?.get(uri) ?? 0
    const scopes = session.streamScopes?.get(uri)
    // Where the store is away, the next one who opens the session finds out.
    this.#sessions.setSubscription(session, uri, { from, scopes, node }).catch(() => {})
  }
}
