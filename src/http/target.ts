/**
 * The target of a request, which may be a path or a whole URL.
 *
 * Absolute form is for proxies, but a server MUST accept it (RFC 9112 section 3.2.2).
 */

import type { HttpExchange } from './http-exchange.ts'

/** What is read of a request. */
export type RequestPath = Pick<HttpExchange<unknown>, 'target' | 'url'>

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i

/**
 * The host and port that a request is for.
 *
 * @param host - the Host header
 */
export function authorityOf(target: string, host: string | undefined): string | undefined {
  if (target.startsWith('/')) return host
  // The authority of an absolute-form target MUST be taken in place of Host (RFC 9112 section 3.2.2).
  return ABSOLUTE_FORM.exec(target)?.[1] ?? host
}

/** Without a query. Nothing is percent-decoded, so that a proxy and this server see the same path. */
export function pathOf(target: string): string {
  const [path = ''] = target.replace(ABSOLUTE_FORM, '').split(/[?#]/, 1)
  return path
}

/**
 * Whether a request is for a path. The query is ignored. Below a mount point of a framework, the path may be that of the
 * whole URL or the part after the mount point.
 */
export function isAt({ url, target }: RequestPath, path: string): boolean {
  return url === path || isPath(url, path) || isPath(target, path)
}

function isPath(target: string | undefined, path: string): boolean {
  const given = pathOf(target ?? '')
  return given === path || given === `${path}/`
}
