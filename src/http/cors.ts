/**
 * CORS headers for origins that the Origin check has allowed. Fetch standard, "HTTP-CORS protocol".
 *
 * Every response needs them, refusals included: without them a page sees a network error in place of the reason.
 * The origin is named and never `*`, which would also answer for pages that were not allowed; and since the
 * answer depends on the origin, `Vary: Origin` goes on every response, so that a cache keeps them apart.
 * `Access-Control-Allow-Credentials` is never sent: a bearer token is a header and needs no cookies.
 *
 * Not here: whether an origin is allowed (origin.ts), and the names of the headers, which the caller passes in.
 */

/** The names that pages may send and read. */
export interface CorsOptions {
  /** Request headers that a page may send. */
  readonly allowedHeaders: readonly string[]
  /** Response headers that a page may read. */
  readonly exposedHeaders: readonly string[]
  /** Prefixes, in lower case: a request header that begins with one of them is allowed as well. @defaultValue none */
  readonly allowedHeaderPrefixes?: readonly string[] | undefined
  /** @defaultValue GET, POST, DELETE */
  readonly methods?: readonly string[] | undefined
  /** How long a browser may cache the answer to a preflight, in seconds. @defaultValue 86400 */
  readonly maxAgeSeconds?: number | undefined
}

/** Header lists are flat: name, value, name, value, ... as `writeHead` takes them. */
export interface Cors {
  /**
   * For every response but a preflight's.
   *
   * @param origin - the allowed value of Origin; `undefined` when the request has none
   */
  headers(origin: string | undefined): readonly string[]
  /**
   * For the 204 that answers a preflight (OPTIONS with Origin and Access-Control-Request-Method).
   *
   * @param origin - the allowed value of Origin
   * @param requestedHeaders - the value of Access-Control-Request-Headers
   * @param privateNetwork - the page is on the internet, and this server on a private address (Private Network Access):
   *   the origin is allowed, so the answer says that it may come from there
   */
  preflight(origin: string, requestedHeaders?: string, privateNetwork?: boolean): readonly string[]
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/

/** The most header names of a preflight that are read. */
const MAX_REQUESTED = 100

/** Prepares the headers once; a call only inserts the origin. */
export function createCors(options: CorsOptions): Cors {
  const { allowedHeaderPrefixes = [], methods = ['GET', 'POST', 'DELETE'], maxAgeSeconds = 86_400 } = options
  const allowedHeaders = options.allowedHeaders.join(', ')
  const exposedHeaders = options.exposedHeaders.join(', ')
  const withoutOrigin = ['Vary', 'Origin'] as const
  const methodList = methods.join(', ')
  const maxAge = `${maxAgeSeconds}`

  const byPrefix = (requested: string | undefined): string => {
    if (requested === undefined || allowedHeaderPrefixes.length === 0) return ''
    let names = ''
    for (const part of requested.split(',', MAX_REQUESTED)) {
      const name = part.trim().toLowerCase()
      if (TOKEN.test(name) && allowedHeaderPrefixes.some((prefix) => name.startsWith(prefix)))
        names += `, ${name}`
    }
    return names
  }

  return {
    headers(origin) {
      if (origin === undefined) return withoutOrigin
      const list = ['Access-Control-Allow-Origin', origin, 'Vary', 'Origin']
      if (exposedHeaders !== '') list.push('Access-Control-Expose-Headers', exposedHeaders)
      return list
    },
    preflight(origin, requestedHeaders, privateNetwork = false) {
      const allowed = privateNetwork ? ['Access-Control-Allow-Private-Network', 'true'] : []
      return [
        ...allowed,
        'Access-Control-Allow-Origin',
        origin,
        'Access-Control-Allow-Methods',
        methodList,
        'Access-Control-Allow-Headers',
        `${allowedHeaders}${byPrefix(requestedHeaders)}`,
        'Access-Control-Max-Age',
        maxAge,
        'Vary',
        'Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
      ]
    },
  }
}
