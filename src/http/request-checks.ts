/**
 * The checks of the entrance that need only the request line and the headers, in order, the same for both eras.
 *
 * Not here: the syntax of the single headers (host.ts, origin.ts, media-type.ts), credentials (authenticate.ts).
 */

import { quote } from '../bounds/quote.ts'
import { createHostCheck, type HeaderCheck } from './host.ts'
import type { HttpExchange } from './http-exchange.ts'
import { type Accepts, isJson, parseMediaType } from './media-type.ts'
import { createOriginCheck, type OriginCheck } from './origin.ts'
import { FORWARDED_HOST, proxyHint, readForwarded } from './proxy.ts'
import { Rejection } from './rejection.ts'
import { authorityOf, pathOf } from './target.ts'

const ALLOW = ['Allow', 'GET, POST, DELETE, OPTIONS'] as const
const METHODS: ReadonlySet<string | undefined> = new Set(['POST', 'GET', 'DELETE', 'OPTIONS'])
/** What is read of a request. */
type RequestLine = Pick<HttpExchange<unknown>, 'method' | 'target' | 'url' | 'headers' | 'mayHideHeaders'>

export interface RequestCheckOptions {
  /** undefined: any path. */
  readonly path: string | undefined
  readonly allowedHosts: readonly string[] | undefined
  readonly allowedOrigins: readonly string[] | undefined
  readonly strictAccept: boolean
  readonly trustProxy: boolean
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
    const { trustProxy } = this.#options
    const forwarded = trustProxy ? readForwarded(request.headers).host : undefined
    const authority = forwarded ?? authorityOf(request.target, host)
    const hostCheck = this.#checkHost(authority, forwarded === undefined ? undefined : FORWARDED_HOST)
    const check = hostCheck === true ? this.#checkOrigin(origin, authority) : hostCheck
    if (check !== true) {
      const hint = trustProxy ? '' : proxyHint(request.headers, hostCheck === true ? undefined : authority)
      return new Rejection(403, check + hint)
    }
    if (!this.#isEndpoint(request)) {
      // Without its query, which may hold an API key.
      const [path = ''] = request.target.split('?', 1)
      const problem = `Not found: ${quote(path)}; the MCP endpoint is ${this.#options.path} (the path option)`
      return new Rejection(404, problem)
    }
    if (METHODS.has(request.method)) return undefined
    return new Rejection(405, `Method ${request.method} is not allowed`, undefined, ALLOW)
  }

  /** Checks Accept and Content-Type. */
  checkTypes(
    method: string | undefined,
    contentType: string | undefined,
    accepts: Accepts,
  ): Rejection | undefined {
    const unfit = this.#options.strictAccept ? checkStrictAccept(method, accepts) : undefined
    return unfit ?? (method === 'POST' ? checkContentType(contentType) : undefined)
  }

  /**
   * The query is ignored. Below a mount point of a framework, the path may be that of the whole URL or the part after the
   * mount point.
   */
  #isEndpoint(request: RequestLine): boolean {
    const { path } = this.#options
    if (path === undefined || request.url === path) return true
    const isPath = (target = '') => {
      const given = pathOf(target)
      return given === path || given === `${path}/`
    }
    return isPath(request.url) || isPath(request.target)
  }
}

function checkContentType(contentType: string | undefined): Rejection | undefined {
  if (isJson(contentType)) return undefined
  const got = contentType === undefined ? 'none' : quote(contentType)
  const charset = parseMediaType(contentType ?? '')?.parameters.get('charset')
  const expected = charset === undefined ? 'application/json' : 'application/json in UTF-8'
  return new Rejection(415, `The Content-Type of a POST must be ${expected}; got ${got}`)
}

/** Compressed bodies are refused: this library does not decompress what a client sends. */
export function checkContentEncoding(encoding = 'identity'): Rejection | undefined {
  if (encoding.toLowerCase() === 'identity') return undefined
  const message = `Content-Encoding ${quote(encoding)} is not supported: send the body as it is`
  // RFC 9110 section 15.5.16: what would have been accepted.
  return new Rejection(415, message, undefined, ['Accept-Encoding', 'identity'])
}

/** The Accept rule of the specification, enforced only with `strictAccept`. */
function checkStrictAccept(method: string | undefined, accepts: Accepts): Rejection | undefined {
  if (method === 'DELETE') return undefined
  if (accepts.sseNamed && (accepts.jsonNamed || method === 'GET')) return undefined
  const types = method === 'GET' ? 'text/event-stream' : 'application/json and text/event-stream'
  return new Rejection(406, `The Accept header must name ${types}`)
}
