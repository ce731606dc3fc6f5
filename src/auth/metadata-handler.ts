/** The metadata of a resource for those who route requests themselves. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { documentOf, type ProtectedResource } from './protected-resource.ts'

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
): (request: IncomingMessage, response: ServerResponse) => void {
  const document = documentOf(resource)
  return (request, response) => document.send(request, response)
}
