/**
 * Options about what is between a server and those who use it: a reverse proxy, or a browser in the place of a client.
 */

import { requireType } from '../bounds/check-options.ts'

export interface EdgeOptions {
  /**
   * Believes the proxy in front of this server: `X-Forwarded-Host` is checked in the place of `Host`, and the page for
   * browsers shows a URL with `X-Forwarded-Proto` and `X-Forwarded-Prefix`. Only where every request comes through a
   * proxy that sets these headers itself, since clients can send them too. @defaultValue false
   */
  readonly trustProxy?: boolean | undefined
  /**
   * Answers a browser (GET, `Accept: text/html`) at the endpoint, and at `/` where `path` is given, with a page for
   * people: name, version, tools, how to connect. With `auth` it lists no tools. @defaultValue true
   */
  readonly page?: boolean | undefined
}

export interface EdgeSettings {
  readonly trustProxy: boolean
  readonly page: boolean
}

export const EDGE_NAMES = ['trustProxy', 'page'] as const

/** @throws {TypeError} naming the option */
export function checkEdge({ trustProxy = false, page = true }: EdgeOptions): EdgeSettings {
  requireType('trustProxy', trustProxy, ['boolean'])
  requireType('page', page, ['boolean'])
  return { trustProxy, page }
}
