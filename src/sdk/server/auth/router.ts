/**
 * `server/auth/router.js`: the documents by which clients find the authorization server of this resource.
 *
 * Spec: RFC 9728, RFC 8414.
 * Not here: an authorization server.
 */

import { type Middleware, sendJson } from '../http-middleware.ts'

export type AuthMetadataOptions = {
  oauthMetadata: { issuer: string; [member: string]: unknown }
  resourceServerUrl: URL
  serviceDocumentationUrl?: URL
  scopesSupported?: string[]
  resourceName?: string
}

const RESOURCE = '/.well-known/oauth-protected-resource'
const SERVER = '/.well-known/oauth-authorization-server'
/** For scripts of any page. */
const PUBLIC = { 'Access-Control-Allow-Origin': '*' }
const METHODS = 'GET, OPTIONS'
const PREFLIGHT = { 'Access-Control-Allow-Methods': METHODS, 'Access-Control-Allow-Headers': '*' }

export function mcpAuthMetadataRouter(options: AuthMetadataOptions): Middleware {
  const { oauthMetadata, resourceServerUrl, serviceDocumentationUrl, scopesSupported, resourceName } = options
  const documents = new Map<string, object>([
    [
      new URL(getOAuthProtectedResourceMetadataUrl(resourceServerUrl)).pathname,
      {
        resource: resourceServerUrl.href,
        authorization_servers: [oauthMetadata.issuer],
        scopes_supported: scopesSupported,
        resource_name: resourceName,
        resource_documentation: serviceDocumentationUrl?.href,
      },
    ],
    [SERVER, oauthMetadata],
  ])
  return (request, response, next) => {
    const [path = ''] = (request.originalUrl ?? request.url ?? '').split('?', 1)
    const document = documents.get(path)
    if (document === undefined) next()
    else if (request.method === 'GET') sendJson(response, 200, document, PUBLIC)
    // Pages send the version of the protocol as a header, so that browsers ask first.
    else if (request.method === 'OPTIONS') response.writeHead(204, { ...PUBLIC, ...PREFLIGHT }).end()
    else response.writeHead(405, { ...PUBLIC, Allow: METHODS }).end()
  }
}

export function getOAuthProtectedResourceMetadataUrl(serverUrl: URL): string {
  const { pathname } = serverUrl
  return new URL(`${RESOURCE}${pathname === '/' ? '' : pathname}`, serverUrl).href
}

/** @throws {Error} always, see mcpAuthRouter */
export function createOAuthMetadata(_options: unknown): never {
  throw new Error(
    'createOAuthMetadata is not supported: run an authorization server of your own, which has its own metadata',
  )
}

/** @throws {Error} always: an authorization server is not part of this library */
export function mcpAuthRouter(_options: unknown): never {
  throw new Error(
    'mcpAuthRouter is not supported: run an authorization server of your own, and protect this resource with requireBearerAuth, or with protectedResource of barewire/auth',
  )
}
