/**
 * Host and Origin of requests, which browsers set: a web page whose name was rebound to an address of this machine must
 * not reach a server there.
 *
 *    enableDnsRebindingProtection: true     Host and Origin must be in the lists that are given, as they are written there
 *    false                                  not checked
 *    not said                               a request that came in on a loopback address must name this machine, or be
 *                                           one of the lists; one on another address is not checked, since only the
 *                                           program knows by which names it is reached there
 *
 * Spec: 2025-11-25 transports, "Security Warning" {@link spec.security}.
 */

import type { IncomingMessage } from 'node:http'
import { createHostCheck, type HeaderCheck } from '../http/host.ts'
import { createOriginCheck, type OriginCheck } from '../http/origin.ts'

export interface HostCheckOptions {
  allowedHosts?: string[]
  allowedOrigins?: string[]
  enableDnsRebindingProtection?: boolean
}

const LOOPBACK_ADDRESS = /^(?:127\.|::1$|::ffff:127\.)/

let checkHost: HeaderCheck | undefined
let checkOrigin: OriginCheck | undefined

/** @returns why the request is refused */
export function refusalOf(request: IncomingMessage, options: HostCheckOptions): string | undefined {
  const { allowedHosts = [], allowedOrigins = [], enableDnsRebindingProtection: isOn } = options
  const { host, origin } = request.headers
  if (isOn === false) return undefined
  if (isOn === true) {
    if (allowedHosts.length > 0 && !allowedHosts.includes(host ?? '')) return `Invalid Host header: ${host}`
    if (allowedOrigins.length > 0 && origin !== undefined && !allowedOrigins.includes(origin)) {
      return `Invalid Origin header: ${origin}`
    }
    return undefined
  }
  if (!LOOPBACK_ADDRESS.test(request.socket?.localAddress ?? '')) return undefined
  checkHost ??= createHostCheck({ allowedHosts: undefined })
  checkOrigin ??= createOriginCheck({ allowedOrigins: undefined, allowedHosts: undefined })
  const hostCheck = allowedHosts.includes(host ?? '') || checkHost(host)
  if (hostCheck !== true) return `${hostCheck} of the transport`
  const originCheck = origin === undefined || allowedOrigins.includes(origin) || checkOrigin(origin, host)
  return originCheck === true ? undefined : `${originCheck} of the transport`
}
