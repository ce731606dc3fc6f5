/** The metadata of a resource for those who route requests themselves. */

import { documentOf, type ProtectedResource } from './protected-resource.ts'

/** As far as it is read: an `IncomingMessage`. */
export interface MetadataRequest {
  readonly method?: string | undefined
}

/** As far as it is used: a `ServerResponse`. */
export interface MetadataResponse {
  writeHead(status: number, headers: string[]): unknown
  end(text?: string): unknown
}

/**
 * Makes a handler that answers every request with the metadata document of a resource. Route the path of
 * `resource.metadataUrl` to it.
 *
 * @throws {TypeError} it is not what `protectedResource` returns
 *
 * @example
 * ```ts
 * app.all('/.well-known/oauth-protected-resource/mcp', metadataHandler(resource))
 * ```
 */
export function metadataHandler(
  resource: ProtectedResource,
): (request: MetadataRequest, response: MetadataResponse) => void {
  const document = documentOf(resource)
  return ({ method }, response) => {
    const { status, headers, text } = document.for(method)
    const length = text === undefined ? '0' : `${Buffer.byteLength(text)}`
    const content = text === undefined ? [] : ['Content-Type', 'application/json']
    // RFC 9110 section 8.6: not in a 204.
    response.writeHead(status, [
      ...headers,
      ...content,
      ...(status === 204 ? [] : ['Content-Length', length]),
    ])
    response.end(method === 'HEAD' ? undefined : text)
  }
}
