/**
 * The entrance: the checks of every HTTP request, independent of the platform, in this order:
 *
 *      http/authenticate  the metadata document (RFC 9728)                 200
 *    0 headers            not too many                                     431
 *    1 http/headers       no repeated single-valued header                 400
 *    2 http/host          Host is allowed                                  403
 *    3 http/origin        Origin, if there is one, is allowed              403
 *    4 path               that of the MCP endpoint, or of HTTP+SSE         404
 *    5 HTTP method        POST, GET, DELETE, OPTIONS                       405
 *    6 http/cors          preflight                                        204
 *      page               a person with a browser                          200
 *    7 http/authenticate  a valid token, where `auth` requires one         400, 401, 403, 503
 *    8 http/media-type    Accept (strictAccept); Content-Type of a POST,   406, 415
 *                         and no Content-Encoding
 *    9 body               not too large, and within the budget of all      413, 503
 *   10 decode-body.ts     UTF-8, not too deep, JSON                        400, -32700
 *
 * A request that passes goes to its era (eras.ts). The body is read after step 8; only while a token is being verified
 * its first 16 KiB are read already.
 *
 * Spec: 2025-11-25 transports {@link spec.transports}, "Security Warning" {@link spec.security}.
 * Not here: the platform (node-http/), and pipelined requests of one connection (handler.ts).
 */

import { ByteBudget } from './bounds/byte-budget.ts'
import { concealError } from './dispatch/error-report.ts'
import { runHook } from './dispatch/hook.ts'
import { InFlightCounter } from './dispatch/in-flight-counter.ts'
import type { Principal } from './dispatch/rpc-exchange.ts'
import { statusRejection } from './dispatch/status-error.ts'
import { type EraStats, Eras } from './eras.ts'
import type { McpServer } from './features/server.ts'
import {
  type Authentication,
  type Authenticator,
  authenticate,
  isAuthenticator,
  type PublicDocument,
} from './http/authenticate.ts'
import { type BodyError, busyError } from './http/body-error.ts'
import type { CloseTimes } from './http/close-times.ts'
import type { Cors } from './http/cors.ts'
import type { HttpExchange } from './http/http-exchange.ts'
import { publicUrl } from './http/proxy.ts'
import { Rejection } from './http/rejection.ts'
import { checkContentEncoding, RequestChecks } from './http/request-checks.ts'
import { corsWith, HeaderIndex, type RequestHead } from './http/request-headers.ts'
import { pathOf } from './http/target.ts'
import { decodeBody, decodeParsed } from './jsonrpc/decode-body.ts'
import { measureBody } from './jsonrpc/measure.ts'
import { RpcError } from './jsonrpc/rpc-error.ts'
import type { HandlerSettings } from './options.ts'
import { pageHeaders, renderPage } from './page.ts'
import { ErrorCode } from './protocol/error-codes.ts'
import { HeaderName } from './protocol/header-names.ts'

type Http = HttpExchange<Principal>

const ALLOW = ['Allow', 'GET, POST, DELETE, OPTIONS'] as const
const RETRY_SOON = ['Retry-After', '1'] as const
/** The most heap bytes that one parsed value or name takes: a name that no other object has, with its hidden class. */
const VALUE_BYTES = 72
/** Values of smaller bodies are not counted: of 10 000 calls in flight they take no more than 200 MB together. */
const UNCOUNTED_BODY_BYTES = 1024
/** Bytes for values that are free in each body, so that usual calls pass while large ones use all of the budget up. */
const FREE_VALUE_BYTES = 8192

export interface HandlerStats extends EraStats {
  /** Requests that wait for their handler, and tokens that are being verified. */
  readonly callsInProgress: number
  /** Bytes that count against `maxTotalBodyBytes`. */
  readonly bodyBytes: number
  /** Requests refused before they reached a feature, since the start. */
  readonly rejected: number
}

export class Entrance {
  /** What the bodies of all requests may take together. */
  readonly bodies: ByteBudget
  #rejected = 0
  readonly #server: McpServer
  readonly #settings: HandlerSettings
  readonly #checks: RequestChecks
  readonly #inFlight: InFlightCounter
  readonly #authenticator: Authenticator<Principal> | undefined
  readonly #cors: Cors
  readonly #eras: Eras
  /** The last verification was asynchronous: the next one is refused when `maxInFlight` is reached. */
  #verifiesAsync = false

  constructor(server: McpServer, settings: HandlerSettings) {
    this.#server = server
    this.#settings = settings
    this.bodies = new ByteBudget(settings.maxTotalBodyBytes)
    this.#checks = new RequestChecks(settings)
    const { auth } = settings
    this.#authenticator = auth !== undefined && isAuthenticator(auth) ? auth : undefined
    this.#cors = corsWith(this.#authenticator?.requestHeaders, this.#authenticator?.replyHeaders)
    this.#inFlight = new InFlightCounter(settings.inFlight)
    this.#eras = new Eras(server, settings, this.#inFlight)
  }

  stats(): HandlerStats {
    return {
      ...this.#eras.stats(),
      callsInProgress: this.#inFlight.size,
      bodyBytes: this.bodies.used,
      rejected: this.#rejected,
    }
  }

  /** See `NodeHandler.ready`. */
  get ready(): boolean {
    return this.#eras.ready
  }

  /** Ends a session, as its client does with DELETE. @returns false: there is no such session */
  closeSession(id: string): boolean {
    return this.#eras.closeSession(id)
  }

  close(times: CloseTimes): Promise<void> {
    return this.#eras.close(times)
  }

  /** Never throws. */
  enter(http: Http, head: RequestHead): void {
    try {
      this.#enter(http, head)
    } catch (error) {
      this.#internalError(error, http)
    }
  }

  /** Refuses a request whose body was not read. */
  reject(http: Http, rejection: Rejection): void {
    const { method } = http
    // The unread body cannot be told apart from a next request, so the connection must be closed.
    http.reject(rejection, method !== 'GET' && method !== 'HEAD')
  }

  /** A request was refused: calls the hook of the application. @param refusal - its argument, as the platform makes it */
  onRejected(refusal: object): void {
    this.#rejected += 1
    runHook(
      () => this.#settings.onRejected?.(refusal as never),
      (error) => this.#server.reportError(error, { phase: 'hook' }),
    )
  }

  #enter(http: Http, { duplicate, values }: RequestHead): void {
    // Public, and the same whatever the Host and the Origin are.
    const document = this.#authenticator?.document?.(http)
    if (document !== undefined) {
      sendDocument(http, document)
      return
    }
    // Where Origin was checked before the request came here, CORS is decided there, too.
    const origin = this.#settings.originChecked === true ? undefined : values[HeaderIndex.ORIGIN]
    const rejection = this.#checks.checkHead(http, duplicate, values[HeaderIndex.HOST], origin)
    // No CORS headers for an origin that was not checked or is not allowed: it must not read the reason.
    if (origin !== undefined && duplicate === undefined && rejection?.status !== 403) {
      http.ownReplyHeaders = this.#cors.headers(origin)
    }
    if (http.accepts.htmlNamed && this.#isForPerson(http, rejection)) {
      const { trustProxy, path = pathOf(http.target) } = this.#settings
      const url = publicUrl(http, values[HeaderIndex.HOST], path, trustProxy)
      http.html(renderPage(this.#server, url, this.#settings.auth !== undefined), pageHeaders())
      return
    }
    if (rejection !== undefined) {
      this.reject(http, rejection)
      return
    }
    if (http.method === 'OPTIONS') {
      this.#replyToOptions(http, origin)
      return
    }
    const { auth } = this.#settings
    const contentType = values[HeaderIndex.CONTENT_TYPE]
    if (auth === undefined) {
      this.#proceed(http, contentType)
      return
    }
    const limit = this.#verifiesAsync ? this.#inFlight.refuse(undefined, 1) : undefined
    if (limit !== undefined) {
      this.reject(http, statusRejection(limit))
      return
    }
    const result = authenticate(auth, values[HeaderIndex.AUTHORIZATION], http)
    this.#verifiesAsync = 'then' in result
    if ('then' in result) this.#verify(result, http, contentType)
    else if (this.#applyAuthentication(result, http)) this.#proceed(http, contentType)
  }

  /** Whether a browser asks for the endpoint, or for `/` of a server whose endpoint is elsewhere. */
  #isForPerson(http: Http, rejection: Rejection | undefined): boolean {
    if (!this.#settings.page || http.method !== 'GET') return false
    if (http.accepts.sseNamed || http.sessionId !== undefined) return false
    return rejection === undefined || (rejection.status === 404 && pathOf(http.target) === '/')
  }

  /** Waits for an asynchronous verification. The request counts as in flight until it ends or the connection closes. */
  #verify(result: PromiseLike<Authentication<Principal>>, http: Http, contentType: string | undefined): void {
    // A body that nobody asks for is not read: over HTTP/2 the request would stay open for the rest of it.
    if (http.method === 'POST' && http.parsedBody === undefined) http.prefetchBody()
    const end = this.#inFlight.beginOne(undefined)
    let isClosed = false
    const onClose = () => {
      isClosed = true
      end()
      http.cancelBody()
    }
    http.onClose(onClose)
    result
      .then((settled) => {
        end()
        http.offClose(onClose)
        if (!this.#applyAuthentication(settled, http)) http.cancelBody()
        else if (!isClosed) this.#proceed(http, contentType)
      })
      .then(undefined, (error) => {
        onClose()
        this.#internalError(error, http)
      })
  }

  #applyAuthentication(result: Authentication<Principal>, http: Http): boolean {
    const { rejection } = result
    if (rejection === undefined) {
      http.principal = result.principal
      if (result.headers !== undefined) http.ownReplyHeaders = http.replyHeaders(result.headers)
      return true
    }
    if (result.cause !== undefined) this.#server.reportError(result.cause, { phase: 'transport' })
    this.reject(http, rejection)
    return false
  }

  /** The checks after authentication, and the way to the era by HTTP method. */
  #proceed(http: Http, contentType: string | undefined): void {
    const { method } = http
    const rejection = this.#checks.checkTypes(http, contentType)
    if (rejection === undefined && method === 'POST') {
      this.#post(http)
      return
    }
    http.cancelBody()
    if (rejection !== undefined) this.reject(http, rejection)
    else if (method === 'GET') this.#eras.get(http)
    else this.#eras.delete(http)
  }

  #post(http: Http): void {
    const { bodyLimits } = this.#settings
    const parsed = http.parsedBody
    if (parsed !== undefined) {
      this.#decoded(http, () => decodeParsed(parsed, bodyLimits))
      return
    }
    const encoded = checkContentEncoding(http.contentEncoding)
    if (encoded !== undefined) {
      http.cancelBody()
      this.reject(http, encoded)
      return
    }
    http.readBody((error, body) => {
      if (error !== undefined) {
        this.#bodyFailed(http, error)
        return
      }
      // Parsed JSON may take many times the bytes of its text, so its values are charged too.
      const values = body.length > UNCOUNTED_BODY_BYTES ? measureBody(body) : 0
      // A body with more of them than it may have is refused, and never parsed.
      const bytes = values > bodyLimits.maxValues ? 0 : values * VALUE_BYTES - FREE_VALUE_BYTES
      if (bytes <= 0 || http.charge(bytes)) {
        this.#decoded(http, () => decodeBody(body, bodyLimits))
      } else {
        this.#bodyFailed(http, busyError())
      }
      http.endTurn()
    })
  }

  #decoded(http: Http, decode: () => unknown): void {
    try {
      let value: unknown
      try {
        value = decode()
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
        http.reject(new Rejection(400, error))
        return
      }
      this.#eras.post(http, value)
    } catch (error) {
      this.#internalError(error, http)
    }
  }

  #bodyFailed(http: Http, error: BodyError): void {
    const { kind, message } = error
    if (kind === 'aborted') return
    if (kind === 'consumed') {
      // A mistake of the application that mounted the handler, not of the client.
      this.#internalError(error, http)
      return
    }
    const rejection =
      kind === 'busy' ? new Rejection(503, message, undefined, RETRY_SOON) : new Rejection(413, message)
    http.reject(rejection, true)
  }

  #replyToOptions(http: Http, origin: string | undefined): void {
    const { headers } = http
    const isPreflight = origin !== undefined && headers[HeaderName.REQUEST_METHOD] !== undefined
    http.ownReplyHeaders = isPreflight
      ? this.#cors.preflight(
          origin,
          headers[HeaderName.REQUEST_HEADERS] as string | undefined,
          headers[HeaderName.REQUEST_PRIVATE_NETWORK] === 'true',
        )
      : [...this.#cors.headers(origin), ...ALLOW]
    http.empty(204)
  }

  /** An unexpected error: it is reported to `onError`, and the client gets 500 without its message. */
  #internalError(error: unknown, http: Http): void {
    const text = concealError(error, { phase: 'transport' }, this.#server)
    const internal = new RpcError(ErrorCode.INTERNAL_ERROR, text)
    http.reject(new Rejection(500, internal), true)
  }
}

function sendDocument(http: Http, { status, headers, text }: PublicDocument): void {
  if (text === undefined) http.empty(status, headers)
  else http.json(status, text, headers)
}
