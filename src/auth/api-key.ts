/**
 * API keys, for servers without an authorization server: a header or a query parameter, verified by a function of the
 * application. The result is a principal like any other: sessions, tasks and limits are bound to it.
 *
 * There is no metadata document and no flow: a client has the key, or its user gives it.
 *
 * Spec: RFC 9110 section 11.6.1: every 401 has a challenge.
 */

import { checkTime, oneOf, requireType } from '../bounds/check-options.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { checkNames } from '../bounds/option-names.ts'
import { shown } from '../bounds/quote.ts'
import type { Authentication, Authenticator, AuthRequest, VerifiedPrincipal } from '../http/authenticate.ts'
import { challenge } from '../http/bearer.ts'
import { Rejection } from '../http/rejection.ts'
import { checkPrincipal } from './custom-verify.ts'
import { type ScopeDeclarations, ScopeTable } from './scope-table.ts'
import { AnswerError, inTime, unavailable } from './verification-failure.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a request is depends on what carries it
export interface ApiKeyOptions<Request = any> {
  /** Header that has the key, such as `x-api-key`. This, or `query`. */
  readonly header?: string | undefined
  /** Parameter of the query that has the key. URLs are written to logs: a header is the better place. */
  readonly query?: string | undefined
  /**
   * Finds the principal of a key. Compare keys by their hash, or in constant time (`crypto.timingSafeEqual`).
   *
   * @returns `undefined` or `null` for a key that is not known: 401
   * @throws a failure of the server: 503, and the error goes to `onError`
   */
  readonly verify: (
    key: string,
    request: Request,
  ) => VerifiedPrincipal | null | undefined | PromiseLike<VerifiedPrincipal | null | undefined>
  /** The scopes that there are, and what they imply. @defaultValue those of `requiredScopes` */
  readonly scopes?: ScopeDeclarations | undefined
  /** Scopes that every caller must have; 403 for those who lack one. @defaultValue none */
  readonly requiredScopes?: readonly string[] | undefined
  /** Whether lists show entries whose scopes the caller lacks. @defaultValue 'show' */
  readonly lists?: 'show' | 'hide' | undefined
  /** Milliseconds that `verify` may take, 503 after that; 0: no limit. @defaultValue 10 s */
  readonly timeoutMs?: number | undefined
}

const NAMES: readonly (keyof ApiKeyOptions)[] = [
  'header',
  'query',
  'verify',
  'scopes',
  'requiredScopes',
  'lists',
  'timeoutMs',
]
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const MAX_KEY_LENGTH = 4096

/**
 * Requires an API key with every request: a value for the option `auth`.
 *
 * @throws {TypeError} a wrong option, named
 *
 * @example
 * ```ts
 * const users = new Map([[sha256('key of ada'), { id: 'ada' }]])
 * await serve(server, { auth: apiKey({ header: 'x-api-key', verify: (key) => users.get(sha256(key)) }) })
 * ```
 */
export function apiKey(options: ApiKeyOptions): Authenticator {
  const { header, query, verify, lists, timeoutMs, requiredScopes } = checkApiKey(options)
  const scopes = new ScopeTable(options.scopes, requiredScopes, 'apiKey.')
  const place = header === undefined ? { query: query as string } : { header }
  const where = header === undefined ? `the query parameter ${query}` : `the header ${header}`
  const readKeys = header === undefined ? keysInQuery(query as string) : keysInHeader(header.toLowerCase())

  const refuse = refuseWith(place)
  const insufficient = (granted: readonly string[] | undefined, needed: readonly string[]) => {
    const missing = needed.filter((scope) => !scopes.allows(granted, [scope]))
    const reason = `scope failed: expected ${needed.join(' ')}, got ${granted?.join(' ').slice(0, 500) ?? 'none'}`
    const about = { error: 'insufficient_scope', scope: scopes.toAskFor(needed, granted) }
    return refuse(403, `The API key lacks the scope ${missing.join(' ')}`, reason, about)
  }
  const toAuthentication = (answer: unknown): Authentication<VerifiedPrincipal> => {
    if (answer === undefined || answer === null) {
      return refuse(401, 'The API key is not valid', 'verify knows no such key', { error: 'invalid_token' })
    }
    const principal = checkPrincipal(answer, 'verify')
    return scopes.allows(principal.scopes, requiredScopes)
      ? { principal }
      : insufficient(principal.scopes, requiredScopes)
  }
  const failed = (error: unknown) => {
    if (error instanceof AnswerError) throw error
    return unavailable(error)
  }
  return {
    authenticate: (_authorization, request) => {
      const keys = readKeys(request)
      const [key] = keys
      if (key === undefined) return refuse(401, `An API key is required, in ${where}`, 'there is no API key')
      if (keys.length > 1 || key.length > MAX_KEY_LENGTH) {
        return refuse(
          400,
          `There must be one API key, in ${where}`,
          'several API keys, or one that is too long',
          { error: 'invalid_request' },
        )
      }
      try {
        const answer = verify(key, request.native)
        return isPromise(answer)
          ? inTime(answer, timeoutMs, 'verify').then(toAuthentication).catch(failed)
          : toAuthentication(answer)
      } catch (error) {
        return failed(error)
      }
    },
    access: {
      declared: scopes.declared,
      hides: lists === 'hide',
      allows: (principal, needed) => scopes.allows(principal?.scopes, needed),
      rejection: (principal, needed) => insufficient(principal?.scopes, needed).rejection,
    },
    requestHeaders: header === undefined ? [] : [header],
    replyHeaders: [],
  }
}

/** @throws {TypeError} a wrong option, named */
function checkApiKey(options: ApiKeyOptions) {
  checkNames(options, NAMES, 'apiKey.')
  const { header, query, verify, lists = 'show', timeoutMs = 10_000, requiredScopes = [] } = options
  if ((header === undefined) === (query === undefined)) {
    throw new TypeError(
      'apiKey needs the name of a header or of a query parameter: give one of header and query',
    )
  }
  if (header !== undefined && (typeof header !== 'string' || !TOKEN.test(header))) {
    throw new TypeError(`apiKey.header must be the name of a header; got ${shown(header)}`)
  }
  if (query !== undefined && (typeof query !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(query))) {
    throw new TypeError(`apiKey.query must be the name of a parameter; got ${shown(query)}`)
  }
  requireType('apiKey.verify', verify, ['function'])
  oneOf('apiKey.lists', lists, ['show', 'hide'])
  checkTime('apiKey.timeoutMs', timeoutMs)
  return { header, query, verify, lists, timeoutMs, requiredScopes }
}

/** @param place - where the key belongs, as parameters of the challenge */
function refuseWith(place: { readonly [name: string]: string }) {
  return (
    status: 400 | 401 | 403,
    message: string,
    reason: string,
    about: { error?: string; scope?: string | undefined } = {},
  ) => {
    const value = challenge({ scheme: 'ApiKey', others: place, ...about, errorDescription: message })
    const headers = ['WWW-Authenticate', value]
    return { rejection: new Rejection(status, message, undefined, headers, reason) }
  }
}

function keysInHeader(name: string): (request: AuthRequest) => readonly string[] {
  return ({ headers }) => {
    const value = headers[name]
    return value === undefined || value === '' ? [] : [value].flat()
  }
}

function keysInQuery(name: string): (request: AuthRequest) => readonly string[] {
  return ({ target }) => {
    const start = target.indexOf('?')
    if (start === -1) return []
    return new URLSearchParams(target.slice(start + 1)).getAll(name).filter((key) => key !== '')
  }
}
