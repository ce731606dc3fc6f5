/**
 * The engines: what serves the requests of all transports with equal options. One handler of the library, whose every
 * method is answered by the server of the transport that the request came to.
 *
 *    handleRequest --> mark the request with its transport --> handler --> override --> the session's Peer, or the
 *                                                                                       transport's --> its server
 *
 * Invariant: a peer is in `peers` exactly while its session is open.
 * Lifecycle: as long as a transport refers to it. Nothing of a transport stays here after its sessions have ended.
 */

import type { IncomingMessage } from 'node:http'
import { isPromise } from '../bounds/is-promise.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { Override } from '../dispatch/dispatcher.ts'
import type { RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { Entrance } from '../entrance.ts'
import { McpServer } from '../features/server.ts'
import { handlerWith, type McpHandler } from '../handler.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { checkOptions } from '../options.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { SessionExchange } from '../session-era/exchange.ts'
import type { Handshake } from '../session-era/handshake.ts'
import type { Session } from '../session-era/session.ts'
import { Call, type OpenedSession, Peer } from './peer.ts'
import type { EventStreams } from './server/event-streams.ts'
import { StoredExchange, storeEvents } from './server/stored-exchange.ts'
import type { Transport } from './shared/transport.ts'
import type { AuthInfo } from './types/auth-info.ts'
import type { Implementation } from './types/names.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Of the client that a request is of, on its headers, which the engine passes on as they are. */
const ARRIVAL = Symbol('arrival')
/** Methods that the engine answers, unless the program does. */
const OF_ENGINE: ReadonlySet<string> = new Set([Method.ping, Method.listen])

/** How one request came. */
interface Arrival {
  readonly transport: HttpTransport
  readonly request: IncomingMessage & { readonly auth?: AuthInfo | undefined }
}

/** What the engine needs of a transport. */
export interface HttpTransport extends Transport {
  /** Of requests without a session. */
  readonly peer: Peer
  /** Undefined without a store of the program. */
  readonly events: EventStreams | undefined
  newSessionId(): string
  /** Calls the hook of the program, before the client gets the id of the session. */
  sessionInitialized(id: string): unknown
  sessionOpened(peer: Peer): void
  sessionClosed(peer: Peer, byClient: boolean): void
}

/** Options that all transports of one engine share. */
export interface EngineOptions {
  readonly sessions: boolean
  readonly json: boolean
  /** Its transports have stores of the program: it retains no events itself. */
  readonly stored: boolean
  readonly retryMs: number | undefined
  readonly keepAliveMs: number | undefined
  readonly maxBodyBytes: number | undefined
}

/** Weak, so that a program that makes ever new options does not keep them. */
const engines = new Map<string, WeakRef<HttpEngine>>()
const forgotten = new FinalizationRegistry<string>((key) => {
  if (engines.get(key)?.deref() === undefined) engines.delete(key)
})

export class HttpEngine {
  readonly options: EngineOptions
  readonly host: McpServer
  readonly #handler: McpHandler
  readonly #entrance: Entrance
  /** By session id. */
  readonly #peers = new Map<string, Peer>()
  readonly #bySession = new WeakMap<Session, Peer>()
  /** Sessions whose id is not sent yet. Lifecycle of an entry: as long as `initialize` is being answered. */
  readonly #opening = new Map<string, Peer>()
  /** Whose `initialize` opens a session right now. */
  #initializing: HttpTransport | undefined

  static of(info: Implementation, options: EngineOptions): HttpEngine {
    const key = JSON.stringify([info, options])
    const known = engines.get(key)?.deref()
    if (known !== undefined) return known
    const engine = new HttpEngine(info, options)
    engines.set(key, new WeakRef(engine))
    forgotten.register(engine, key)
    return engine
  }

  private constructor(info: Implementation, options: EngineOptions) {
    this.options = options
    this.host = makeHost(info)
    this.host.override = (method, exchange) => this.#override(method, exchange)
    this.host.onClientNotification = (method, params, id) => {
      const peer = this.#peers.get(id)
      peer?.server.notified(peer, method, params)
    }
    const { sessions, json, stored, retryMs, keepAliveMs, maxBodyBytes } = options
    const settings = checkOptions({
      allowedHosts: ['*'],
      sessions: sessions && { idleTimeoutMs: DAY_MS },
      ...(sessions && { replay: !stored && { retryMs } }),
      keepAliveMs,
      maxBodyBytes,
      // JSON is JSON, however long it takes.
      ...(json ? { sseAfterMs: 0 } : stored && { sseAfterMs: 1 }),
      onSessionOpened: ({ id }) => this.#opened(id),
      onSessionClosed: ({ id }, reason) => this.#closed(id, reason === 'deleted'),
    })
    const { sessionEra } = settings
    const ownSettings = {
      ...settings,
      originChecked: true,
      sessionEra: {
        ...sessionEra,
        sessions: sessionEra.sessions && {
          ...sessionEra.sessions,
          keys: undefined,
          newId: () => this.#newId(),
        },
      },
    }
    const { handler, entrance } = handlerWith(this.host, ownSettings, stored ? StoredExchange : undefined)
    this.#handler = handler
    this.#entrance = entrance
  }

  /** @param resumes - it has the events after its `Last-Event-ID`, and opens the standalone stream */
  handle(
    transport: HttpTransport,
    request: IncomingMessage,
    response: object,
    body: unknown,
    resumes = false,
  ): void {
    const arrival: Arrival = { transport, request }
    Object.defineProperty(request.headers, ARRIVAL, { value: arrival, configurable: true })
    const { events } = transport
    if (events !== undefined) {
      const standalone = this.#peers.get(String(request.headers['mcp-session-id']))?.standalone
      storeEvents(request.headers, { events, json: this.options.json, standalone, resumes })
    }
    this.#handler(request, response as never, body)
  }

  /** The peer of a session, which may be one of another transport. */
  peerOf(sessionId: string): Peer | undefined {
    return this.#peers.get(sessionId)
  }

  closeSession(id: string): void {
    this.#entrance.closeSession(id)
  }

  #override(method: string, exchange: RpcExchange): ReturnType<Override> {
    if (OF_ENGINE.has(method) && this.#peerOf(exchange)?.server.answers(method) !== true) return undefined
    return this.#answer as ReturnType<Override>
  }

  readonly #answer = (
    params: JsonObject | undefined,
    ctx: RequestContext,
    _host: unknown,
    exchange: SessionExchange,
  ): unknown => {
    const arrival = (exchange.headers as { readonly [ARRIVAL]?: Arrival })[ARRIVAL]
    if (ctx.method === Method.initialize && arrival !== undefined) {
      return this.#initialize(params, ctx, exchange as Handshake, arrival)
    }
    const peer = this.#peerOf(exchange)
    if (peer === undefined)
      throw new RpcError(ErrorCode.INTERNAL_ERROR, 'No server is connected for this request')
    if (ctx.method === Method.discover) return peer.server.discover()
    return peer.server.answer(callOf(peer, ctx, exchange, arrival), ctx.method, params)
  }

  #peerOf(exchange: RpcExchange): Peer | undefined {
    const { session } = exchange as SessionExchange
    if (session !== undefined) return this.#bySession.get(session)
    return (exchange.headers as { readonly [ARRIVAL]?: Arrival })[ARRIVAL]?.transport.peer
  }

  #initialize(
    params: JsonObject | undefined,
    ctx: RequestContext,
    exchange: Handshake,
    arrival: Arrival,
  ): unknown {
    const { transport } = arrival
    this.#initializing = transport
    let opened: OpenedSession
    try {
      opened = exchange.run() as unknown as OpenedSession
    } finally {
      this.#initializing = undefined
    }
    const { session } = exchange
    const peer = session === undefined ? transport.peer : this.#register(session, transport.peer)
    const call = callOf(peer, ctx, exchange, arrival)
    const initialize = () => peer.server.initialize(call, params, opened)
    if (session === undefined) return initialize()
    try {
      const told = transport.sessionInitialized(session.id)
      const answer = isPromise(told) ? Promise.resolve(told).then(initialize) : initialize()
      return isPromise(answer) ? this.#answerLater(session, answer) : answer
    } catch (error) {
      this.#opening.delete(session.id)
      throw error
    }
  }

  async #answerLater(session: Session, answer: PromiseLike<unknown>): Promise<unknown> {
    try {
      return await answer
    } catch (error) {
      this.#opening.delete(session.id)
      throw error
    } finally {
      // Its client has gone meanwhile.
      if (session.closed) this.#opening.delete(session.id)
    }
  }

  #register(session: Session, { server, transport, host, jsonOnly, retryMs }: Peer): Peer {
    const peer = new Peer(server, transport, host, { jsonOnly, retryMs })
    peer.session = session
    peer.standalone = (transport as HttpTransport).events?.standalone(session.id)
    this.#bySession.set(session, peer)
    this.#opening.set(session.id, peer)
    return peer
  }

  #newId(): string {
    const id = this.#initializing?.newSessionId() ?? ''
    if (id !== '' && !this.#peers.has(id) && !this.#opening.has(id)) return id
    throw new TypeError(`sessionIdGenerator must give a new id each time; got ${JSON.stringify(id)} again`)
  }

  #opened(id: string): void {
    const peer = this.#opening.get(id)
    this.#opening.delete(id)
    if (peer === undefined) return
    this.#peers.set(id, peer)
    peer.server.opened(peer)
    ;(peer.transport as HttpTransport).sessionOpened(peer)
  }

  #closed(id: string, byClient: boolean): void {
    this.#opening.delete(id)
    const peer = this.#peers.get(id)
    if (peer === undefined) return
    this.#peers.delete(id)
    peer.standalone?.end()
    peer.server.closed(peer)
    ;(peer.transport as HttpTransport).sessionClosed(peer, byClient)
  }
}

function callOf(
  peer: Peer,
  { requestId }: RequestContext,
  exchange: RpcExchange,
  arrival: Arrival | undefined,
): Call {
  const { request } = arrival ?? {}
  return new Call(peer, exchange, requestId, request?.auth, request && new HttpRequestInfo(request))
}

/** What says where a request went: a `Request` (webStandardStreamableHttp.ts), Express, node:http. */
interface Addressed {
  readonly href?: string
  readonly originalUrl?: string
  readonly url?: string
}

class HttpRequestInfo {
  readonly headers: IncomingMessage['headers']
  readonly #request: IncomingMessage

  constructor(request: IncomingMessage) {
    this.headers = request.headers
    this.#request = request
  }

  get url(): URL {
    const { href, url = '/', originalUrl = url } = this.#request as Addressed
    if (href !== undefined) return new URL(href)
    const { encrypted } = this.#request.socket as { readonly encrypted?: boolean }
    return new URL(originalUrl, `${encrypted ? 'https' : 'http'}://${this.headers.host ?? 'localhost'}`)
  }
}

/** A definition without anything of its own: whatever a client asks for, a program answers. */
export function makeHost({
  name,
  version,
  title,
  description,
  websiteUrl,
  icons,
}: Implementation): McpServer {
  // Programs may say more of themselves; `initialize` gives clients all of it.
  const more = { title, description, websiteUrl, icons }
  const known = Object.entries(more).filter(([, value]) => value !== undefined)
  const names = { name: String(name), version: String(version) }
  try {
    return new McpServer({ ...names, ...Object.fromEntries(known) }, { logging: 'debug' })
  } catch {
    // An icon with a relative URI, for example: what this library does not say in server/discover.
    return new McpServer(names, { logging: 'debug' })
  }
}
