/**
 * The entrance: what every HTTP request passes, whatever carries it, in this order:
 *
 *    0 headers            not too many                                     431
 *    1 http/headers       no repeated single-valued header                 400
 *    2 http/host          Host is one of ours                              403
 *    3 http/origin        Origin, if there is one, may call                403
 *    4 path               the endpoint                                     404
 *    5 HTTP method        POST, GET, DELETE, OPTIONS                       405
 *    6 http/cors          preflight                                        204
 *    7 http/authenticate  a valid token, when tokens are asked for         401, 403, 503
 *    8 http/media-type    the client reads our answers, the body is JSON   406, 415
 *    9 body               not too large, and room for it                   413, 503
 *   10 jsonrpc/decode     UTF-8, not too deep, JSON                        400, -32700
 *
 * What passes goes to the era that it belongs to (eras.ts). Of a body no more than its first bytes are taken before
 * steps 0 to 8 are passed.
 *
 * Spec: 2025-11-25 transports {@link spec.transports}, "Security Warning" {@link spec.security}.
 * Not here: the carrier, and what waits behind other requests of its connection (handler.ts).
 */

import { ByteBudget } from './bounds/byte-budget.ts'
import { concealError } from './dispatch/error-report.ts'
import { runHook } from './dispatch/hook.ts'
import { InFlightCounter } from './dispatch/in-flight-counter.ts'
import { limitRejection } from './dispatch/limit-error.ts'
import type { Principal } from './dispatch/rpc-exchange.ts'
import { type EraStats, Eras } from './eras.ts'
import type { McpServer } from './features/server.ts'
import { type Authentication, authenticate } from './http/authenticate.ts'
import { type BodyError, busyError } from './http/body-error.ts'
import type { HttpExchange } from './http/http-exchange.ts'
import { Rejection } from './http/rejection.ts'
import { encodedBody, RequestChecks } from './http/request-checks.ts'
import { cors, type RequestHead } from './http/request-headers.ts'
import { decodeBody, decodeParsed } from './jsonrpc/decode.ts'
import { measureBody } from './jsonrpc/measure.ts'
import { RpcError } from './jsonrpc/rpc-error.ts'
import type { HandlerSettings } from './options.ts'
import { ErrorCode } from './protocol/error-codes.ts'
import { HeaderName } from './protocol/header-names.ts'

type Http = HttpExchange<Principal>

const ALLOW = ['Allow', 'GET, POST, DELETE, OPTIONS'] as const
const RETRY_SOON = ['Retry-After', '1'] as const
/** What a value of parsed JSON takes on the heap, about. */
const VALUE_BYTES = 32
/** Values of smaller bodies are not counted. */
const FREE_BODY_BYTES = 4096
const BODY_STATUS = { 'too-large': 413, busy: 503, aborted: 400, consumed: 500 } as const

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
  readonly #eras: Eras
  /** The last verification did not answer at once, so the next one is not begun where nothing may be in flight. */
  #verifiesLater = false

  constructor(server: McpServer, settings: HandlerSettings) {
    this.#server = server
    this.#settings = settings
    this.bodies = new ByteBudget(settings.maxTotalBodyBytes)
    this.#checks = new RequestChecks(settings)
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

  close(drainMs: number): Promise<void> {
    return this.#eras.close(drainMs)
  }

  /** Never throws. */
  enter(http: Http, head: RequestHead): void {
    try {
      this.#enter(http, head)
    } catch (error) {
      this.#failed(error, http)
    }
  }

  /** Refuses a request whose body was not read. */
  reject(http: Http, rejection: Rejection): void {
    const { method } = http
    // What is left of the body cannot be told from a next request, so the connection must end.
    http.reject(rejection, method !== 'GET' && method !== 'HEAD')
  }

  /** A request was refused: the hook of the application is called. @param refusal - as the carrier tells it */
  onRejected(refusal: object): void {
    this.#rejected += 1
    runHook(
      () => this.#settings.onRejected?.(refusal as never),
      (error) => this.#server.reportError(error, { phase: 'hook' }),
    )
  }

  #enter(http: Http, { duplicate, values }: RequestHead): void {
    // By index: destructuring an array goes through its iterator.
    const origin = values[6]
    const rejection = this.#checks.checkHead(http, duplicate, values[5], origin)
    // An origin that was not checked, or not allowed, must not be able to read why.
    if (origin !== undefined && duplicate === undefined && rejection?.status !== 403) {
      http.ownReplyHeaders = cors.headers(origin)
    }
    if (rejection !== undefined) {
      this.reject(http, rejection)
      return
    }
    if (http.method === 'OPTIONS') {
      options(http, origin)
      return
    }
    const { auth } = this.#settings
    const contentType = values[7]
    if (auth === undefined) {
      this.#proceed(http, contentType)
      return
    }
    const limit = this.#verifiesLater ? this.#inFlight.refuse(undefined, 1) : undefined
    if (limit !== undefined) {
      this.reject(http, limitRejection(limit))
      return
    }
    const result = authenticate(auth, values[8], http.native)
    this.#verifiesLater = 'then' in result
    if ('then' in result) this.#verify(result, http, contentType)
    else if (this.#mayPass(result, http)) this.#proceed(http, contentType)
  }

  /** The request waits for the verdict on its token. It counts as in flight until then, or until its client leaves. */
  #verify(result: PromiseLike<Authentication<Principal>>, http: Http, contentType: string | undefined): void {
    if (http.parsedBody === undefined) http.prefetchBody()
    const end = this.#inFlight.beginOne(undefined)
    const onClose = () => {
      end()
      http.cancelBody()
    }
    http.onClose(onClose)
    result
      .then((settled) => {
        end()
        http.offClose(onClose)
        if (this.#mayPass(settled, http)) this.#proceed(http, contentType)
        else http.cancelBody()
      })
      .then(undefined, (error) => {
        onClose()
        this.#failed(error, http)
      })
  }

  #mayPass(result: Authentication<Principal>, http: Http): boolean {
    if (result.rejection !== undefined) {
      this.reject(http, result.rejection)
      return false
    }
    http.principal = result.principal
    return true
  }

  /** What is left to check by HTTP method. */
  #proceed(http: Http, contentType: string | undefined): void {
    const { method } = http
    const rejection = this.#checks.checkTypes(method, contentType, http.accepts)
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
    const { maxBodyDepth } = this.#settings
    const parsed = http.parsedBody
    if (parsed !== undefined) {
      this.#decoded(http, () => decodeParsed(parsed, maxBodyDepth))
      return
    }
    const encoded = encodedBody(http.headers)
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
      // Small values take many times their bytes once they are parsed.
      const values = body.length > FREE_BODY_BYTES ? measureBody(body, Number.POSITIVE_INFINITY) : 0
      if (values === 0 || http.charge(values * VALUE_BYTES)) {
        this.#decoded(http, () => decodeBody(body, maxBodyDepth))
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
      this.#failed(error, http)
    }
  }

  #bodyFailed(http: Http, error: BodyError): void {
    const { kind, message } = error
    if (kind === 'aborted') return
    if (kind === 'consumed') {
      // The mistake of whoever mounted the handler, not of the client.
      this.#failed(error, http)
      return
    }
    const headers = kind === 'busy' ? RETRY_SOON : undefined
    http.reject(new Rejection(BODY_STATUS[kind], message, undefined, headers), true)
  }

  /** Our own failure: the client learns that it was ours, and nothing else. */
  #failed(error: unknown, http: Http): void {
    const text = concealError(error, { phase: 'transport' }, this.#server)
    const internal = new RpcError(ErrorCode.INTERNAL_ERROR, text)
    http.reject(new Rejection(500, internal), true)
  }
}

function options(http: Http, origin: string | undefined): void {
  const { headers } = http
  const isPreflight = origin !== undefined && headers[HeaderName.REQUEST_METHOD] !== undefined
  http.ownReplyHeaders = isPreflight
    ? cors.preflight(origin, headers[HeaderName.REQUEST_HEADERS] as string | undefined)
    : [...cors.headers(origin), ...ALLOW]
  http.empty(204)
}
