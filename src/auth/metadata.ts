/**
 * The metadata of a protected resource: where a client without a token finds the authorization server.
 *
 *    https://mcp.example.com/mcp  ->  /.well-known/oauth-protected-resource/mcp, and the same without the path
 *
 * The documents are public, and contain only what was configured: nothing of a request, such as its Host, has an effect on
 * them.
 *
 * Spec: RFC 9728 section 3; 2026-07-28 authorization server discovery.
 */

import type { AuthRequest, PublicDocument } from '../http/authenticate.ts'

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
  readonly #whole: PublicDocument

  constructor(resource: URL, content: object) {
    const path = resource.pathname.replace(/\/$/, '')
    this.#paths = new Set([WELL_KNOWN, `${WELL_KNOWN}/`, `${WELL_KNOWN}${path}`, `${WELL_KNOWN}${path}/`])
    const headers = [...COMMON, 'Cache-Control', `public, max-age=${MAX_AGE_S}`]
    this.#whole = { status: 200, headers, text: JSON.stringify(content) }
  }

  /** The reply to a request for the document; undefined: it is for something else. */
  at({ method, target }: Pick<AuthRequest, 'method' | 'target'>): PublicDocument | undefined {
    // Most requests end here.
    if (!target.includes('/.well-known/')) return undefined
    const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)
    return this.#paths.has(path) ? this.for(method) : undefined
  }

  for(method: string | undefined): PublicDocument {
    if (method === 'GET' || method === 'HEAD') return this.#whole
    if (method !== 'OPTIONS') return { status: 405, headers: [...COMMON, 'Allow', METHODS], text: undefined }
    const allowed = ['Access-Control-Allow-Methods', METHODS, 'Access-Control-Allow-Headers', '*']
    return {
      status: 204,
      headers: [...COMMON, ...allowed, 'Access-Control-Max-Age', '86400'],
      text: undefined,
    }
  }
}
