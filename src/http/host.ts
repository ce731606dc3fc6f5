/**
 * Host check: protects a server on a private address against DNS rebinding, where a web page makes a browser
 * resolve the page's own name to that address. Such a request carries the page's name in `Host`.
 * Spec: {@link spec.security}, RFC 9110 7.2.
 *
 * An entry is a host, or a host and a port. Hosts are compared whole and without regard to case: no suffix,
 * no pattern. An entry that names a port matches that port only. One without a port matches every port, since
 * what rebinding changes is the name. `*` turns the check off.
 *
 * Not here: the Origin check (origin.ts), repeated Host lines (headers.ts).
 */

import { quote, shown } from '../bounds/quote.ts'

/**
 * Returns `true`, or a sentence that says why the value is refused.
 *
 * @param name - of the header that the value is from; absent: Host
 */
export type HeaderCheck = (value: string | undefined, name?: string) => true | string

/** Names of this machine itself, accepted when nothing else is configured. */
const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** `name`, `name:port`, `[IPv6]` or `[IPv6]:port`, in lower case. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/

/** Whether a host, in lower case and without its port, names this machine. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_HOSTS.includes(host)
}

/**
 * Makes the check.
 *
 * @param options - `allowedHosts`: entries such as `example.com`, `example.com:8443`, `[::1]` or `*`; `undefined`
 * allows `localhost`, `127.0.0.1` and `[::1]` on every port
 * @throws {TypeError} for a list that is empty or has an entry that is not a host
 */
export function createHostCheck(options: {
  readonly allowedHosts: readonly string[] | undefined
}): HeaderCheck {
  const entries = readEntries(options.allowedHosts ?? LOOPBACK_HOSTS)
  if (entries === '*') return () => true

  // The last accepted value is cached: nearly all requests of a server have the same Host.
  let lastAccepted: string | undefined
  return (value, name = 'Host') => {
    if (value === undefined)
      return 'The Host header is missing: expected a host that the allowedHosts option lists'
    if (value === lastAccepted) return true
    const match = HOST.exec(value.toLowerCase())
    if (match !== null && (entries.has(match[0]) || entries.has(match[1] as string))) {
      lastAccepted = value
      return true
    }
    return `The ${name} header ${quote(value)} is not allowed: if this name is right, add it to the allowedHosts option`
  }
}

function readEntries(allowedHosts: readonly string[]): ReadonlySet<string> | '*' {
  if (!Array.isArray(allowedHosts) || allowedHosts.length === 0) {
    throw new TypeError('allowedHosts must be an array with at least one host; ["*"] turns the check off')
  }
  const entries = new Set<string>()
  for (const entry of allowedHosts) {
    const lower = typeof entry === 'string' ? entry.toLowerCase() : ''
    if (lower !== '*' && !HOST.test(lower)) {
      throw new TypeError(
        `allowedHosts: ${shown(entry)} is not a host: expected "example.com", "example.com:8443", "[::1]" or "*"`,
      )
    }
    entries.add(lower)
  }
  return entries.has('*') ? '*' : entries
}
