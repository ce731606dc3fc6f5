/** URIs of resources: those that clients send, and those that are registered. */

import { uriTemplateLimits } from './uri-template.ts'

/** A scheme whose URIs have a host, and a host (with user and port) of more characters than any name has. */
const LONG_HOST = /^(?:https?|wss?|ftp|file):[/\\]*[^/\\?#]{257}/i

/**
 * Reads a URI that a client sent. In an international host name `URL` takes time that grows with the square of its
 * length: 0.2 s for 8,000 characters (Node 20). So a host that cannot exist is not given to it.
 */
export function parseUri(uri: string): URL | undefined {
  // No template matches a longer one.
  if (uri.length > uriTemplateLimits.maxUriLength) return undefined
  // `URL` ignores such characters, too.
  if (LONG_HOST.test(uri.replace(/[\0-\x20]+/g, ''))) return undefined
  return URL.canParse(uri) ? new URL(uri) : undefined
}

/** Stricter than `URL`, which accepts and repairs what RFC 3986 does not allow. */
export function isUri(uri: unknown): boolean {
  return (
    typeof uri === 'string' &&
    /^[a-z][a-z0-9+.-]*:(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})*$/i.test(uri) &&
    URL.canParse(uri)
  )
}
