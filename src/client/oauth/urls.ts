/**
 * Which URLs credentials and metadata requests may go to.
 *
 *    https://anything            yes
 *    http://127.0.0.1, localhost where the MCP server is on this machine too, or the application named the URL itself
 *    http://anything else        no: OAuth 2.1 1.5, every endpoint MUST be served over https
 *    user:password@host          no
 *
 * A server could otherwise lead its client to services on the client's machine or in its network (server-side request
 * forgery). With `refusePrivateAddresses` addresses of private networks are refused too. Names are not resolved here:
 * where that matters, give a `fetch` that looks at the address it connects to.
 */

import { quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import { isLoopback } from './is-loopback.ts'

/** What is allowed beside `https:`. */
export interface UrlRules {
  /** `http:` and addresses of this machine. */
  readonly loopback: boolean
  readonly refusePrivate: boolean
}

/** RFC 1918, 6598, 3927, 4193, 4291: addresses that are not on the public internet, and names for them. */
const PRIVATE =
  /^(?:0\.|10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|\[(?:f[cd]|fe[89ab]|::)).*|^localhost$|\.(?:localhost|local|internal|home\.arpa)$/

/**
 * Parses a URL that came from outside and checks where it leads.
 *
 * @param what - names it in the message, as in `token_endpoint`
 * @throws {McpError} `ERR_AUTH_URL`
 */
export function checkUrl(text: string, what: string, rules: UrlRules): URL {
  if (!URL.canParse(text)) throw refusal(what, text, 'a URL')
  const url = new URL(text)
  const isOwnMachine = isLoopback(url)
  if (isOwnMachine && !rules.loopback) {
    throw refusal(what, text, 'a public address, because the MCP server is not on this machine')
  }
  if (url.protocol !== 'https:' && !(isOwnMachine && url.protocol === 'http:')) {
    throw refusal(what, text, 'https: (http: only on this machine, as with http://127.0.0.1)')
  }
  if (url.username !== '' || url.password !== '') throw refusal(what, url.origin, 'no user name or password')
  if (rules.refusePrivate && PRIVATE.test(url.hostname)) {
    throw refusal(what, text, 'a public address (refusePrivateAddresses)')
  }
  return url
}

/** The URL without query and fragment: what a server, its tokens and a DPoP proof are known by. */
export function withoutQuery(text: string): string {
  const url = new URL(text)
  return url.origin === 'null' ? text : url.origin + url.pathname
}

function refusal(what: string, text: string, expected: string): McpError {
  return new McpError('ERR_AUTH_URL', `${what} is ${quote(text)}, expected ${expected}`)
}
