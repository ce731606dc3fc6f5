/**
 * The target of a request, which may be a path or a whole URL.
 *
 * Absolute form is for proxies, but a server MUST accept it (RFC 9112 section 3.2.2).
 */

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i

/**
 * The host and port that a request is for.
 *
 * @param host - the Host header
 */
export function authorityOf(target: string, host: string | undefined): string | undefined {
  // The authority of an absolute-form target MUST be taken in place of Host (RFC 9112 section 3.2.2).
  return ABSOLUTE_FORM.exec(target)?.[1] ?? host
}

/** Without a query. Nothing is percent-decoded, so that a proxy and this server see the same path. */
export function pathOf(target: string): string {
  const [path = ''] = target.replace(ABSOLUTE_FORM, '').split(/[?#]/, 1)
  return path
}
