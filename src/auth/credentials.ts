/**
 * What the Authorization header brings: a token, by itself or with a proof of a key.
 *
 * Spec: RFC 6750 section 2.1, RFC 9449 section 7.1, RFC 9110 section 11.6.2.
 */

export type Credentials =
  | { readonly kind: 'token'; readonly scheme: 'bearer' | 'dpop'; readonly token: string }
  /** The header is absent, or has another scheme. */
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }

const TOKEN = /^(bearer|dpop) +([\w.~+/-]+=*)$/i
/** Another scheme, with whatever belongs to it. */
const OTHER = /^(?!(?:bearer|dpop)(?: |$))[!#$%&'*+.^`|~\w-]+(?: .*)?$/i

const NONE: Credentials = { kind: 'none' }
const MALFORMED: Credentials = { kind: 'malformed' }

export function readCredentials(authorization: string | undefined): Credentials {
  if (authorization === undefined) return NONE
  const match = TOKEN.exec(authorization)
  if (match === null) return OTHER.test(authorization) ? NONE : MALFORMED
  const [, scheme = '', token = ''] = match
  return { kind: 'token', scheme: scheme.length === 4 ? 'dpop' : 'bearer', token }
}
