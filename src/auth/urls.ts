/**
 * URLs that decide who is trusted: the resource, its issuers, and where their keys are.
 *
 * OAuth has https everywhere; on loopback, which cannot be intercepted, http is allowed for development.
 *
 * Spec: RFC 8707 section 2 (the resource), RFC 8414 section 2 (the issuer), {@link spec.authorization}.
 */

import { shown } from '../bounds/quote.ts'

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
/** Visible ASCII: what `URL` would encode, or fold to another host, is not what the owner of the option meant. */
const VISIBLE = /^[\x21-\x7e]+$/

/** Whether a URL may be trusted: nobody on the way can change what it answers. */
export function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

/**
 * Checks a URL among the options.
 *
 * @throws {TypeError} naming the option, when it is no absolute URL, not https (loopback aside), or has a fragment or
 *   a password
 */
export function checkUrl(option: string, value: unknown): URL {
  if (typeof value !== 'string' || !VISIBLE.test(value) || !URL.canParse(value)) {
    throw new TypeError(
      `${option} must be an absolute https URL (http on loopback only); got ${shown(value)}`,
    )
  }
  const url = new URL(value)
  if (!isSecure(url)) {
    throw new TypeError(`${option} must be an https URL (http on loopback only); got ${shown(value)}`)
  }
  if (url.hash !== '' || value.includes('#') || url.username !== '' || url.password !== '') {
    throw new TypeError(`${option} must be a URL without a fragment, user or password; got ${shown(value)}`)
  }
  return url
}

const SCHEME_AND_HOST = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/is

/**
 * The form in which identifiers of resources are compared: scheme and host in lower case, and no slash that stands
 * alone. Anything else must be the same, character by character: `URL` would take other characters for ASCII ones.
 */
export function canonical(identifier: string): string {
  if (!VISIBLE.test(identifier)) return identifier
  const parts = SCHEME_AND_HOST.exec(identifier)
  if (parts === null) return identifier
  const [, host = '', rest = ''] = parts
  return host.toLowerCase() + (rest === '/' ? '' : rest)
}
