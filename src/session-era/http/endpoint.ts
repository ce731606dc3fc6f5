/**
 * The session era's endpoint: POST, GET and DELETE of requests that have passed the entrance.
 *
 * Spec: 2025-11-25 transports, "Streamable HTTP" {@link spec.transports}.
 * Not here: the order of the checks (admit.ts), what GET opens (get.ts), how an answer is sent (post-response.ts).
 */

import { isPromise } from '../../bounds/is-promise.ts'
import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import type { Feed } from '../../features/feed.ts'
import type { McpServer } from '../../features/server.ts'
import type { TaskTable } from '../../features/tasks/task-table.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import type { Decoded, DecodedRequest } from '../../jsonrpc/decode.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { NodeChannel } from '../../store/node-channel.ts'
import { SessionEra } from '../era.ts'
import { SessionExchange } from '../exchange.ts'
import { HANDSHAKE_METHODS, Handshake, tryInitializeParams, UNKNOWN_CLIENT } from '../handshake.ts'
import type { SessionNodes } from '../nodes/nodes.ts'
import { onMessage } from '../notifications.ts'
import type { SessionEraSettings } from '../options.ts'
import { answerRequest, runRequest } from '../run-request.ts'
import type { Session } from '../session.ts'
import { type Admission, admitPost, checkVersion, findSession } from './admit.ts'
import { admitScopes } from './batch-scopes.ts'
import { methodNotAllowed, openStream } from './get.ts'
import { type PostHost, PostResponse } from './post-response.ts'
import { loadSession, rejectionOf } from './session-loader.ts'
import { SharedStreams } from './shared-streams.ts'
import { Streams } from './streams.ts'

type Http = HttpExchange<Principal>

export interface SessionEraStats {
  readonly sessions: number
  /** Open SSE connections. */
  readonly streams: number
  /** Bytes retained for clients that reconnect. */
  readonly replayBytes: number
  /** Bytes that sessions retain of what clients sent. */
  readonly sessionBytes: number
  /** Messages that could not reach their client, since the start. */
  readonly undeliverable: number
  /** See `NodeStats`. */
  readonly nodes: { readonly restored: number; readonly routedAnswers: number; readonly followed: number }
}

export class SessionEndpoint implements PostHost {
  readonly era: SessionEra
  readonly streams: Streams
  readonly shared: SharedStreams | undefined
  readonly counters = { undeliverable: 0 }

  /** @param channel - to other nodes; undefined: there are none. And `feed`: see `SessionEra` */
  constructor(
    server: McpServer,
    settings: SessionEraSettings,
    limits: CallLimits,
    tasks: TaskTable,
    channel?: NodeChannel,
    feed?: Feed,
  ) {
    this.streams = new Streams(settings, channel?.node.id)
    this.era = new SessionEra(server, settings, limits, tasks, this.streams, channel, feed)
    const { nodes } = this.era
    this.shared = nodes && new SharedStreams(nodes.channel, this.era, this.streams)
  }

  /** @param value - the body as parsed JSON */
  post(http: Http, value: unknown): void {
    const admission = admitPost(value, http, this.era)
    if (admission instanceof Rejection) this.#load(http, admission, () => this.post(http, value))
    else if (admission.kind === 'messages') this.#run(http, admission)
    else if (admission.kind === 'initialize') this.#initialize(http, admission.request)
    else http.empty(202)
  }

  get(http: Http): void {
    const rejection = openStream(http, this.era, this.streams, this.shared)
    if (isPromise(rejection)) this.#settle(http, rejection, () => {})
    else if (rejection !== undefined) this.#load(http, rejection, () => this.get(http))
  }

  delete(http: Http): void {
    const done = this.#deleteSession(http)
    if (done instanceof Rejection) this.#load(http, done, () => this.delete(http))
    else if (done === undefined) http.empty(200)
    else this.#settle(http, done, () => http.empty(200))
  }

  /** @returns false: there is no such session */
  closeSession(id: string): boolean {
    const session = this.era.table.get(id)
    if (session !== undefined) this.era.table.close(session, 'deleted')
    return session !== undefined
  }

  stats(): SessionEraStats {
    const { table, replayBudget, nodes } = this.era
    return {
      sessions: table.size,
      streams: this.streams.keepAlive.size,
      replayBytes: replayBudget.used,
      sessionBytes: table.budget.used,
      undeliverable: this.counters.undeliverable,
      nodes: {
        restored: nodes?.sessions.restored ?? 0,
        routedAnswers: nodes?.routed.answers ?? 0,
        followed: this.shared?.followedSize ?? 0,
      },
    }
  }

  /** Begins the shutdown: new requests are refused, and the standalone streams end with a `retry:`. */
  stopAccepting(): void {
    this.era.stopAccepting()
    this.shared?.disconnect(this.streams.replay?.retryMs)
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    return this.era.calls.idle()
  }

  /** Fails the calls that are left, and closes every session. */
  shutDown(): void {
    this.era.shutDown()
    this.shared?.close()
    this.streams.keepAlive.close()
  }

  #run(http: Http, { session, revision, batch, messages }: Extract<Admission, { kind: 'messages' }>): void {
    const { era } = this
    const { nodes } = era
    if (session !== undefined) era.table.touch(session)
    const { peer } = session ?? UNKNOWN_CLIENT
    const methods = era.methods(session, revision)
    const first = messages[0]
    if (!batch && first?.kind === 'request') {
      const response = new PostResponse(this, http, session, revision, peer)
      const exchange = new SessionExchange(first, response, era)
      response.add(exchange)
      runRequest(first, exchange, response, methods, era)
      return
    }
    const requests: DecodedRequest[] = []
    const answers: string[] = []
    for (const message of messages) {
      if (message.kind === 'request') requests.push(message)
      else if (message.kind === 'invalid') answers.push(encodeError(message.id, message.error))
    }
    if (batch && requests.length > 0 && era.server.guard !== undefined) {
      const response = new PostResponse(this, http, session, revision, peer, answers)
      const exchanges = requests.map((request) => new SessionExchange(request, response, era))
      for (const exchange of exchanges) response.add(exchange)
      admitScopes(requests, exchanges, response, era, () => {
        onMessages(messages, session, era.server, nodes)
        for (const [index, exchange] of exchanges.entries()) {
          runRequest(requests[index] as DecodedRequest, exchange, response, methods, era)
        }
      })
      return
    }
    const routed = session && nodes?.routed.route(messages, session)
    if (routed !== undefined && requests.length === 0 && answers.length === 0) {
      this.#routed(http, routed)
    } else if (requests.length === 0) {
      // Answered before it is processed: the reply does not depend on the effect of the message.
      if (answers.length > 0) http.json(200, `[${answers.join(',')}]`)
      else http.empty(202)
    }
    if (requests.length < messages.length) onMessages(messages, session, era.server, nodes)
    if (requests.length === 0) return
    const response = new PostResponse(this, http, session, revision, peer, batch ? answers : undefined)
    const exchanges = requests.map((request) => new SessionExchange(request, response, era))
    for (const exchange of exchanges) response.add(exchange)
    for (const [index, exchange] of exchanges.entries()) {
      runRequest(requests[index] as DecodedRequest, exchange, response, methods, era)
    }
  }

  #initialize(http: Http, request: DecodedRequest): void {
    const params = tryInitializeParams(request.params)
    const { revision, peer } = params instanceof RpcError ? UNKNOWN_CLIENT : params
    const { era } = this
    const response = new PostResponse(this, http, undefined, revision, peer, undefined, era.hasSessions)
    const exchange = new Handshake(request, params, response, era)
    response.add(exchange)
    answerRequest(request, exchange, response, HANDSHAKE_METHODS, era.server)
  }

  #deleteSession(http: Http): Rejection | Promise<void> | undefined {
    if (!this.era.hasSessions) return methodNotAllowed('DELETE')
    const version = checkVersion(http, undefined)
    if (version instanceof Rejection) return version
    if (http.sessionId === undefined) {
      return new Rejection(400, 'DELETE needs the Mcp-Session-Id of the session to end')
    }
    const session = findSession(http, undefined, this.era)
    if (session instanceof Rejection) return session
    return this.era.deleteSession(session)
  }

  /** A body of responses only, which were sent to the nodes that wait for them. */
  #routed(http: Http, delivered: Promise<boolean>): void {
    const answer = delivered.then((isKnown) => (isKnown ? undefined : unknownRequest()))
    this.#settle(http, answer, () => http.empty(202))
  }

  /** Replies when it is known whether the request is refused. */
  #settle(http: Http, refusal: Promise<unknown>, reply: () => void): void {
    refusal
      .then(
        (rejection) => (rejection instanceof Rejection ? rejection : undefined),
        (error) => rejectionOf(error, undefined, this.era),
      )
      .then((rejection) => {
        if (http.closed) return
        if (rejection === undefined) reply()
        else this.#reject(http, rejection)
      })
      .catch((error) => this.era.reportError(error))
  }

  /** Refuses a request, unless another node has its session: then it goes on when it is open here. */
  #load(http: Http, rejection: Rejection, again: () => void): void {
    const reject = (refusal: Rejection) => this.#reject(http, refusal)
    if (!loadSession(http, this.era, rejection, again, reject)) reject(rejection)
  }

  #reject(http: Http, rejection: Rejection): void {
    http.reject(rejection, this.era.closing)
  }
}

/** The node that sent the request is gone, and its call with it. */
function unknownRequest(): Rejection {
  const problem =
    'The response answers no request that is waiting: its call has ended, or its process is gone'
  return new Rejection(400, new RpcError(ErrorCode.INVALID_REQUEST, problem))
}

/** Processes the responses and notifications of a body. */
function onMessages(
  messages: readonly Decoded[],
  session: Session | undefined,
  server: McpServer,
  nodes: SessionNodes | undefined,
): void {
  if (session === undefined) return
  for (const message of messages) onMessage(message, session, server, nodes?.routed)
}
