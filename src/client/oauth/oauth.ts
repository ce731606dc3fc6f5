/**
 * `oauth(options)`: authorization for a client that acts for a user.
 */

import { requireType } from '../../bounds/check-options.ts'
import { checkNames } from '../../bounds/option-names.ts'
import { kindOf, shown } from '../../bounds/quote.ts'
import type { AuthProvider } from '../auth-provider.ts'
import type { OnRedirect, Redirected } from './authorization-code.ts'
import { isLoopback } from './is-loopback.ts'
import { LazyProvider } from './lazy-provider.ts'
import {
  checkSecret,
  checkTokenOptions,
  checkUrlOption,
  KEY_OPTIONS,
  type KeyOptions,
  keyOf,
  type TokenOptions,
} from './options.ts'
import type { ClientMetadata } from './registration.ts'

/** Settings of {@link oauth}. */
export interface OAuthOptions extends TokenOptions, KeyOptions {
  /**
   * Where the authorization server sends the user back to: `https:`, `http:` on this machine, or a scheme of the
   * application's own.
   */
  readonly redirectUrl: string | URL
  /**
   * Brings the user to a URL, and resolves with the URL that the user comes back to (or its query). Resolves with
   * undefined where the program does not see that, as a web page that is left: see {@link oauth}.
   */
  readonly onRedirect: OnRedirect
  /** The client id that the authorization server gave out; without it the client registers itself. */
  readonly clientId?: string | undefined
  /** Its secret, of a registration that has one. */
  readonly clientSecret?: string | undefined
  /** `https:` URL of the client's metadata document, which servers may take for its id (SEP-991). */
  readonly clientMetadataUrl?: string | undefined
  /** For dynamic registration (RFC 7591), by the names there. */
  readonly clientMetadata?: ClientMetadata | undefined
}

/** An {@link AuthProvider} whose user logs in. */
export interface OAuthProvider extends AuthProvider {
  /**
   * Takes up a login whose page was left, and keeps its tokens in the store.
   *
   * @param redirected - the URL that the user came back to, or its query
   * @throws {McpError} `ERR_AUTH_RESPONSE`: not the answer to a login that was begun with this store;
   *   `ERR_AUTH_DENIED`, `ERR_AUTH_TOKEN`
   */
  finishAuthorization(
    redirected: Redirected,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>
  /** Forgets the tokens for an MCP server, as for logging out. */
  forget(serverUrl: string | URL): Promise<void>
}

const NAMES = [
  'redirectUrl',
  'onRedirect',
  'clientId',
  'clientSecret',
  'clientMetadataUrl',
  'clientMetadata',
  ...KEY_OPTIONS,
]

/**
 * Authorization by the user: finds the authorization server, registers the client, brings the user to the login, gets
 * and refreshes tokens, and asks for more scopes when a server wants them.
 *
 * `onRedirect` decides how the user gets to the login. A command-line program opens the browser and waits
 * (`loopbackRedirect`); a desktop application opens a window and waits.
 *
 * A **web page** is left, so it does it in two steps. `onRedirect` sends the browser to the URL and gives undefined; the
 * call that needed the login rejects with `ERR_AUTH_PENDING`. On the page of `redirectUrl`, with the same options and a
 * `store` that outlives pages, `finishAuthorization(location.href)` completes the login; then connect again.
 *
 * @param options - `redirectUrl` and `onRedirect`; everything else has a default
 * @returns what the `auth` option of a client takes
 * @throws {TypeError} an option that is not known or not usable
 *
 * @example
 * ```ts
 * const auth = oauth({
 *   redirectUrl: 'https://app.example.com/callback',
 *   store: { get: (key) => sessionStorage.getItem(key) ?? undefined, set: (key, value) => sessionStorage.setItem(key, value), delete: (key) => sessionStorage.removeItem(key) },
 *   onRedirect: (url) => { location.assign(url) },
 * })
 * if (location.pathname === '/callback') await auth.finishAuthorization(location.href)
 * ```
 */
export function oauth(options: OAuthOptions): OAuthProvider {
  const prefix = 'oauth.'
  const settings = checkTokenOptions(options, NAMES, prefix)
  const { onRedirect, clientId, clientSecret, clientMetadataUrl, clientMetadata = {} } = options
  const redirectUrl = checkRedirectUrl(options.redirectUrl)
  requireType('oauth.onRedirect', onRedirect, ['function'])
  requireType('oauth.clientMetadata', clientMetadata, ['object'])
  if (clientId !== undefined) checkSecret('oauth.clientId', clientId)
  checkSecret('oauth.clientSecret', clientSecret)
  if (clientSecret !== undefined && clientId === undefined) {
    throw new TypeError('oauth.clientSecret needs oauth.clientId, which it belongs to')
  }
  if (clientMetadataUrl !== undefined) checkMetadataUrl(clientMetadataUrl)
  const key = keyOf(options, prefix)
  const preRegistered =
    clientId === undefined ? undefined : async () => ({ clientId, clientSecret, key: await key() })
  const identity = { preRegistered, metadataUrl: clientMetadataUrl, key, clientMetadata, redirectUrl }
  const lazy = new LazyProvider(({ UserProvider }) => new UserProvider(identity, onRedirect, settings))

  return {
    headers: (request) => lazy.headers(request),
    onChallenge: (response, request) => lazy.onChallenge(response, request),
    forget: async (serverUrl) => (await lazy.loaded()).forget(String(serverUrl)),
    async finishAuthorization(redirected, finishing = {}) {
      checkNames(finishing, ['signal'], 'finishAuthorization.')
      const { signal = new AbortController().signal } = finishing
      await (await lazy.loaded()).finish(redirected, signal)
    },
  }
}

/** Schemes that a browser runs or shows itself, and that no application is behind. */
const NO_APPLICATION = /^(?:https?|javascript|data|blob|file|about|ws|wss|ftp):$/

function checkRedirectUrl(value: unknown): string {
  const text = value instanceof URL ? value.href : value
  if (typeof text === 'string' && URL.canParse(text)) {
    const url = new URL(text)
    const isWeb = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
    if (url.hash === '' && (isWeb || !NO_APPLICATION.test(url.protocol))) return text
  }
  throw new TypeError(
    `oauth.redirectUrl must be an https: URL, http: on this machine, or of a scheme of your own, without a fragment; got ${
      typeof text === 'string' ? shown(text) : kindOf(value)
    }`,
  )
}

/** SEP-991: https, and a path. */
function checkMetadataUrl(value: unknown): void {
  const url = checkUrlOption('oauth.clientMetadataUrl', value)
  if (url.protocol === 'https:' && url.pathname !== '/') return
  throw new TypeError(
    `oauth.clientMetadataUrl must be an https: URL with a path, such as /client.json; got ${shown(value)}`,
  )
}
