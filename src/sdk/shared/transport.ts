/** `shared/transport.js`: what carries messages. */

import type { JSONRPCMessage, MessageExtraInfo, RequestId } from '../types.ts'

export type FetchLike = (url: string | URL, init?: RequestInit) => Promise<Response>

export type TransportSendOptions = {
  relatedRequestId?: RequestId | undefined
  resumptionToken?: string | undefined
  onresumptiontoken?: ((token: string) => void) | undefined
}

export interface Transport {
  start(): Promise<void>
  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void>
  close(): Promise<void>
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: (<T extends JSONRPCMessage>(message: T, extra?: MessageExtraInfo) => void) | undefined
  sessionId?: string | undefined
  setProtocolVersion?: ((version: string) => void) | undefined
}

/** Headers as a plain object. */
export function normalizeHeaders(headers: RequestInit['headers'] | undefined): Record<string, string> {
  return headers === undefined ? {} : Object.fromEntries(new Headers(headers))
}

/** A fetch that sends `init` with each request, unless the request says otherwise. */
export function createFetchWithInit(baseFetch: FetchLike = fetch, baseInit?: RequestInit): FetchLike {
  if (baseInit === undefined) return baseFetch
  return (url, init) =>
    baseFetch(url, {
      ...baseInit,
      ...init,
      headers: { ...normalizeHeaders(baseInit.headers), ...normalizeHeaders(init?.headers) },
    })
}
