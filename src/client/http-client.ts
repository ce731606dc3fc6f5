/**
 * HTTP requests to one server: `fetch` with credentials, challenges, redirects and repetition. Bodies of responses are
 * read elsewhere (inbox.ts).
 *
 *    send --> [ headers of auth --> fetch ] <--- once more: 307 or 308 within the origin, at most 3 times
 *                                           <--- once more: the credentials were renewed (onChallenge), at most 3 times
 *         <-- repeated, with a growing delay: connection refused; 429 or 503 with Retry-After; at most `retries` times
 *
 * Only what the server has certainly not begun to do is repeated. Credentials never leave the origin.
 */

import { McpError } from '../jsonrpc/rpc-error.ts'
import type { AuthProvider } from './auth-provider.ts'
import { mcpError, reasonOf, shortUrl, withStatus } from './errors.ts'
import type { FetchLike } from './fetch-like.ts'
import type { Settings } from './options.ts'
import { backOff, retryAfterMs, sleep } from './timing.ts'
import { TokenAuth } from './token-auth.ts'

const MAX_REDIRECTS = 3
const MAX_CHALLENGES = 3
/** A server that asks for more patience than this is not waited for. */
const MAX_RETRY_AFTER_MS = 60_000
const REDIRECT: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What runtimes say when nothing listens at the address. */
const REFUSED: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ConnectionRefused'])

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** @defaultValue that of the server */
  readonly url?: string | undefined
  /** Whether to repeat what the server refused. @defaultValue true */
  readonly retries?: boolean | undefined
  /** Stops the time limits of the request while a user logs in. @returns what starts them again */
  readonly pause?: (() => () => void) | undefined
}

export class HttpClient {
  readonly url: string
  readonly #fetch: FetchLike
  readonly #auth: AuthProvider | undefined
  readonly #settings: Settings
  /** Names in lower case: one that differs from ours in case alone would be sent beside it. */
  readonly #custom: Readonly<Record<string, string>> | undefined
  /** Called when other credentials than before are sent: what was cached may be of another user. */
  onIdentity: () => void = () => {}
  /** As `pause` of a request, for the time that connecting may take. */
  onPause: () => () => void = () => () => {}
  #identity: string | undefined

  constructor(url: URL, settings: Settings) {
    const { fetch: given = (input, init) => fetch(input, init), middleware = [], auth, headers } = settings
    // A fragment is never sent, and `fetch` refuses user names in a URL.
    url.hash = ''
    this.url = url.href
    this.#fetch = middleware.reduceRight((next, wrap) => wrap(next), given)
    this.#auth = typeof auth === 'object' ? auth : auth === undefined ? undefined : new TokenAuth(auth)
    this.#custom =
      headers &&
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]))
    this.#settings = settings
  }

  /**
   * @returns the response, whatever its status
   * @throws {McpError} ERR_CONNECTION, ERR_REDIRECT; or the reason of the signal
   */
  async send(request: HttpRequest): Promise<Response> {
    const retries = request.retries === false ? 0 : this.#settings.retries
    for (let tries = 0; ; tries++) {
      let waitMs: number
      try {
        const response = await this.#once(request)
        const after = tries < retries ? refusedUntil(response) : undefined
        if (after === undefined) return response
        await discard(response)
        waitMs = after + backOff(this.#settings.retryDelayMs, 0) - this.#settings.retryDelayMs / 2
      } catch (error) {
        if (tries >= retries || !wasRefused(error)) throw error
        waitMs = backOff(this.#settings.retryDelayMs, tries)
      }
      await sleep(waitMs, request.signal)
    }
  }

  /** One try: with redirects and challenges. */
  async #once(request: HttpRequest): Promise<Response> {
    const { method, headers, body, signal, url: start = this.url } = request
    const auth = this.#auth
    const custom = this.#custom
    let url = start
    // One object for all tries: by it a provider knows what it did for this request.
    let asked = { url, method, signal }
    let challenges = 0
    for (let redirects = 0; ; ) {
      const own = custom === undefined ? headers : { ...custom, ...headers }
      const credentials = auth && (await this.#paused(request, () => auth.headers(asked)))
      if (credentials !== undefined) this.#identify(credentials)
      const response = await this.#fetchOnce(url, {
        method,
        headers: credentials === undefined ? own : { ...own, ...credentials },
        redirect: 'manual',
        ...(body !== undefined && { body }),
        ...(signal !== undefined && { signal }),
      })
      if (REDIRECT.has(response.status) || response.type === 'opaqueredirect') {
        await discard(response)
        redirects += 1
        url = this.#redirected(response, url, redirects)
        asked = { url, method, signal }
        continue
      }
      if (auth !== undefined && concernsAuth(response)) {
        const again = await this.#paused(request, () => auth.onChallenge(response, asked))
        if (again && isRefusal(response) && challenges < MAX_CHALLENGES) {
          challenges += 1
          await discard(response)
          continue
        }
      }
      return response
    }
  }

  /** A login takes as long as its user takes. The provider of the credentials has time limits of its own. */
  async #paused<T>({ pause }: HttpRequest, work: () => T | PromiseLike<T>): Promise<T> {
    const resumes = [this.onPause(), pause?.()]
    try {
      return await work()
    } finally {
      for (const resume of resumes) resume?.()
    }
  }

  #identify({ authorization, Authorization = authorization }: Readonly<Record<string, string>>): void {
    if (Authorization === this.#identity) return
    if (this.#identity !== undefined) this.onIdentity()
    this.#identity = Authorization
  }

  async #fetchOnce(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, init)
    } catch (error) {
      if (init.signal?.aborted) throw init.signal.reason
      if (error instanceof McpError) throw error
      const message = `${init.method} ${shortUrl(url)} got no answer: ${reasonOf(error)}`
      throw mcpError('ERR_CONNECTION', message, error)
    }
  }

  #redirected({ status, headers }: Response, from: string, redirects: number): string {
    const location = headers.get('location')
    const fail = (problem: string) => {
      const error = mcpError('ERR_REDIRECT', `${shortUrl(from)} redirects (HTTP ${status}) ${problem}`)
      return status === 0 ? error : withStatus(error, status)
    }
    if (location === null) throw fail('without saying where to')
    if (!URL.canParse(location, from)) throw fail('to something that is no URL')
    const to = new URL(location, from)
    const shown = to.protocol === 'http:' || to.protocol === 'https:' ? shortUrl(to.href) : to.protocol
    // 301 to 303 turn a POST into a GET, which would lose the message.
    if (status !== 307 && status !== 308) throw fail(`to ${shown}; only 307 and 308 keep a message`)
    if (to.origin !== new URL(this.url).origin) {
      throw fail(`to ${shown}, another origin, which is not followed: connect to it directly if you trust it`)
    }
    if (redirects > MAX_REDIRECTS) throw fail(`to ${shown}, more than ${MAX_REDIRECTS} times in a row`)
    return to.href
  }
}

function isRefusal({ status }: Response): boolean {
  return status === 401 || status === 403
}

function concernsAuth({ status, headers }: Response): boolean {
  return status === 401 || (status === 403 && headers.has('www-authenticate')) || headers.has('dpop-nonce')
}

/** How long to wait before the request is repeated; undefined: not at all. */
function refusedUntil({ status, headers }: Response): number | undefined {
  if (status !== 429 && status !== 503) return undefined
  const after = retryAfterMs(headers.get('retry-after'))
  return after !== undefined && after <= MAX_RETRY_AFTER_MS ? after : undefined
}

/** Whether no connection was made, so that nothing was sent. Browsers do not say. */
function wasRefused(error: unknown): boolean {
  for (let reason = error, depth = 0; depth < 5 && typeof reason === 'object' && reason !== null; depth++) {
    const { code, errors, cause, message } = reason as {
      readonly code?: unknown
      readonly errors?: unknown
      readonly cause?: unknown
      readonly message?: unknown
    }
    if (REFUSED.has(code)) return true
    // Deno has no code.
    if (typeof message === 'string' && /\(os error (?:111|61|10061)\)/.test(message)) return true
    // Both addresses of a name were tried.
    if (Array.isArray(errors)) return errors.length > 0 && errors.every(wasRefused)
    reason = cause
  }
  return false
}

/** Nothing of a body is wanted. The connection is given back where that is possible. */
export async function discard(response: Response): Promise<void> {
  try {
    await response.body?.cancel()
  } catch {
    // It was read already, or the connection is gone.
  }
}
