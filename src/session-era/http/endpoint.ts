/**
 * The session era's endpoint: what POST, GET and DELETE do once the request has passed the common entrance.
 *
 * Spec: 2025-11-25 transports, "Streamable HTTP" {@link spec.transports}.
 * Not here: the order of the checks (admit.ts), GET (get.ts), how an answer is delivered (post-response.ts).
 */

import { ownText } from '../../bounds/heap-size.ts'
import { isPromise } from '../../bounds/is-promise.ts'
import { dispatch } from '../../dispatch/dispatcher.ts'
import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import { LimitError, limitRejection } from '../../dispatch/limit-error.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import type { McpServer } from '../../features/server.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { type DecodedNotification, type DecodedRequest, decodeMessage } from '../../jsonrpc/decode.ts'
import { encodeError, encodeResult } from '../../jsonrpc/encode.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { Notify } from '../../protocol/methods.ts'
import { SessionExchange } from '../exchange.ts'
import { initializeResult, readInitializeParams } from '../handshake.ts'
import { SESSION_METHODS, SESSIONLESS_METHODS } from '../methods.ts'
import type { SessionEraSettings } from '../options.ts'
import { LATEST } from '../revisions.ts'
import type { Session } from '../session.ts'
import { SessionEraState } from '../state.ts'
import { type Admission, admitPost, checkVersion, findSession, goingAway } from './admit.ts'
import { listen, methodNotAllowed } from './get.ts'
import { PostResponse } from './post-response.ts'

type Call = HttpExchange<Principal>

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

export class SessionEndpoint {
  readonly #state: SessionEraState
  readonly #unsubscribe: readonly (() => void)[]

  constructor(server: McpServer, settings: SessionEraSettings, limits: CallLimits) {
    const state = new SessionEraState(server, settings, limits)
    this.#state = state
    this.#unsubscribe = [
      server.changes.subscribe((changes) => state.news.announce(changes, state.clock.now)),
      server.messages.subscribe((message) => state.messages.send(message, state.clock.now)),
    ]
  }

  /** @param value - the body as parsed JSON */
  post(http: Call, value: unknown): void {
    if (this.#state.closing) {
      const message = decodeMessage(value)
      // Calls that are let finish may still be cancelled, and wait for what their client answers.
      if (message.kind !== 'response' && message.kind !== 'notification') {
        this.#reject(http, goingAway(message.kind === 'request' ? message.id : undefined))
        return
      }
    }
    const admission = admitPost(value, http, this.#state)
    if (admission instanceof Rejection) this.#reject(http, admission)
    else if (admission.kind === 'messages') this.#run(http, admission)
    else if (admission.kind === 'initialize') this.#initialize(http, admission.request)
    else http.empty(202)
  }

  get(http: Call): void {
    // Whoever comes back for the rest of a call may have it as long as calls are let finish.
    const comesBack = http.lastEventId !== undefined && http.lastEventId !== ''
    const closing = this.#state.closing ? goingAway() : undefined
    const rejection =
      closing !== undefined && !comesBack
        ? closing
        : this.#state.settings.sessions === undefined
          ? methodNotAllowed('GET')
          : listen(http, this.#state, closing)
    if (rejection !== undefined) this.#reject(http, rejection)
  }

  delete(http: Call): void {
    const rejection = this.#deleteSession(http)
    if (rejection === undefined) http.empty(200)
    else this.#reject(http, rejection)
  }

  stats(): SessionEraStats {
    const { table, keepAlive, budget, counters } = this.#state
    return {
      sessions: table.size,
      streams: keepAlive.size,
      replayBytes: budget.used,
      sessionBytes: table.budget.used,
      undeliverable: counters.undeliverable,
    }
  }

  /** Refuses what is new, and ends the standalone streams with a hint to come back. */
  stopAccepting(): void {
    this.#state.closing = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    const retryMs = this.#state.replay?.retryMs
    for (const stream of this.#state.news.listeners) stream.disconnect(retryMs)
  }

  /** Resolves when no call is in progress. */
  idle(): Promise<void> {
    return this.#state.idle()
  }

  /** Fails what is left. */
  shutDown(): void {
    this.#state.shutDown()
  }

  #run(http: Call, { session, revision, batch, messages }: Extract<Admission, { kind: 'messages' }>): void {
    const state = this.#state
    if (session !== undefined) state.table.touch(session)
    const first = messages[0]
    if (!batch && first?.kind === 'request') {
      const reply = new PostResponse(state, http, session, revision, session?.peer ?? UNKNOWN_PEER)
      this.#dispatch(first, reply, new SessionExchange(first, reply))
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
        else if (message.kind === 'notification') notified(message, session)
      }
    }
    if (requests.length === 0) return
    const peer = session?.peer ?? UNKNOWN_PEER
    const reply = new PostResponse(state, http, session, revision, peer, batch ? answers : undefined)
    const exchanges = requests.map((request) => new SessionExchange(request, reply))
    for (const [index, exchange] of exchanges.entries()) {
      this.#dispatch(requests[index] as DecodedRequest, reply, exchange)
    }
  }

  #dispatch(request: DecodedRequest, reply: PostResponse, exchange: SessionExchange): void {
    const methods = reply.session === undefined ? SESSIONLESS_METHODS : SESSION_METHODS
    const outcome = dispatch(request, exchange, methods, this.#state.server)
    if (!isPromise(outcome)) {
      exchange.complete(outcome)
      return
    }
    reply.hold()
    outcome.then((settled) => exchange.complete(settled))
  }

  /** Opens a session, once everything that can fail has been checked. */
  #initialize(http: Call, request: DecodedRequest): void {
    const state = this.#state
    const { server, table, settings } = state
    try {
      const hello = readInitializeParams(request.params)
      const { revision, peer } = hello
      const result = encodeResult(
        request.id,
        initializeResult(server, revision, settings.sessions !== undefined),
      )
      if (settings.sessions === undefined) {
        new PostResponse(state, http, undefined, revision, peer).sendAnswer(result)
        return
      }
      const session = table.open(hello, http.principal?.id, server.defaultLogLevel)
      session.changesFrom = state.news.last
      const headers = ['Mcp-Session-Id', session.id]
      new PostResponse(state, http, undefined, revision, peer, undefined, headers).sendAnswer(result)
      state.opened(session, false)
    } catch (error) {
      if (error instanceof LimitError) this.#reject(http, limitRejection(error, request.id))
      else if (!(error instanceof RpcError)) throw error
      else {
        const reply = new PostResponse(state, http, undefined, LATEST, UNKNOWN_PEER)
        reply.sendAnswer(encodeError(request.id, error))
      }
    }
  }

  #deleteSession(http: Call): Rejection | undefined {
    if (this.#state.settings.sessions === undefined) return methodNotAllowed('DELETE')
    const version = checkVersion(http, undefined)
    if (version instanceof Rejection) return version
    if (http.sessionId === undefined) {
      const problem = 'DELETE needs the Mcp-Session-Id of the session to end'
      return new Rejection(400, problem)
    }
    const session = findSession(http, undefined, this.#state)
    if (session instanceof Rejection) return session
    this.#state.table.close(session, 'deleted')
    return undefined
  }

  #reject(http: Call, rejection: Rejection): void {
    http.reject(rejection, this.#state.closing)
  }
}

/** Notifications that nobody waits for, the unknown ones too, are taken and forgotten. */
function notified(message: DecodedNotification, session: Session): void {
  if (message.method !== Notify.cancelled) return
  const requestId = message.params?.['requestId']
  const reason = message.params?.['reason']
  // Clients that give all their requests the same id cannot say which one they mean: none of them is cancelled.
  const exchange = session.inFlight?.only(requestId)
  if (exchange === undefined) return
  // A text of its own: the handler may keep it for long, and the reason can be as long as a body.
  const text = typeof reason === 'string' ? `: ${ownText(reason.slice(0, 200))}` : ''
  exchange.cancel(new McpError('ERR_CANCELLED', `The client cancelled the request${text}`))
}
