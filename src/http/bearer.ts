/**
 * Bearer tokens: reading `Authorization`, writing `WWW-Authenticate`.
 * RFC 6750 2.1 and 3, RFC 9110 11, RFC 9728 5.1 (`resource_metadata`).
 *
 * Not here: whether a token is valid, and the status of a refusal (authenticate.ts).
 */

/**
 * What Authorization holds:
 * - `token`: a bearer token
 * - `none`: the header is absent, or its scheme is another one
 * - `malformed`: the scheme is Bearer, and what follows is not a token
 */
export type BearerResult =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }

/** RFC 6750 2.1: the scheme in any case, spaces, then b64token. */
const BEARER = /^bearer +([\w.~+/-]+=*)$/i
const BEARER_SCHEME = /^bearer(?: |$)/i

const NONE: BearerResult = { kind: 'none' }
const MALFORMED: BearerResult = { kind: 'malformed' }

/** Reads the value of an Authorization header. */
export function parseBearer(authorization: string | undefined): BearerResult {
  if (authorization === undefined || !BEARER_SCHEME.test(authorization)) return NONE
  const token = BEARER.exec(authorization)?.[1]
  return token === undefined ? MALFORMED : { kind: 'token', token }
}

/** The parameters of a challenge. */
export interface ChallengeOptions {
  /** @defaultValue Bearer */
  readonly scheme?: string | undefined
  readonly realm?: string | undefined
  /** URL of the protected resource metadata (RFC 9728). */
  readonly resourceMetadata?: string | undefined
  /** Scopes that are needed, separated by spaces. */
  readonly scope?: string | undefined
  /** `invalid_request`, `invalid_token` or `insufficient_scope`; left out when the request had no token. */
  readonly error?: string | undefined
  /** One sentence; characters that RFC 6750 does not allow in it are replaced. */
  readonly errorDescription?: string | undefined
  /** Parameters that the scheme has beside these. */
  readonly others?: { readonly [name: string]: string } | undefined
}

/**
 * Writes the value of a WWW-Authenticate header.
 *
 * @throws {TypeError} when a parameter other than the description has a character that cannot be in it
 *
 * @example
 * ```ts
 * challenge({ resourceMetadata: 'https://example.com/.well-known/oauth-protected-resource/mcp' })
 * // Bearer resource_metadata="https://example.com/.well-known/oauth-protected-resource/mcp"
 * ```
 */
export function challenge(options: ChallengeOptions): string {
  const parameters: string[] = []
  const add = (name: string, value: string | undefined): void => {
    if (value === undefined) return
    // RFC 9110 5.6.4: what can stand in a quoted-string, here without obs-text.
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      throw new TypeError(`challenge: ${name} must be visible ASCII, received ${JSON.stringify(value)}`)
    }
    parameters.push(`${name}="${value.replace(/["\\]/g, '\\$&')}"`)
  }
  const { scheme = 'Bearer', others = {} } = options
  add('realm', options.realm)
  for (const [name, value] of Object.entries(others)) add(name, value)
  add('error', options.error)
  // RFC 6750 3: %x20-21 / %x23-5B / %x5D-7E, which leaves out the quote and the backslash.
  add(
    'error_description',
    options.errorDescription?.replace(/"/g, "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?'),
  )
  add('scope', options.scope)
  add('resource_metadata', options.resourceMetadata)
  return parameters.length === 0 ? scheme : `${scheme} ${parameters.join(', ')}`
}
