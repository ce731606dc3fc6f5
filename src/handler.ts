/**
 * createMcpHandler: a server definition as a function of (request, response). The map of the library:
 *
 *    node:http --> handler.ts        the entrance, the same for all requests, in this order:
 *                    0 http/connection  not too many wait behind others, and not too many headers  429, 431
 *                    1 http/headers     no repeated single-valued header                    400
 *                    2 http/host        Host is one of ours                                 403
 *                    3 http/origin      Origin, if there is one, may call                   403
 *                    4 path             the endpoint                                        404
 *                    5 http/cors        preflight                                           204
 *                    6 HTTP method      POST, GET, DELETE                                   405
 *                    7 http/authenticate a valid token, when tokens are asked for            401, 403, 503
 *                    8 http/media-type  the body is JSON, the client reads our answers      415, 406
 *                    9 http/body        not too large, and room for it                      413, 503
 *                   10 jsonrpc/decode   UTF-8, not too deep, JSON                           400, -32700
 *                  |
 *                  v
 *    eras.ts, select-era.ts          which generation of the protocol the request speaks
 *                  |
 *                  v
 *    session-era/endpoint.ts         sessions, resumable streams      each with an admit.ts: the checks
 *    stateless-era/endpoint.ts       one request, one response        that its generation adds, in order
 *                  |
 *                  v
 *    dispatch/dispatcher.ts          one request, its method, its outcome
 *                  |
 *                  v
 *    features/tools.ts, ...          the handlers that the user registered
 *
 * Nothing of a body is looked at, and nothing is remembered of a client, before steps 0 to 8 are passed.
 *
 * Spec: 2025-11-25 transports {@link spec.transports}, "Security Warning" {@link spec.security}.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { ByteBudget } from './bounds/byte-budget.ts'
import { checkTime } from './bounds/check-options.ts'
import { httpChannels } from './dispatch/diagnostics.ts'
import { concealError } from './dispatch/dispatcher.ts'
import type { Principal } from './dispatch/exchange.ts'
import { runHook } from './dispatch/hook.ts'
import { InFlightCounter } from './dispatch/in-flight-counter.ts'
import { type EraStats, Eras } from './eras.ts'
import type { McpServer } from './features/server.ts'
import { type Authentication, authenticate } from './http/authenticate.ts'
import { type BodyError, BodyReader, busyError, FREE_BYTES } from './http/body.ts'
import { enqueue, hasReply } from './http/connection.ts'
import { headerLines } from './http/headers.ts'
import { Incoming, type IncomingHost, type Refusal } from './http/incoming.ts'
import { negotiate } from './http/media-type.ts'
import { parsedBodyOf, readParsed } from './http/parsed-body.ts'
import { encodedBody, RequestChecks, type Stop } from './http/request-checks.ts'
import { cors, type HeaderTuple, readHeaders } from './http/request-headers.ts'
import { decodeBody } from './jsonrpc/decode-body.ts'
import { measureBody } from './jsonrpc/measure.ts'
import { RpcError } from './jsonrpc/rpc-error.ts'
import { checkOptions, type HandlerOptions, type HandlerSettings } from './options.ts'
import { ErrorCode } from './protocol/error-codes.ts'
import { HeaderName } from './protocol/header-names.ts'
import { checkRuntime } from './sse/hand-over.ts'

export interface HandlerStats extends EraStats {
  /** Requests that wait for their handler, and tokens that are being verified. */
  readonly callsInProgress: number
  /** Bytes that count against `maxTotalBodyBytes`. */
  readonly bodyBytes: number
  /** Requests refused before they reached a feature, since the start. */
  readonly rejected: number
}

export interface McpHandler {
  /**
   * Answers a request; mount it in `http.createServer`, Express, Fastify.
   *
   * @param parsedBody - the body, when a framework has read it; `request.body` is looked at too. A function in
   *   this place (Express's `next`) is ignored
   */
  (request: IncomingMessage, response: ServerResponse, parsedBody?: unknown): void
  /**
   * The same as a listener for the `checkContinue` event of an `http.Server`: a body that would be refused is then
   * never sent.
   */
  readonly checkContinue: (request: IncomingMessage, response: ServerResponse) => void
  /**
   * Lets calls finish for at most `drainMs`, ends streams, then gives up the rest. 0: at once. Calling it again
   * waits for the same end. @defaultValue drainMs 10 s
   */
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>
  /** What is in use now, and what was refused. */
  stats(): HandlerStats
}

const ALLOW = ['Allow', 'GET, POST, DELETE, OPTIONS'] as const
const DRAIN_MS = 10_000
const RETRY_SOON = ['Retry-After', '1'] as const
/** What a value of parsed JSON takes on the heap, about. */
const VALUE_BYTES = 32
const BODY_STATUS = { 'too-large': 413, busy: 503, timeout: 408, aborted: 400, consumed: 500 } as const

/**
 * Makes a request handler of a server definition.
 *
 * @throws {TypeError} a wrong option, named
 * @throws {Error} a runtime that cannot serve, such as Bun before 1.4
 */
export function createMcpHandler(server: McpServer, options: HandlerOptions = {}): McpHandler {
  checkRuntime()
  const entrance = new Entrance(server, checkOptions(options))
  let closing: Promise<void> | undefined
  return Object.assign(
    (request: IncomingMessage, response: ServerResponse, parsedBody?: unknown) =>
      entrance.enter(request, response, parsedBody, false),
    {
      checkContinue: (request: IncomingMessage, response: ServerResponse) =>
        entrance.enter(request, response, undefined, true),
      close: async ({ drainMs = DRAIN_MS } = {}) => {
        checkTime('drainMs', drainMs)
        closing ??= entrance.eras.close(drainMs)
        await closing
      },
      stats: () => entrance.stats(),
    },
  )
}

class Entrance {
  readonly eras: Eras
  #rejected = 0
  readonly #server: McpServer
  readonly #settings: HandlerSettings
  readonly #checks: RequestChecks
  readonly #host: IncomingHost
  readonly #inFlight: InFlightCounter
  /** The last verification did not answer at once, so the next one is not begun where nothing may be in flight. */
  #verifiesLater = false

  constructor(server: McpServer, settings: HandlerSettings) {
    this.#server = server
    this.#settings = settings
    this.#checks = new RequestChecks(settings)
    const { maxUnreadBytes } = settings
    this.#host = {
      replyOptions: { maxUnreadBytes },
      closingReplyOptions: { maxUnreadBytes, closeAfter: true },
      bodies: new ByteBudget(settings.maxTotalBodyBytes),
      onRefused: (refusal, response) => this.#refused(refusal, response),
    }
    this.#inFlight = new InFlightCounter(settings.inFlight)
    this.eras = new Eras(server, settings, this.#inFlight)
  }

  stats(): HandlerStats {
    return {
      ...this.eras.stats(),
      callsInProgress: this.#inFlight.size,
      bodyBytes: this.#host.bodies.used,
      rejected: this.#rejected,
    }
  }

  enter(request: IncomingMessage, response: ServerResponse, parsedBody: unknown, continues: boolean): void {
    const waiting = enqueue(request, response)
    if (waiting > this.#settings.maxPipelined && this.#isFlood(request, waiting)) return
    httpChannels.start(request, response)
    const { duplicate, values } = readHeaders(headerLines(request))
    const incoming = this.#incoming(request, response, values)
    try {
      if (waiting > this.#settings.maxPipelined)
        this.#stop(incoming, tooManyWaiting(this.#settings.maxPipelined))
      else this.#enter(incoming, duplicate, values, parsedBody, continues)
    } catch (error) {
      this.#failed(error, incoming)
    }
  }

  #enter(
    incoming: Incoming<Principal>,
    duplicate: string | undefined,
    values: HeaderTuple,
    parsedBody: unknown,
    continues: boolean,
  ): void {
    const { request } = incoming
    // By index: destructuring an array goes through its iterator.
    const origin = values[6]
    const stop = this.#checks.checkHead(request, duplicate, values[5], origin)
    // An origin that was not checked, or not allowed, must not be able to read why.
    if (origin !== undefined && duplicate === undefined && stop?.status !== 403) {
      incoming.ownReplyHeaders = cors.headers(origin)
    }
    if (stop !== undefined) {
      this.#stop(incoming, stop)
      return
    }
    if (request.method === 'OPTIONS') {
      this.#options(incoming, origin)
      return
    }
    const { auth } = this.#settings
    const contentType = values[7]
    if (auth === undefined) {
      this.#go(incoming, contentType, parsedBody, continues)
      return
    }
    const limit = this.#verifiesLater ? this.#inFlight.refuse(undefined, 1) : undefined
    if (limit !== undefined) {
      this.#stop(incoming, limit)
      return
    }
    const result = authenticate(auth, values[8], request)
    this.#verifiesLater = 'then' in result
    if ('then' in result) this.#verify(result, incoming, contentType, parsedBody, continues)
    else if (this.#mayPass(result, incoming)) this.#go(incoming, contentType, parsedBody, continues)
  }

  /** The request waits for the verdict on its token. It counts as in flight until then, or until its client leaves. */
  #verify(
    result: PromiseLike<Authentication<Principal>>,
    incoming: Incoming<Principal>,
    contentType: string | undefined,
    parsedBody: unknown,
    continues: boolean,
  ): void {
    const { request, response } = incoming
    const reader = this.#reader(request)
    if (parsedBodyOf(request, parsedBody) === undefined) reader.prefetch()
    const end = this.#inFlight.beginOne(undefined)
    const onClose = () => {
      end()
      reader.cancel()
    }
    response.on('close', onClose)
    result
      .then((settled) => {
        end()
        response.off('close', onClose)
        if (this.#mayPass(settled, incoming)) this.#go(incoming, contentType, parsedBody, continues, reader)
        else reader.cancel()
      })
      .then(undefined, (error) => {
        onClose()
        this.#failed(error, incoming)
      })
  }

  #mayPass(result: Authentication<Principal>, incoming: Incoming<Principal>): boolean {
    if (result.refusal !== undefined) {
      this.#stop(incoming, result.refusal)
      return false
    }
    incoming.principal = result.principal
    return true
  }

  /** What is left to check by HTTP method. */
  #go(
    incoming: Incoming<Principal>,
    contentType: string | undefined,
    parsedBody: unknown,
    continues: boolean,
    reader?: BodyReader,
  ): void {
    const { method } = incoming.request
    const refusal = this.#checks.checkTypes(method, contentType, incoming.accepts)
    if (refusal === undefined && method === 'POST') {
      this.#post(incoming, parsedBody, continues, reader ?? this.#reader(incoming.request))
      return
    }
    reader?.cancel()
    if (refusal !== undefined) this.#stop(incoming, refusal)
    else if (method === 'GET') this.eras.get(incoming)
    else this.eras.delete(incoming)
  }

  /** Refuses a request whose body was not read. */
  #stop(incoming: Incoming<Principal>, { status, message, headers }: Stop): void {
    const { method } = incoming.request
    // What is left of the body cannot be told from a next request, so the connection must end.
    const error = new RpcError(ErrorCode.SERVER_ERROR, message)
    incoming.refuse(status, undefined, error, headers, method !== 'GET' && method !== 'HEAD')
  }

  #post(incoming: Incoming<Principal>, parsedBody: unknown, continues: boolean, reader: BodyReader): void {
    const { request, response } = incoming
    const parsed = parsedBodyOf(request, parsedBody)
    if (parsed !== undefined) {
      this.#decoded(incoming, () => readParsed(parsed, this.#settings.maxBodyDepth))
      return
    }
    const encoded = encodedBody(request)
    if (encoded !== undefined) {
      reader.cancel()
      this.#stop(incoming, encoded)
      return
    }
    reader.read((error, body, charged) => {
      if (error === undefined) {
        incoming.body = body
        // Small values take many times their bytes once they are parsed.
        const values = body.length > FREE_BYTES ? measureBody(body, Number.POSITIVE_INFINITY) : 0
        if (incoming.charge(charged, values * VALUE_BYTES)) {
          this.#decoded(incoming, () => decodeBody(body, this.#settings.maxBodyDepth))
        } else {
          this.#bodyFailed(incoming, busyError())
        }
        incoming.endTurn()
      } else {
        this.#bodyFailed(incoming, error)
      }
    })
    // Asked for only now: a body that says it is too large has been refused, and is never sent.
    if (continues && !response.headersSent && !hasReply(response)) response.writeContinue()
  }

  #decoded(incoming: Incoming<Principal>, decode: () => unknown): void {
    try {
      let value: unknown
      try {
        value = decode()
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
        incoming.refuse(400, undefined, error)
        return
      }
      this.eras.post(incoming, value)
    } catch (error) {
      this.#failed(error, incoming)
    }
  }

  #bodyFailed(incoming: Incoming<Principal>, error: BodyError): void {
    const { kind, message } = error
    if (kind === 'aborted') return
    if (kind === 'consumed') {
      // The mistake of whoever mounted the handler, not of the client.
      this.#failed(error, incoming)
      return
    }
    const failure = new RpcError(ErrorCode.SERVER_ERROR, message)
    incoming.refuse(BODY_STATUS[kind], undefined, failure, kind === 'busy' ? RETRY_SOON : undefined, true)
  }

  #options(incoming: Incoming<Principal>, origin: string | undefined): void {
    const { headers } = incoming.request
    const isPreflight = origin !== undefined && headers[HeaderName.REQUEST_METHOD] !== undefined
    incoming.ownReplyHeaders = isPreflight
      ? cors.preflight(origin, headers[HeaderName.REQUEST_HEADERS])
      : [...cors.headers(origin), ...ALLOW]
    incoming.empty(204)
  }

  #incoming(request: IncomingMessage, response: ServerResponse, values: HeaderTuple): Incoming<Principal> {
    return new Incoming<Principal>(request, response, negotiate(values[9]), values, this.#host)
  }

  #reader(request: IncomingMessage): BodyReader {
    return new BodyReader(request, this.#settings.maxBodyBytes, this.#host)
  }

  /**
   * A connection with more waiting requests than it may have. The first one too many is refused, which closes the
   * connection in its turn, so that nobody would read the answers to later ones.
   *
   * @returns whether there is nothing more to do for the request
   */
  #isFlood(request: IncomingMessage, waiting: number): boolean {
    const { maxPipelined } = this.#settings
    if (waiting > 2 * maxPipelined) request.socket.destroy()
    return waiting > maxPipelined + 1
  }

  #refused(refusal: Refusal, response: ServerResponse): void {
    this.#rejected += 1
    httpChannels.refused(refusal.request, response, refusal.error)
    runHook(
      () => this.#settings.onRejected?.(refusal),
      (error) => this.#server.reportError(error, { phase: 'hook' }),
    )
  }

  /** Our own failure: the client learns that it was ours, and nothing else. */
  #failed(error: unknown, incoming: Incoming<Principal>): void {
    const text = concealError(error, { phase: 'transport' }, this.#server)
    const internal = new RpcError(ErrorCode.INTERNAL_ERROR, text)
    incoming.refuse(500, undefined, internal, undefined, true)
  }
}

function tooManyWaiting(maxPipelined: number): Stop {
  const problem = `Too many requests wait on this connection (maxPipelined is ${maxPipelined})`
  return { status: 429, message: problem, headers: RETRY_SOON }
}
