/**
 * What a reverse proxy says of the request that it passes on: `X-Forwarded-Host`, `X-Forwarded-Proto` and
 * `X-Forwarded-Prefix`. Any client can send these headers, so they are read only with the option `trustProxy`.
 *
 * A header may hold a list, to which each proxy adds what it saw. The last value is that of the nearest proxy, the only
 * one that is known to be trusted.
 *
 * Not here: whether the host is allowed (host.ts). `X-Forwarded-For` is not read: nothing depends on the address of a
 * client.
 */

import { quote } from '../bounds/quote.ts'
import { isLoopbackHost } from './host.ts'
import type { HttpExchange, RequestHeaders } from './http-exchange.ts'
import { authorityOf } from './target.ts'

export const FORWARDED_HOST = 'X-Forwarded-Host'

export interface Forwarded {
  /** The host that the client asked for. */
  readonly host: string | undefined
  /** The scheme that the client used. */
  readonly scheme: string | undefined
  /** The part of the path that the proxy has removed. */
  readonly prefix: string | undefined
}

export function readForwarded(headers: RequestHeaders): Forwarded {
  return {
    host: last(headers['x-forwarded-host']),
    scheme: last(headers['x-forwarded-proto'])?.toLowerCase(),
    prefix: last(headers['x-forwarded-prefix']),
  }
}

/**
 * For a refusal because of Host or Origin: what to change where a proxy is the cause.
 *
 * @param host - the refused Host; undefined: the Origin was refused
 * @returns a sentence to follow another one; empty when no proxy is known of
 */
export function proxyHint(headers: RequestHeaders, host: string | undefined): string {
  const { host: forwarded } = readForwarded(headers)
  if (forwarded !== undefined) {
    return `. A proxy says that its client asked for ${quote(forwarded)}: let the proxy pass on the Host header, or set the trustProxy option to check ${FORWARDED_HOST} instead`
  }
  const isForwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'].some((name) => name in headers)
  // nginx sends the address of the server as Host when it is not told otherwise.
  const isAddress = host !== undefined && isLoopbackHost(host.toLowerCase().replace(/:\d+$/, ''))
  if (!isForwarded && !isAddress) return ''
  return '. If a proxy is in front of this server, let it pass on the Host header of its client'
}

/**
 * A URL of this server, as those who sent a request would write it.
 *
 * @param host - the Host header
 * @param path - of the URL
 */
export function publicUrl(
  request: Pick<HttpExchange<unknown>, 'target' | 'scheme' | 'headers'>,
  host: string | undefined,
  path: string,
  trusted: boolean,
): string {
  const forwarded = trusted ? readForwarded(request.headers) : undefined
  const authority = forwarded?.host ?? authorityOf(request.target, host)
  return `${forwarded?.scheme ?? request.scheme}://${authority}${forwarded?.prefix ?? ''}${path}`
}

function last(value: string | string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value).split(',').at(-1)?.trim()
}
