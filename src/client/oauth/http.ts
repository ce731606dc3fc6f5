/**
 * HTTP for the authorization flows: one bounded request and its answer as text.
 *
 * A metadata document is followed through redirects within its own origin only, and a request that carries credentials
 * through none, so that neither is sent anywhere else than to the checked URL.
 */

import { quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { FetchLike } from '../fetch-like.ts'
import { readText } from '../read-text.ts'

/** How requests are sent. */
export interface Http {
  readonly fetch: FetchLike
  /** For one request, answer included; 0: none. */
  readonly timeoutMs: number
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Metadata and token responses of real servers have 1 to 10 kB. */
const MAX_BYTES = 262_144
const MAX_REDIRECTS = 3

/** What is sent: a GET, or a form or JSON document by POST. */
export interface Sending {
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  /** Present: a POST. */
  readonly body?: string
  readonly signal: AbortSignal
}

/**
 * @throws {McpError} `ERR_AUTH_NETWORK`: no answer, an answer that is too large, or a redirect that is not followed
 * @throws the reason of the signal, when the caller gave up
 */
export async function request(http: Http, url: URL, sending: Sending): Promise<Answer> {
  const { fetch: send, timeoutMs } = http
  const { what, body, signal } = sending
  signal.throwIfAborted()
  const controller = new AbortController()
  const stop = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', stop)
  let isLate = false
  const giveUp = (): void => {
    isLate = true
    controller.abort()
  }
  const timer = timeoutMs === 0 ? undefined : setTimeout(giveUp, timeoutMs)
  const init: RequestInit = {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept: 'application/json', ...sending.headers },
    // Where the answer leads is decided here.
    redirect: 'manual',
    signal: controller.signal,
    // Cookies have no part in these flows.
    credentials: 'omit',
    ...(body === undefined ? {} : { body }),
  }
  try {
    let target = url
    for (let redirects = 0; ; redirects++) {
      const response = await send(target, init)
      const next = redirectOf(response, target)
      if (next === undefined) {
        return {
          status: response.status,
          headers: response.headers,
          text: await readText(response, MAX_BYTES, () => tooLarge(what)),
        }
      }
      void response.body?.cancel().catch(() => {})
      if (
        body !== undefined ||
        next === 'hidden' ||
        next.origin !== url.origin ||
        redirects >= MAX_REDIRECTS
      ) {
        const where = next === 'hidden' ? '' : ` to ${quote(next.origin + next.pathname)}`
        throw new McpError(
          'ERR_AUTH_NETWORK',
          `${what} at ${shownUrl(target)} redirects${where}, expected an answer`,
        )
      }
      target = next
    }
  } catch (error) {
    if (error instanceof McpError) throw error
    signal.throwIfAborted()
    const reason = isLate ? `did not answer within ${timeoutMs} ms` : 'cannot be reached'
    throw new McpError('ERR_AUTH_NETWORK', `${what} at ${shownUrl(url)} ${reason}`, { cause: error })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** Where a redirect leads; `hidden` in a browser, which does not say. */
function redirectOf(response: Response, from: URL): URL | 'hidden' | undefined {
  if (response.type === 'opaqueredirect') return 'hidden'
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined
  const location = response.headers.get('location')
  return location !== null && URL.canParse(location, from.href) ? new URL(location, from) : 'hidden'
}

function tooLarge(what: string): McpError {
  return new McpError('ERR_AUTH_NETWORK', `${what} sent more than the ${MAX_BYTES} bytes that are read of it`)
}

/** The JSON object that a text is, or undefined when it is anything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** A URL as it may stand in a message: without its query, which can hold secrets. */
export function shownUrl(url: URL): string {
  return quote(url.origin + url.pathname)
}
