/**
 * Origin check: which web pages may talk to this server. Spec: {@link spec.security}, RFC 6454.
 *
 * A request without Origin does not come from a page's script and is allowed. `null` is refused whatever is
 * configured: any page can obtain that origin, by way of a sandboxed frame. Otherwise scheme, host and port must
 * all be those of an entry; a default port may be written or left out.
 *
 * A page whose host is the Host of the request is of the same origin, and may call: the Host check has allowed that
 * host. The scheme is not compared, since a proxy may terminate TLS. Where the Host check is off, this rule is off too:
 * a page on a name that was rebound to this server would match it.
 *
 * Not here: the Host check (host.ts), the headers that let a page read the answer (cors.ts).
 */

import { quote, shown } from '../bounds/quote.ts'
import { isLoopbackHost } from './host.ts'

/** Options of the check. */
export interface OriginOptions {
  /**
   * Entries such as `https://app.example.com` or `http://localhost:5173`; `*` allows every origin but `null`.
   * `undefined`: pages of this machine (http and https on `localhost`, `127.0.0.1`, `[::1]`, every port) as
   * long as `allowedHosts` is `undefined` too. Pages of the host that the request goes to may call in any case.
   */
  readonly allowedOrigins?: readonly string[] | undefined
  /** The option of the Host check: with it, the server is not for this machine only. */
  readonly allowedHosts?: readonly string[] | undefined
}

/**
 * @param origin - the Origin header
 * @param host - the Host header, which the Host check has allowed
 */
export type OriginCheck = (origin: string | undefined, host?: string) => true | string

/** scheme, host, port */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::(\d{1,5}))?$/

const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
])

/**
 * Makes the check.
 *
 * @throws {TypeError} for an entry that is not an origin
 */
export function createOriginCheck(options: OriginOptions): OriginCheck {
  const { allowedOrigins, allowedHosts } = options
  const allowsLoopback = allowedOrigins === undefined && allowedHosts === undefined
  const entries = readEntries(allowedOrigins ?? [])
  const allowsAll = entries.has('*')

  const checksHost = allowedHosts?.includes('*') !== true

  let lastAccepted: string | undefined
  return (value, host) => {
    if (value === undefined || value === lastAccepted) return true
    if (value.toLowerCase() === 'null') {
      return 'The Origin header "null" is not allowed: expected an origin that the allowedOrigins option lists'
    }
    const origin = parseOrigin(value)
    const isAllowed =
      allowsAll ||
      (origin !== undefined && (entries.has(origin.text) || (allowsLoopback && isLoopback(origin))))
    if (isAllowed) {
      lastAccepted = value
      return true
    }
    if (checksHost && origin !== undefined && host !== undefined && isSameHost(origin, host)) return true
    return `The Origin header ${quote(value)} is not allowed: if this page may call, add it to the allowedOrigins option`
  }
}

interface Origin {
  readonly scheme: string
  readonly host: string
  /** Lower case, without a default port: what is compared. */
  readonly text: string
}

function parseOrigin(value: string): Origin | undefined {
  const match = ORIGIN.exec(value.toLowerCase())
  if (match === null) return undefined
  const scheme = match[1] as string
  const host = match[2] as string
  const port = match[3]
  const isDefaultPort = port === undefined || port === DEFAULT_PORTS.get(scheme)
  return { scheme, host, text: isDefaultPort ? `${scheme}://${host}` : `${scheme}://${host}:${port}` }
}

/** Whether origin and host name the same host and port; the default port of the scheme may be omitted. */
function isSameHost({ scheme, text }: Origin, host: string): boolean {
  return parseOrigin(`${scheme}://${host}`)?.text === text
}

function isLoopback(origin: Origin): boolean {
  return DEFAULT_PORTS.has(origin.scheme) && isLoopbackHost(origin.host)
}

function readEntries(allowedOrigins: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(allowedOrigins)) throw new TypeError('allowedOrigins must be an array of origins')
  const entries = new Set<string>()
  for (const entry of allowedOrigins) {
    const text = entry === '*' ? '*' : typeof entry === 'string' ? parseOrigin(entry)?.text : undefined
    if (text === undefined) {
      throw new TypeError(
        `allowedOrigins: ${shown(entry)} is not an origin: expected "https://example.com" or "https://example.com:8443" without a path, or "*"`,
      )
    }
    entries.add(text)
  }
  return entries
}
