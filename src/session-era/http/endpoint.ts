/**
 * The session era's endpoint: what POST, GET and DELETE do once the request has passed the entrance.
 *
 * Spec: 2025-11-25 transports, "Streamable HTTP" {@link spec.transports}.
 * Not here: the order of the checks (admit.ts), GET (get.ts), how an answer is delivered (post-response.ts).
 */

import { isPromise } from '../../bounds/is-promise.ts'
import { dispatch, type MethodTable } from '../../dispatch/dispatcher.ts'
import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import type { McpServer } from '../../features/server.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import type { DecodedRequest } from '../../jsonrpc/decode.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { SessionEra } from '../era.ts'
import { SessionExchange } from '../exchange.ts'
import { HANDSHAKE_METHODS, Handshake, tryInitializeParams } from '../handshake.ts'
import { SESSIONLESS_METHODS } from '../methods.ts'
import { onNotification } from '../notifications.ts'
import type { SessionEraSettings } from '../options.ts'
import { LATEST } from '../revisions.ts'
import { type Admission, admitPost, checkVersion, findSession } from './admit.ts'
import { methodNotAllowed, openStream } from './get.ts'
import { type PostHost, PostResponse } from './post-response.ts'
import { Streams } from './streams.ts'

type Http = HttpExchange<Principal>

/** A client that said nothing of itself, where nobody remembers what it said. */
const UNKNOWN_PEER = { info: { name: 'unknown', version: '' }, capabilities: {} }

export interface SessionEraStats {
  readonly sessions: number
  /** Open SSE connections. */
  readonly streams: number
  /** Bytes kept for clients that come back. */
  readonly replayBytes: number
  /** Bytes of what clients sent and sessions keep. */
  readonly sessionBytes: number
  /** Messages that could reach nobody, since the start. */
  readonly undeliverable: number
}

export class SessionEndpoint implements PostHost {
  readonly era: SessionEra
  readonly streams: Streams
  readonly counters = { undeliverable: 0 }

  constructor(server: McpServer, settings: SessionEraSettings, limits: CallLimits) {
    this.streams = new Streams(settings)
    this.era = new SessionEra(server, settings, limits, this.streams)
  }

  /** @param value - the body as parsed JSON */
  post(http: Http, value: unknown): void {
    const admission = admitPost(value, http, this.era)
    if (admission instanceof Rejection) this.#reject(http, admission)
    else if (admission.kind === 'messages') this.#run(http, admission)
    else if (admission.kind === 'initialize') this.#initialize(http, admission.request)
    else http.empty(202)
  }

  get(http: Http): void {
    const rejection = openStream(http, this.era, this.streams)
    if (rejection !== undefined) this.#reject(http, rejection)
  }

  delete(http: Http): void {
    const rejection = this.#deleteSession(http)
    if (rejection === undefined) http.empty(200)
    else this.#reject(http, rejection)
  }

  stats(): SessionEraStats {
    const { table, replayBudget } = this.era
    return {
      sessions: table.size,
      streams: this.streams.keepAlive.size,
      replayBytes: replayBudget.used,
      sessionBytes: table.budget.used,
      undeliverable: this.counters.undeliverable,
    }
  }

  /** Refuses what is new, and ends the standalone streams with a hint to come back. */
  stopAccepting(): void {
    this.era.stopAccepting()
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    return this.era.calls.idle()
  }

  /** Fails what is left. */
  shutDown(): void {
    this.era.shutDown()
    this.streams.keepAlive.close()
  }

  #run(http: Http, { session, revision, batch, messages }: Extract<Admission, { kind: 'messages' }>): void {
    const { era } = this
    if (session !== undefined) era.table.touch(session)
    const peer = session?.peer ?? UNKNOWN_PEER
    const methods = session === undefined ? SESSIONLESS_METHODS : era.methods
    const first = messages[0]
    if (!batch && first?.kind === 'request') {
      const response = new PostResponse(this, http, session, revision, peer)
      const exchange = new SessionExchange(first, response, era)
      response.expect(exchange)
      this.#dispatch(first, response, exchange, methods)
      return
    }
    const requests: DecodedRequest[] = []
    const answers: string[] = []
    for (const message of messages) {
      if (message.kind === 'request') requests.push(message)
      else if (message.kind === 'invalid') answers.push(encodeError(message.id, message.error))
    }
    if (requests.length === 0) {
      // Answered first, acted on after: the reply does not depend on what the message does.
      if (answers.length > 0) http.json(200, `[${answers.join(',')}]`)
      else http.empty(202)
    }
    if (session !== undefined && requests.length < messages.length) {
      for (const message of messages) {
        if (message.kind === 'response') session.pending.settle(message)
        else if (message.kind === 'notification') onNotification(message, session)
      }
    }
    if (requests.length === 0) return
    const response = new PostResponse(this, http, session, revision, peer, batch ? answers : undefined)
    const exchanges = requests.map((request) => new SessionExchange(request, response, era))
    for (const exchange of exchanges) response.expect(exchange)
    for (const [index, exchange] of exchanges.entries()) {
      this.#dispatch(requests[index] as DecodedRequest, response, exchange, methods)
    }
  }

  #dispatch<E extends SessionExchange>(
    request: DecodedRequest,
    response: PostResponse,
    exchange: E,
    methods: MethodTable<McpServer, E>,
  ): void {
    const outcome = dispatch(request, exchange, methods, this.era.server)
    if (!isPromise(outcome)) {
      exchange.complete(outcome)
      return
    }
    response.hold()
    outcome.then((settled) => exchange.complete(settled))
  }

  #initialize(http: Http, request: DecodedRequest): void {
    const params = tryInitializeParams(request.params)
    const { revision, peer } = params instanceof RpcError ? { revision: LATEST, peer: UNKNOWN_PEER } : params
    const { era } = this
    const response = new PostResponse(this, http, undefined, revision, peer, undefined, era.hasSessions)
    const exchange = new Handshake(request, params, response, era)
    response.expect(exchange)
    this.#dispatch(request, response, exchange, HANDSHAKE_METHODS)
  }

  #deleteSession(http: Http): Rejection | undefined {
    if (!this.era.hasSessions) return methodNotAllowed('DELETE')
    const version = checkVersion(http, undefined)
    if (version instanceof Rejection) return version
    if (http.sessionId === undefined) {
      return new Rejection(400, 'DELETE needs the Mcp-Session-Id of the session to end')
    }
    const session = findSession(http, undefined, this.era)
    if (session instanceof Rejection) return session
    this.era.table.close(session, 'deleted')
    return undefined
  }

  #reject(http: Http, rejection: Rejection): void {
    http.reject(rejection, this.era.closing)
  }
}
