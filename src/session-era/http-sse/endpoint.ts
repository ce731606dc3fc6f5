/**
 * HTTP+SSE, the transport of 2024-11-05: one event stream for all that the server says, and a POST for each message of
 * the client, which is answered with 202.
 *
 *    GET   503 shutdown, 406, 429 or 503 too many connections; else the stream, whose first event is `endpoint`
 *    POST  400 no id of a connection, or no JSON-RPC message; 404 no such connection of this principal; 400 an id that is
 *          in use (duplicateIds); 403 scopes are missing; else 202, and every answer is an event of the stream
 *
 * The sessions are those of the era, and their options hold for them; a session lasts as long as its connection. The id in
 * the query is not that of the session: it is good for nothing but to post here.
 *
 * Spec: 2024-11-05 transports, "HTTP with SSE" {@link spec.httpSse}.
 * Not here: which requests come here (http/http-sse.ts); one connection (connection.ts).
 */

import { randomBytes } from 'node:crypto'
import { isObject } from '../../bounds/is-object.ts'
import { shown } from '../../bounds/quote.ts'
import { LimitError } from '../../dispatch/limit-error.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import { StatusError, statusRejection } from '../../dispatch/status-error.ts'
import type { HttpExchange, RequestHeaders } from '../../http/http-exchange.ts'
import { connectionIdOf, type HttpSsePaths, httpSsePart, messageTarget } from '../../http/http-sse.ts'
import { readForwarded } from '../../http/proxy.ts'
import { Rejection } from '../../http/rejection.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { KeepAlive } from '../../sse/keep-alive.ts'
import type { MessageSource } from '../connection-response.ts'
import type { SessionEra } from '../era.ts'
import { HttpSseConnection } from './connection.ts'

type Http = HttpExchange<Principal>

/** 192 random bits: an id cannot be guessed. */
const ID_BYTES = 24
/** Retry-After where a connection must end first. */
const RETRY_MS = 10_000

export class HttpSseEndpoint {
  readonly #era: SessionEra
  readonly #paths: HttpSsePaths
  readonly #trustsProxy: boolean
  readonly #keepAlive: KeepAlive
  /** Lifecycle of an entry: as long as its connection. */
  readonly #connections = new Map<string, HttpSseConnection>()
  /** Connections of each principal that has one. */
  readonly #byPrincipal = new Map<string, number>()

  /** @param trustsProxy - see the option `trustProxy` */
  constructor(era: SessionEra, paths: HttpSsePaths, trustsProxy: boolean) {
    this.#era = era
    this.#paths = paths
    this.#trustsProxy = trustsProxy
    this.#keepAlive = new KeepAlive(era.settings.keepAliveMs)
  }

  /** Whether a request is for this transport. */
  takes(http: Http): boolean {
    return httpSsePart(http, this.#paths) !== undefined
  }

  get(http: Http): void {
    const rejection = this.#refusalOf(http)
    if (rejection !== undefined) {
      http.reject(rejection, this.#era.closing)
      return
    }
    const id = randomBytes(ID_BYTES).toString('base64url')
    const connection = new HttpSseConnection(http, this.#era, this.#keepAlive, ({ principalId }) => {
      this.#connections.delete(id)
      this.#count(principalId, -1)
    })
    this.#connections.set(id, connection)
    this.#count(connection.principalId, 1)
    const removed = this.#trustsProxy ? readForwarded(http.headers).prefix : undefined
    connection.open(http.replyHeaders(), messageTarget(http.target, removed, this.#paths, id))
  }

  /** @param value - the body as parsed JSON */
  post(http: Http, value: unknown): void {
    const connection = this.#connectionOf(http)
    const rejection = connection instanceof Rejection ? connection : this.#duplicate(value, connection)
    if (rejection !== undefined) {
      http.reject(rejection)
      return
    }
    const source = new PostedMessage(http)
    ;(connection as HttpSseConnection).receive(value, source)
    source.accept()
  }

  /** Open streams. */
  get size(): number {
    return this.#connections.size
  }

  /** Ends the connections that are left. */
  shutDown(): void {
    for (const connection of [...this.#connections.values()]) connection.end()
    this.#keepAlive.close()
  }

  #refusalOf({ accepts, principal }: Http): Rejection | undefined {
    const { closing, settings } = this.#era
    if (closing) return new Rejection(503, new ShutdownError(), undefined, ['Retry-After', '1'])
    if (!accepts.sse) {
      return new Rejection(406, 'The Accept header excludes text/event-stream, the only answer to GET')
    }
    const { max = 0, maxPerPrincipal = 0 } = settings.sessions ?? {}
    const own = principal === undefined ? 0 : (this.#byPrincipal.get(principal.id) ?? 0)
    if (own >= maxPerPrincipal) {
      const problem = `This caller has ${own} connections of HTTP+SSE, which is the limit of sessions.maxPerPrincipal`
      return statusRejection(new LimitError(429, problem, RETRY_MS))
    }
    if (this.#connections.size < max) return undefined
    const problem = `All ${max} connections of HTTP+SSE that sessions.max allows are in use`
    return statusRejection(new LimitError(503, problem, RETRY_MS))
  }

  /** The connection of a message. For another principal it does not exist. */
  #connectionOf({ target, principal }: Http): HttpSseConnection | Rejection {
    const id = connectionIdOf(target)
    const { ssePath } = this.#paths
    if (id === undefined) {
      const problem = `The query has no sessionId: post to the URL that the endpoint event of GET ${ssePath} names`
      return new Rejection(400, problem)
    }
    const connection = this.#connections.get(id)
    if (connection !== undefined && connection.principalId === principal?.id) return connection
    const problem = `There is no connection with this sessionId: it is closed, or never was; open another one with GET ${ssePath}`
    return new Rejection(404, new RpcError(ErrorCode.SESSION_NOT_FOUND, problem))
  }

  /** Two answers with one id could not be told apart on the stream. */
  #duplicate(value: unknown, connection: HttpSseConnection): Rejection | undefined {
    if (this.#era.settings.duplicateIds === 'accept' || !isObject(value)) return undefined
    const { id, method } = value
    if (method === undefined || !connection.has(id)) return undefined
    const problem = `The id ${shown(id)} is in use by a request that is not answered yet`
    return new Rejection(400, new RpcError(ErrorCode.INVALID_REQUEST, problem), id as JsonRpcId)
  }

  #count(principalId: string | undefined, change: 1 | -1): void {
    if (principalId === undefined) return
    const connections = (this.#byPrincipal.get(principalId) ?? 0) + change
    if (connections === 0) this.#byPrincipal.delete(principalId)
    else this.#byPrincipal.set(principalId, connections)
  }
}

/** The POST of a message, which is answered before the message may be. */
class PostedMessage implements MessageSource {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  get principal(): Principal | undefined {
    return this.#http.principal
  }

  get headers(): RequestHeaders {
    return this.#http.headers
  }

  holdBody(): void {
    this.#http.holdBody()
  }

  releaseBody(): void {
    this.#http.releaseBody()
  }

  detachBody(): () => void {
    return this.#http.detachBody()
  }

  accept(): void {
    if (!this.#http.hasReplied) this.#http.empty(202)
  }

  refuse(error: RpcError, id: JsonRpcId | undefined): boolean {
    if (this.#http.hasReplied) return false
    this.#http.reject(
      error instanceof StatusError ? statusRejection(error, id) : new Rejection(400, error, id),
    )
    return true
  }
}
