/**
 * The metadata of a protected resource: where a client that has no token learns who gives one.
 *
 *    https://mcp.example.com/mcp  ->  /.well-known/oauth-protected-resource/mcp, and the same without the path
 *
 * The documents are public, and say only what was configured: nothing of a request, of its Host above all, decides what
 * is in them.
 *
 * Spec: RFC 9728 section 3; 2026-07-28 authorization server discovery.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const MAX_AGE_S = 3600

const COMMON = ['Access-Control-Allow-Origin', '*'] as const
const METHODS = 'GET, HEAD, OPTIONS'

/** RFC 9728 section 3.1: the well-known part goes between the host and the path. */
export function metadataUrl(resource: URL): string {
  const { origin, pathname, search } = resource
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`
}

export class MetadataDocument {
  readonly #paths: ReadonlySet<string>
  readonly #text: string

  constructor(resource: URL, content: object) {
    const path = resource.pathname.replace(/\/$/, '')
    this.#paths = new Set([WELL_KNOWN, `${WELL_KNOWN}/`, `${WELL_KNOWN}${path}`, `${WELL_KNOWN}${path}/`])
    this.#text = JSON.stringify(content)
  }

  /** Answers a request for the document. @returns false: it is for something else */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '' } = request
    // Most requests end here.
    if (!url.includes('/.well-known/')) return false
    const target = (request as { originalUrl?: string }).originalUrl ?? url
    const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)
    if (!this.#paths.has(path)) return false
    this.send(request, response)
    return true
  }

  send(request: IncomingMessage, response: ServerResponse): void {
    const { method } = request
    if (method === 'OPTIONS') {
      const allowed = ['Access-Control-Allow-Methods', METHODS, 'Access-Control-Allow-Headers', '*']
      response.writeHead(204, [...COMMON, ...allowed, 'Access-Control-Max-Age', '86400']).end()
      return
    }
    if (method !== 'GET' && method !== 'HEAD') {
      // What is left of a body cannot be told from a next request.
      const close = ['Allow', METHODS, 'Content-Length', '0', 'Connection', 'close']
      response.writeHead(405, [...COMMON, ...close]).end()
      return
    }
    const length = `${Buffer.byteLength(this.#text)}`
    const head = ['Content-Type', 'application/json', 'Content-Length', length]
    response.writeHead(200, [...COMMON, ...head, 'Cache-Control', `public, max-age=${MAX_AGE_S}`])
    response.end(method === 'HEAD' ? undefined : this.#text)
  }
}
