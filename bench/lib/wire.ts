/**
 * The requests of the benchmark as they go on the wire, for each way of talking. The bytes of one request are always
 * the same: clients that number their requests from 1 exist, and the load generator is spared a copy.
 */

import { MetaKey } from '../../src/protocol/meta-keys.ts'
import type { JsonObject } from '../../src/protocol/wire-types.ts'
import { ACCESS_TOKEN } from './access-token.ts'
import { type Guarded, TOKEN, type Wire } from './setup.ts'

export const SESSION_VERSION = '2025-11-25'
export const STATELESS_VERSION = '2026-07-28'
export const CLIENT_INFO = { name: 'bench-client', version: '1.0.0' }

export interface WireRequest {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface RequestOptions {
  readonly guarded?: Guarded
  readonly sessionId?: string | undefined
  /** Revision of the session era. @defaultValue the newest one */
  readonly version?: string | undefined
  /** Asks for progress notifications. */
  readonly progressToken?: string
}

const ACCEPT = 'application/json, text/event-stream'

/** A JSON-RPC request with id 1. */
export function rpc(
  wire: Wire,
  method: string,
  params: JsonObject,
  options: RequestOptions = {},
): WireRequest {
  const { progressToken, sessionId, guarded } = options
  const meta = {
    ...(wire === 'stateless' && {
      [MetaKey.PROTOCOL_VERSION]: STATELESS_VERSION,
      [MetaKey.CLIENT_INFO]: CLIENT_INFO,
      [MetaKey.CLIENT_CAPABILITIES]: {},
    }),
    ...(progressToken !== undefined && { progressToken }),
  }
  const hasMeta = Object.keys(meta).length > 0
  const { name } = params as { readonly name?: unknown }
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: ACCEPT,
    ...(guarded !== undefined &&
      guarded !== false && { authorization: `Bearer ${guarded === 'oauth' ? ACCESS_TOKEN : TOKEN}` }),
    ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
  }
  if (wire === 'stateless') {
    headers['mcp-protocol-version'] = STATELESS_VERSION
    headers['mcp-method'] = method
    if (typeof name === 'string') headers['mcp-name'] = name
  } else if (method !== 'initialize') {
    headers['mcp-protocol-version'] = options.version ?? SESSION_VERSION
  }
  const message = { jsonrpc: '2.0', id: 1, method, params: hasMeta ? { ...params, _meta: meta } : params }
  return { method: 'POST', headers, body: JSON.stringify(message) }
}

export function callTool(
  wire: Wire,
  name: string,
  args: JsonObject,
  options: RequestOptions = {},
): WireRequest {
  return rpc(wire, 'tools/call', { name, arguments: args }, options)
}

export function initialize(options: RequestOptions = {}): WireRequest {
  const params = {
    protocolVersion: options.version ?? SESSION_VERSION,
    capabilities: {},
    clientInfo: CLIENT_INFO,
  }
  return rpc('session', 'initialize', params, options)
}

export function initialized(options: RequestOptions): WireRequest {
  const { headers } = rpc('session', 'notifications/initialized', {}, options)
  return {
    method: 'POST',
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
  }
}

/** GET: the session's own stream, or the rest of the one that `lastEventId` names. */
export function listen(sessionId: string, version: string | undefined, lastEventId?: string): WireRequest {
  return {
    method: 'GET',
    headers: {
      accept: 'text/event-stream',
      'mcp-session-id': sessionId,
      'mcp-protocol-version': version ?? SESSION_VERSION,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    body: '',
  }
}

/** The stateless era's way to hear of changes. */
export function subscribe(): WireRequest {
  return rpc('stateless', 'subscriptions/listen', { notifications: { toolsListChanged: true } })
}

/** The request as bytes for a socket. */
export function toBytes(request: WireRequest, port: number): Buffer {
  const { method, headers, body } = request
  let head = `${method} /mcp HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n`
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`
  if (method === 'POST') head += `content-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${head}\r\n${body}`)
}
