/**
 * Token introspection, for opaque access tokens: the authorization server is asked what they mean.
 *
 * An answer is cached for a short time, so that a revoked token is refused soon. The same token in several requests at
 * once is asked for once.
 *
 * Spec: RFC 7662; RFC 6749 section 2.3.1 (how the id and the secret are sent).
 */

import { checkTime } from '../bounds/check-options.ts'
import { checkNames } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import {
  type Audience,
  audienceOf,
  checkAudience,
  checkTimes,
  readBinding,
  readPrincipal,
  type Verified,
} from './claims.ts'
import { fetchJson } from './fetch-json.ts'
import type { JsonMembers } from './strict-json.ts'
import { TokenError } from './token-error.ts'
import { checkUrl } from './urls.ts'
import type { TokenVerifier } from './verifier.ts'

export interface IntrospectionOptions {
  /** The introspection endpoint of the authorization server. */
  readonly endpoint: string
  /** The id of this server at the authorization server. */
  readonly clientId: string
  /** Its secret, sent with HTTP Basic. */
  readonly clientSecret: string
  /** Other names of the resource in `aud`, beside its URL. `false`: the server answers only for tokens of this resource. @defaultValue none */
  readonly audience?: string | readonly string[] | false | undefined
  /** Milliseconds for which an answer is cached, never beyond `exp`; 0: not at all. @defaultValue 60 s */
  readonly cacheMs?: number | undefined
  /** Milliseconds by which the clocks of the two servers may differ. @defaultValue 5 s */
  readonly clockToleranceMs?: number | undefined
  /** Milliseconds for each request; 0: no limit. @defaultValue 5 s */
  readonly timeoutMs?: number | undefined
}

const NAMES: readonly (keyof IntrospectionOptions)[] = [
  'endpoint',
  'clientId',
  'clientSecret',
  'audience',
  'cacheMs',
  'clockToleranceMs',
  'timeoutMs',
]

/**
 * Verifies tokens by asking the authorization server.
 *
 * @throws {TypeError} a wrong option, named
 *
 * @example
 * ```ts
 * introspection({ endpoint: 'https://auth.example.com/introspect', clientId: 'mcp', clientSecret: 'change me' })
 * ```
 */
export function introspection(options: IntrospectionOptions): TokenVerifier {
  checkNames(options, NAMES, 'introspection.')
  const { endpoint, clientId, clientSecret, audience } = options
  const { cacheMs = 60_000, clockToleranceMs = 5000, timeoutMs = 5000 } = options
  checkUrl('introspection.endpoint', endpoint)
  for (const [name, value] of Object.entries({ clientId, clientSecret })) {
    if (typeof value !== 'string' || value === '') {
      throw new TypeError(`introspection.${name} must be a string that is not empty; got ${kindOf(value)}`)
    }
  }
  for (const [name, value] of Object.entries({ cacheMs, clockToleranceMs, timeoutMs })) {
    checkTime(`introspection.${name}`, value)
  }
  const audienceFor = (resource: string): Audience =>
    audience === false ? false : audienceOf(resource, 'introspection.audience', audience)
  audienceFor('')
  const authorization = `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64')}`

  const ask = async (token: string, accepted: Audience): Promise<Verified> => {
    const form = new URLSearchParams({ token, token_type_hint: 'access_token' })
    const answer = await fetchJson(endpoint, { timeoutMs, form, headers: { authorization } })
    return read(answer, accepted, Date.now())
  }
  const read = (answer: JsonMembers, accepted: Audience, now: number): Verified => {
    if (answer['active'] !== true) {
      throw new TokenError(
        'The token is not valid',
        `active failed: expected true, got ${shown(answer['active'])}`,
      )
    }
    checkAudience(answer, accepted)
    const exp = checkTimes(answer, clockToleranceMs, now) ?? Number.POSITIVE_INFINITY
    const jkt = readBinding(answer)
    return { principal: readPrincipal(answer), until: Math.min(now + cacheMs, exp), jkt }
  }
  return {
    kind: 'introspection',
    forResource: (resource) => {
      const accepted = audienceFor(resource)
      /** By hash. Lifecycle: from the question to its answer. */
      const asking = new Map<string, Promise<Verified>>()
      return (token, hash) => {
        const earlier = asking.get(hash)
        if (earlier !== undefined) return earlier
        const answer = ask(token, accepted).finally(() => asking.delete(hash))
        asking.set(hash, answer)
        return answer
      }
    },
  }
}

/** As in a form, so that a colon in the id does not end it. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
