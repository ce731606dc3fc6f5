/**
 * The checks of the entrance that need only the request line and the headers, in order, the same for both eras.
 *
 * Not here: the syntax of the single headers (host.ts, origin.ts, media-type.ts), credentials (authenticate.ts).
 */

import { quote } from '../bounds/quote.ts'
import { createHostCheck, type HeaderCheck } from './host.ts'
import type { HttpExchange } from './http-exchange.ts'
import { type HttpSsePart, type HttpSsePaths, httpSsePart } from './http-sse.ts'
import { isJson, parseMediaType } from './media-type.ts'
import { createOriginCheck, type OriginCheck } from './origin.ts'
import { FORWARDED_HOST, proxyHint, readForwarded } from './proxy.ts'
import { Rejection } from './rejection.ts'
import { authorityOf, isAt } from './target.ts'

const ALLOW = ['Allow', 'GET, POST, DELETE, OPTIONS'] as const
/** What is read of a request. */
type RequestLine = Pick<HttpExchange<unknown>, 'method' | 'target' | 'url' | 'headers' | 'mayHideHeaders'>
type TypedRequest = Pick<HttpExchange<unknown>, 'method' | 'target' | 'url' | 'accepts'>

export interface RequestCheckOptions {
  /** undefined: any path. */
  readonly path: string | undefined
  readonly allowedHosts: readonly string[] | undefined
  readonly allowedOrigins: readonly string[] | undefined
  readonly strictAccept: boolean
  readonly trustProxy: boolean
  /** Undefined: HTTP+SSE is off. */
  readonly httpSse: HttpSsePaths | undefined
}

export class RequestChecks {
  readonly #options: RequestCheckOptions
  readonly #checkHost: HeaderCheck
  readonly #checkOrigin: OriginCheck

  constructor(options: RequestCheckOptions) {
    const { allowedHosts, allowedOrigins } = options
    this.#options = options
    this.#checkHost = createHostCheck({ allowedHosts })
    this.#checkOrigin = createOriginCheck({ allowedOrigins, allowedHosts })
  }

  /**
   * Checks headers, Host, Origin, path and HTTP method.
   *
   * @param duplicate - name of a header that occurs more than once and must not
   */
  checkHead(
    request: RequestLine,
    duplicate: string | undefined,
    host: string | undefined,
    origin: string | undefined,
  ): Rejection | undefined {
    if (request.mayHideHeaders) return new Rejection(431, 'The request has too many headers')
    if (duplicate !== undefined) {
      return new Rejection(400, `The ${duplicate} header occurs more than once`)
    }
    const { path, trustProxy, httpSse } = this.#options
    const forwarded = trustProxy ? readForwarded(request.headers).host : undefined
    const authority = forwarded ?? authorityOf(request.target, host)
    const hostCheck = this.#checkHost(authority, forwarded === undefined ? undefined : FORWARDED_HOST)
    const check = hostCheck === true ? this.#checkOrigin(origin, authority) : hostCheck
    if (check !== true) {
      const hint = trustProxy ? '' : proxyHint(request.headers, hostCheck === true ? undefined : authority)
      return new Rejection(403, check + hint)
    }
    const part = httpSse === undefined ? undefined : httpSsePart(request, httpSse)
    if (part !== undefined) return checkHttpSseMethod(request.method, part, path)
    if (path !== undefined && !isAt(request, path)) {
      // Without its query, which may hold an API key.
      const [asked = ''] = request.target.split('?', 1)
      const problem = `Not found: ${quote(asked)}; the MCP endpoint is ${path} (the path option)`
      return new Rejection(404, problem)
    }
    if (isHandled(request.method)) return undefined
    return new Rejection(405, `Method ${request.method} is not allowed`, undefined, ALLOW)
  }

  /** Checks Accept and Content-Type. */
  checkTypes(request: TypedRequest, contentType: string | undefined): Rejection | undefined {
    const { method } = request
    const unfit = this.#options.strictAccept ? this.#checkStrictAccept(request) : undefined
    return unfit ?? (method === 'POST' ? checkContentType(contentType) : undefined)
  }

  /** The Accept rule of the specification, enforced only with `strictAccept`. */
  #checkStrictAccept(request: TypedRequest): Rejection | undefined {
    const { method, accepts } = request
    if (method === 'DELETE') return undefined
    if (accepts.sseNamed && (accepts.jsonNamed || method === 'GET')) return undefined
    const { httpSse } = this.#options
    // The POST of HTTP+SSE has no answer but its status.
    if (httpSse !== undefined && httpSsePart(request, httpSse) === 'messages') return undefined
    const types = method === 'GET' ? 'text/event-stream' : 'application/json and text/event-stream'
    return new Rejection(406, `The Accept header must name ${types}`)
  }
}

function isHandled(method: string | undefined): boolean {
  return method === 'POST' || method === 'GET' || method === 'DELETE' || method === 'OPTIONS'
}

/** 405 for all that is not the one method of an endpoint of HTTP+SSE: clients of Streamable HTTP try POST first. */
function checkHttpSseMethod(
  method: string | undefined,
  part: HttpSsePart,
  path: string | undefined,
): Rejection | undefined {
  const expected = part === 'stream' ? 'GET' : 'POST'
  if (method === expected || method === 'OPTIONS') return undefined
  const where = path === undefined ? '' : `; Streamable HTTP is at ${path}`
  const problem = `Method ${method} is not allowed here, only ${expected}, as HTTP+SSE has it${where}`
  return new Rejection(405, problem, undefined, ['Allow', `${expected}, OPTIONS`])
}

function checkContentType(contentType: string | undefined): Rejection | undefined {
  if (isJson(contentType)) return undefined
  const got = contentType === undefined ? 'none' : quote(contentType)
  const charset = parseMediaType(contentType ?? '')?.parameters.get('charset')
  const expected = charset === undefined ? 'application/json' : 'application/json in UTF-8'
  return new Rejection(415, `The Content-Type of a POST must be ${expected}; got ${got}`)
}

/** Compressed bodies are refused: this library does not decompress what a client sends. */
export function checkContentEncoding(encoding: string | undefined): Rejection | undefined {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return undefined
  const message = `Content-Encoding ${quote(encoding)} is not supported: send the body as it is`
  // RFC 9110 section 15.5.16: what would have been accepted.
  return new Rejection(415, message, undefined, ['Accept-Encoding', 'identity'])
}
