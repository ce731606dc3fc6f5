/**
 * createMcpHandler: a server definition as a function of (request, response). The map of the library:
 *
 *    node:http --> handler.ts        the entrance, the same for all requests, in this order:
 *                    1 http/headers     no repeated single-valued header                    400
 *                    2 http/host        Host is one of ours                                 403
 *                    3 http/origin      Origin, if there is one, may call                   403
 *                    4 path             the endpoint                                        404
 *                    5 http/cors        preflight                                           204
 *                    6 HTTP method      POST, GET, DELETE                                   405
 *                    7 http/authenticate a valid token, when tokens are asked for            401, 403
 *                    8 http/media-type  the body is JSON, the client reads our answers      415, 406
 *                    9 http/body        not too large                                       413
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
 * Nothing of a body is read, and nothing is remembered of a client, before steps 1 to 8 are passed.
 *
 * Spec: 2025-11-25 transports {@link spec.transports}, "Security Warning" {@link spec.security}.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpChannels } from './dispatch/diagnostics.ts'
import { concealError } from './dispatch/dispatcher.ts'
import type { Principal } from './dispatch/exchange.ts'
import { type EraStats, Eras } from './eras.ts'
import type { McpServer } from './features/server.ts'
import { type Authentication, authenticate } from './http/authenticate.ts'
import { type BodyError, readBody } from './http/body.ts'
import { createCors } from './http/cors.ts'
import { createHeaderReader } from './http/headers.ts'
import { createHostCheck } from './http/host.ts'
import { Incoming, type Refusal } from './http/incoming.ts'
import { type Accepts, isJson, negotiate } from './http/media-type.ts'
import { createOriginCheck } from './http/origin.ts'
import { decodeBody } from './jsonrpc/decode.ts'
import { RpcError } from './jsonrpc/rpc-error.ts'
import { checkOptions, checkTime, type HandlerOptions, type HandlerSettings } from './options.ts'
import { ErrorCode } from './protocol/error-codes.ts'
import { quote } from './protocol/excerpt.ts'
import { HeaderName, PARAM_HEADER_PREFIX } from './protocol/header-names.ts'

export interface HandlerStats extends EraStats {
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
  close(options?: { readonly drainMs?: number }): Promise<void>
  stats(): HandlerStats
}

/** Headers that may occur once: two of them could be read differently by two parties. */
const readHeaders = createHeaderReader(
  [
    HeaderName.SESSION_ID,
    HeaderName.PROTOCOL_VERSION,
    HeaderName.LAST_EVENT_ID,
    HeaderName.METHOD,
    HeaderName.NAME,
    HeaderName.HOST,
    HeaderName.ORIGIN,
    HeaderName.CONTENT_TYPE,
    HeaderName.AUTHORIZATION,
  ],
  [HeaderName.ACCEPT],
)

type HeaderTuple = ReturnType<typeof readHeaders>['values']

const cors = createCors({
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Accept',
    'Mcp-Session-Id',
    'MCP-Protocol-Version',
    'Last-Event-ID',
    'Mcp-Method',
    'Mcp-Name',
  ],
  allowedHeaderPrefixes: [PARAM_HEADER_PREFIX],
  exposedHeaders: ['Mcp-Session-Id', 'WWW-Authenticate', 'Retry-After'],
})

const ALLOW = ['Allow', 'GET, POST, DELETE, OPTIONS'] as const
const METHODS: ReadonlySet<string | undefined> = new Set(['POST', 'GET', 'DELETE', 'OPTIONS'])
const DRAIN_MS = 10_000
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i

/** Why a request goes no further. */
interface Stop {
  readonly status: number
  readonly message: string
  /** More headers of the reply, as a flat list. */
  readonly headers?: readonly string[]
}

/**
 * Makes a request handler of a server definition.
 *
 * @throws {TypeError} a wrong option, named
 */
export function createMcpHandler(server: McpServer, options: HandlerOptions = {}): McpHandler {
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
      stats: () => ({ ...entrance.eras.stats(), rejected: entrance.rejected }),
    },
  )
}

class Entrance {
  readonly eras: Eras
  rejected = 0
  readonly #server: McpServer
  readonly #settings: HandlerSettings
  readonly #checkHost: (host: string | undefined) => true | string
  readonly #checkOrigin: (origin: string | undefined) => true | string
  readonly #onRefused = (refusal: Refusal, response: ServerResponse) => this.#refused(refusal, response)

  constructor(server: McpServer, settings: HandlerSettings) {
    this.#server = server
    this.#settings = settings
    this.#checkHost = createHostCheck({ allowedHosts: settings.allowedHosts })
    this.#checkOrigin = createOriginCheck({
      allowedOrigins: settings.allowedOrigins,
      allowedHosts: settings.allowedHosts,
    })
    this.eras = new Eras(server, settings)
  }

  enter(request: IncomingMessage, response: ServerResponse, parsedBody: unknown, continues: boolean): void {
    httpChannels.start(request, response)
    const { duplicate, values } = readHeaders(request.rawHeaders)
    const incoming = this.#incoming(request, response, values)
    try {
      this.#enter(incoming, duplicate, values, parsedBody, continues)
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
    const stop = this.#check(request, duplicate, values[5], origin)
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
    const enter = (result: Authentication<Principal>) => {
      if (result.refusal !== undefined) {
        const { status, message, challenge } = result.refusal
        this.#stop(incoming, { status, message, headers: ['WWW-Authenticate', challenge] })
        return
      }
      incoming.principal = result.principal
      this.#go(incoming, contentType, parsedBody, continues)
    }
    const result = authenticate(auth, values[8], request)
    if ('then' in result) result.then(enter).then(undefined, (error) => this.#failed(error, incoming))
    else enter(result)
  }

  /** What is left to check by HTTP method. */
  #go(
    incoming: Incoming<Principal>,
    contentType: string | undefined,
    parsedBody: unknown,
    continues: boolean,
  ): void {
    const { method } = incoming.request
    const unfit = this.#settings.strictAccept ? notStrict(method, incoming.accepts) : undefined
    const refusal = unfit ?? (method === 'POST' ? notJson(contentType) : undefined)
    if (refusal !== undefined) this.#stop(incoming, refusal)
    else if (method === 'GET') this.eras.get(incoming)
    else if (method === 'DELETE') this.eras.delete(incoming)
    else this.#post(incoming, parsedBody, continues)
  }

  /** Steps 1 to 6. */
  #check(
    request: IncomingMessage,
    duplicate: string | undefined,
    host: string | undefined,
    origin: string | undefined,
  ): Stop | undefined {
    if (duplicate !== undefined) {
      return { status: 400, message: `The ${duplicate} header occurs more than once` }
    }
    // The authority of an absolute-form target MUST be taken in place of Host (RFC 9112 section 3.2.2).
    const hostCheck = this.#checkHost(ABSOLUTE_FORM.exec(targetOf(request))?.[1] ?? host)
    if (hostCheck !== true) return { status: 403, message: hostCheck }
    const originCheck = this.#checkOrigin(origin)
    if (originCheck !== true) return { status: 403, message: originCheck }
    if (!this.#isEndpoint(request)) {
      return { status: 404, message: `Not found: the MCP endpoint is ${this.#settings.path}` }
    }
    if (METHODS.has(request.method)) return undefined
    return { status: 405, message: `Method ${request.method} is not allowed`, headers: ALLOW }
  }

  /** Refuses a request whose body was not read. */
  #stop(incoming: Incoming<Principal>, { status, message, headers }: Stop): void {
    const error = new RpcError(ErrorCode.SERVER_ERROR, message)
    const { method } = incoming.request
    // What is left of the body cannot be told from a next request, so the connection must end.
    incoming.refuse(status, undefined, error, headers, { closeAfter: method !== 'GET' && method !== 'HEAD' })
  }

  #post(incoming: Incoming<Principal>, parsedBody: unknown, continues: boolean): void {
    const { request, response } = incoming
    // Null is JSON too, so only undefined means that nothing was parsed.
    const given = typeof parsedBody === 'function' ? undefined : parsedBody
    const parsed = given === undefined ? (request as { body?: unknown }).body : given
    if (parsed !== undefined) {
      this.#decoded(incoming, () => readParsed(parsed, this.#settings.maxBodyDepth))
      return
    }
    readBody(request, this.#settings.maxBodyBytes, (error, body) => {
      if (error === undefined) {
        incoming.body = body
        this.#decoded(incoming, () => decodeBody(body, this.#settings.maxBodyDepth))
      } else {
        this.#bodyFailed(incoming, error)
      }
    })
    // Asked for only now: a body that says it is too large has been refused, and is never sent.
    if (continues && !response.headersSent) response.writeContinue()
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
    const status = kind === 'too-large' ? 413 : kind === 'timeout' ? 408 : 400
    incoming.refuse(status, undefined, new RpcError(ErrorCode.SERVER_ERROR, message), undefined, {
      closeAfter: true,
    })
  }

  #options(incoming: Incoming<Principal>, origin: string | undefined): void {
    const { headers } = incoming.request
    const isPreflight = origin !== undefined && headers[HeaderName.REQUEST_METHOD] !== undefined
    incoming.ownReplyHeaders = isPreflight
      ? cors.preflight(origin, headers[HeaderName.REQUEST_HEADERS])
      : [...cors.headers(origin), ...ALLOW]
    incoming.empty(204)
  }

  /** A query does not count, and nothing is decoded: what a proxy lets pass and what is served stay the same path. */
  #isEndpoint(request: IncomingMessage): boolean {
    const { path } = this.#settings
    if (path === undefined) return true
    const target = targetOf(request)
    if (target === path) return true
    // Absolute form is for proxies, but a server MUST accept it (RFC 9112 section 3.2.2).
    const [beforeQuery = ''] = target.replace(ABSOLUTE_FORM, '').split(/[?#]/, 1)
    return beforeQuery === path || beforeQuery === `${path}/`
  }

  #incoming(request: IncomingMessage, response: ServerResponse, values: HeaderTuple): Incoming<Principal> {
    return new Incoming<Principal>(request, response, negotiate(values[9]), values, this.#onRefused)
  }

  #refused(refusal: Refusal, response: ServerResponse): void {
    this.rejected += 1
    httpChannels.refused(refusal.request, response, refusal.error)
    try {
      this.#settings.onRejected?.(refusal)
    } catch (error) {
      this.#server.reportError(error, { phase: 'hook' })
    }
  }

  /** Our own failure: the client learns that it was ours, and nothing else. */
  #failed(error: unknown, incoming: Incoming<Principal>): void {
    const text = concealError(error, { phase: 'transport' }, this.#server)
    const internal = new RpcError(ErrorCode.INTERNAL_ERROR, text)
    incoming.refuse(500, undefined, internal, undefined, { closeAfter: true })
  }
}

/** The request target as it was before a framework cut off its mount point. */
function targetOf(request: IncomingMessage): string {
  return (request as { originalUrl?: string }).originalUrl ?? request.url ?? ''
}

function notJson(contentType: string | undefined): Stop | undefined {
  if (isJson(contentType)) return undefined
  const got = contentType === undefined ? 'none' : quote(contentType)
  return { status: 415, message: `The Content-Type of a POST must be application/json; got ${got}` }
}

/** What the specification asks of a client, for those who want it enforced. */
function notStrict(method: string | undefined, accepts: Accepts): Stop | undefined {
  if (method === 'DELETE') return undefined
  if (accepts.sseNamed && (accepts.jsonNamed || method === 'GET')) return undefined
  const types = method === 'GET' ? 'text/event-stream' : 'application/json and text/event-stream'
  return { status: 406, message: `The Accept header must name ${types}` }
}

/**
 * A framework hands the body over as JSON, or as the bytes or the text that it found. JSON may be nested to any depth:
 * whatever walks it bounds its own recursion.
 */
function readParsed(parsed: unknown, maxDepth: number): unknown {
  if (parsed instanceof Uint8Array) return decodeBody(parsed, maxDepth)
  return typeof parsed === 'string' ? decodeBody(Buffer.from(parsed), maxDepth) : parsed
}
