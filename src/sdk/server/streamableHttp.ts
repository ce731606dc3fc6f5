/**
 * `server/streamableHttp.js`: the transport that programs make for each session, or for each request, and hand their
 * requests to. The work is done by the engine that it shares with all others (http-engine.ts).
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { negotiate } from '../../http/media-type.ts'
import { closeStream } from '../ask.ts'
import { type HostCheckOptions, refusalOf } from '../host-check.ts'
import { HttpEngine } from '../http-engine.ts'
import { CONNECT, Peer, type ServerPort } from '../peer.ts'
import { RelayError } from '../relay-error.ts'
import type { Transport } from '../shared/transport.ts'
import {
  type AuthInfo,
  type JSONRPCMessage,
  type MessageExtraInfo,
  type RequestId,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '../types.ts'
import type { EventId, EventStore, StreamId } from './event-store.ts'
import { EventStreams } from './event-streams.ts'

export type { EventId, EventStore, StreamId }

export interface StreamableHTTPServerTransportOptions extends HostCheckOptions {
  /** Makes the id of a session; undefined: no sessions. */
  sessionIdGenerator?: (() => string) | undefined
  onsessioninitialized?: ((sessionId: string) => void | Promise<void>) | undefined
  onsessionclosed?: ((sessionId: string) => void | Promise<void>) | undefined
  enableJsonResponse?: boolean
  /**
   * Where the events of all streams are stored, and read from for clients that come back. Without it they are in the
   * memory of this process, bounded.
   */
  eventStore?: EventStore | undefined
  /** `retry:` of the streams, in milliseconds. */
  retryInterval?: number
  keepAliveMs?: number
  /** In bytes. */
  maxRequestBodySize?: number
}

const DONE = Promise.resolve()

export class StreamableHTTPServerTransport implements Transport {
  sessionId: string | undefined
  onclose: (() => void) | undefined
  onerror: ((error: Error) => void) | undefined
  onmessage: ((message: JSONRPCMessage, extra?: MessageExtraInfo) => void) | undefined
  /** @internal */
  readonly events: EventStreams | undefined
  readonly #options: StreamableHTTPServerTransportOptions
  #engine: HttpEngine | undefined
  #peer: Peer | undefined
  /** Open sessions: one, unless a program gives several clients the same transport. */
  readonly #sessions = new Set<Peer>()
  #isStarted = false
  #isClosed = false
  /** `onclose` was called, and no session was opened since. */
  #isOver = false

  constructor(options: StreamableHTTPServerTransportOptions = {}) {
    this.#options = options
    const { eventStore: store, retryInterval, keepAliveMs } = options
    if (store === undefined) return
    this.events = new EventStreams(store, retryInterval, keepAliveMs, (error) => this.onerror?.(error))
  }

  async start(): Promise<void> {
    if (this.#isStarted) throw new Error('Transport already started')
    this.#isStarted = true
  }

  /** Serves a request; resolves when its response is sent, of GET when its stream is open. */
  handleRequest(
    request: IncomingMessage & { auth?: AuthInfo },
    response: ServerResponse,
    parsedBody?: unknown,
  ): Promise<void> {
    const engine = this.#engine
    if (engine === undefined) return Promise.reject(new RelayError('handleRequest'))
    const problem = refusalOf(request, this.#options)
    if (problem !== undefined) {
      this.onerror?.(new Error(problem))
      return refuse(response, 403, -32000, problem)
    }
    const id = request.headers['mcp-session-id']
    // A session of another transport: it does not exist here.
    const owner = typeof id === 'string' ? engine.peerOf(id) : undefined
    if (this.#isClosed || (owner !== undefined && owner.transport !== this)) {
      return refuse(response, 404, -32001, 'Session not found')
    }
    const lastEventId = request.headers['last-event-id']
    const { sessionIdGenerator } = this.#options
    const isKnown = sessionIdGenerator === undefined || owner !== undefined
    if (this.events !== undefined && request.method === 'GET' && lastEventId && isKnown) {
      return this.#resume(engine, request, response, String(lastEventId), owner)
    }
    engine.handle(this, request, response, parsedBody)
    if (request.method === 'GET' || response.writableFinished || response.destroyed) return DONE
    return new Promise((resolve) => {
      response.once('close', resolve)
    })
  }

  /** From the store of the program. */
  async #resume(
    engine: HttpEngine,
    request: IncomingMessage,
    response: ServerResponse,
    lastEventId: string,
    peer: Peer | undefined,
  ): Promise<void> {
    const refuseWith = (status: number, problem: string) => {
      this.onerror?.(new Error(problem))
      void refuse(response, status, -32000, problem)
    }
    const { accept, 'mcp-protocol-version': version } = request.headers
    if (!negotiate(accept).sse) refuseWith(406, 'Not Acceptable: Client must accept text/event-stream')
    else if (version !== undefined && !SUPPORTED_PROTOCOL_VERSIONS.includes(String(version))) {
      refuseWith(400, `Bad Request: Unsupported protocol version: ${version}`)
    } else {
      await this.events?.resume({
        lastEventId,
        session: peer?.session?.id,
        response,
        openStandalone: () => {
          engine.handle(this, request, response, undefined, true)
          return response.headersSent ? peer?.standalone?.connection : undefined
        },
        refuse: refuseWith,
      })
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.events?.close()
    for (const { session } of [...this.#sessions]) {
      if (session !== undefined) this.#engine?.closeSession(session.id)
    }
    this.#over()
  }

  /** @throws {RelayError} always: messages are sent by the server that is connected */
  async send(_message: JSONRPCMessage, _options?: { relatedRequestId?: RequestId }): Promise<void> {
    throw new RelayError('send')
  }

  /** Ends the connection of a call's stream: the client comes back for the rest. */
  closeSSEStream(requestId: RequestId): void {
    for (const call of this.#peer?.server.calls ?? []) {
      const { id, peer } = call
      if (id === requestId && peer.transport === this) closeStream(call)
    }
  }

  closeStandaloneSSEStream(): void {
    for (const { session } of this.#sessions) {
      session?.standaloneStream?.disconnect(this.#options.retryInterval)
    }
  }

  /** @internal */
  [CONNECT](server: ServerPort): void {
    const { sessionIdGenerator, enableJsonResponse: json = false, retryInterval, keepAliveMs } = this.#options
    const engine = HttpEngine.of(server.info, {
      sessions: sessionIdGenerator !== undefined,
      json,
      stored: this.events !== undefined,
      retryMs: retryInterval,
      keepAliveMs,
      maxBodyBytes: this.#options.maxRequestBodySize,
    })
    this.#engine = engine
    const settings = { jsonOnly: json, retryMs: retryInterval, isOfMany: true }
    this.#peer = new Peer(server, this, engine.host, settings)
  }

  /** @internal */
  get peer(): Peer {
    if (this.#peer === undefined) throw new RelayError('handleRequest')
    return this.#peer
  }

  /** @internal */
  newSessionId(): string {
    this.sessionId = this.#options.sessionIdGenerator?.()
    return this.sessionId ?? ''
  }

  /** @internal */
  sessionInitialized(id: string): unknown {
    this.#isOver = false
    return this.#options.onsessioninitialized?.(id)
  }

  /** @internal */
  sessionOpened(peer: Peer): void {
    this.#sessions.add(peer)
  }

  /** @internal */
  sessionClosed(peer: Peer, byClient: boolean): void {
    this.#sessions.delete(peer)
    const id = peer.session?.id
    if (byClient && !this.#isClosed && id !== undefined) this.#report(this.#options.onsessionclosed?.(id))
    // Not closed for good: another client may come, where all of them are given the same transport.
    if (this.#sessions.size === 0) this.#over()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.onclose?.()
  }

  #report(told: unknown): void {
    Promise.resolve(told).catch((error: unknown) => this.onerror?.(error as Error))
  }
}

function refuse(response: ServerResponse, status: number, code: number, message: string): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null })
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
  return DONE
}
