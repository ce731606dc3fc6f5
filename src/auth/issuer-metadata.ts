/**
 * Where an issuer has its keys: found in its metadata, which OAuth and OpenID Connect have at different places.
 *
 *    https://auth.example.com/tenant     /.well-known/oauth-authorization-server/tenant      RFC 8414
 *                                        /.well-known/openid-configuration/tenant            RFC 8414 section 5
 *                                        /tenant/.well-known/openid-configuration            OpenID Connect
 *
 * Spec: RFC 8414 section 3, OpenID Connect Discovery 1.0 section 4; 2026-07-28 authorization server discovery.
 */

import { shown } from '../bounds/quote.ts'
import { fetchJson } from './fetch-json.ts'
import { UnavailableError } from './token-error.ts'
import { isSecure } from './urls.ts'

const VISIBLE = /^[\x21-\x7e]+$/

/** The places, in the order in which they are tried. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const openid = '/.well-known/openid-configuration'
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${openid}${path}`,
    `${origin}${path}${openid}`,
  ]
  return [...new Set(urls)]
}

/**
 * @returns where the keys are
 * @throws {UnavailableError} no place has metadata of this issuer that name them
 */
export async function findKeysOf(issuer: string, timeoutMs: number): Promise<string> {
  const failures: unknown[] = []
  for (const url of metadataUrls(issuer)) {
    try {
      return await readKeysUrl(url, issuer, timeoutMs)
    } catch (error) {
      failures.push(error)
    }
  }
  const cause = new AggregateError(failures, failures.map((error) => (error as Error).message).join('; '))
  throw new UnavailableError(`The keys of ${issuer} cannot be found: ${cause.message}`, { cause })
}

async function readKeysUrl(url: string, issuer: string, timeoutMs: number): Promise<string> {
  const { issuer: said, jwks_uri: keys } = await fetchJson(url, { timeoutMs })
  // RFC 8414 section 3.3: it MUST be identical, or the document MUST NOT be used.
  if (said !== issuer)
    throw new UnavailableError(`${url} is of the issuer ${shown(said)}, not ${shown(issuer)}`)
  if (typeof keys === 'string' && VISIBLE.test(keys) && URL.canParse(keys) && isSecure(new URL(keys)))
    return keys
  throw new UnavailableError(`${url} has no jwks_uri with https; got ${shown(keys)}`)
}
