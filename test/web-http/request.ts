/** Requests for a fetch handler in process, and what came back. */

import type { FetchHandler } from '../../src/fetch.ts'
import type { WireJson } from '../helpers/wire.ts'

export const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}
const PREFIX = 'io.modelcontextprotocol/'
const ENVELOPE = {
  [`${PREFIX}protocolVersion`]: '2026-07-28',
  [`${PREFIX}clientInfo`]: { name: 'test', version: '1.0.0' },
  [`${PREFIX}clientCapabilities`]: {},
}

export interface RequestInit2 {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly url?: string
  readonly meta?: object
}

/** A `tools/call` of the stateless era. */
export function callRequest(name: string, args: object = {}, options: RequestInit2 = {}): Request {
  const params = { name, arguments: args, _meta: { ...ENVELOPE, progressToken: 't', ...options.meta } }
  const mirrored = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  return postOf(body, { ...options, headers: { ...mirrored, ...options.headers } })
}

export function initializeRequest(options: RequestInit2 = {}): Request {
  const clientInfo = { name: 'test', version: '1.0.0' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  return postOf(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }), options)
}

export function postOf(body: string | ReadableStream, options: RequestInit2 = {}): Request {
  const { url = 'http://localhost:3000/mcp', headers, signal } = options
  const init = { method: 'POST', body, headers: { ...HEADERS, ...headers }, signal: signal ?? null }
  return new Request(url, { ...init, ...(typeof body !== 'string' && { duplex: 'half' as const }) })
}

export async function answerOf(
  handler: FetchHandler,
  request: Request,
): Promise<{ status: number; json: WireJson }> {
  const response = await handler(request)
  return { status: response.status, json: await response.json() }
}

/** Reads pieces of a stream until they hold a text. */
export async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  text: string,
): Promise<string> {
  let received = ''
  while (!received.includes(text)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`the stream ended after ${received}`)
    received += Buffer.from(value).toString()
  }
  return received
}
