/** `shared/auth-utils.js`: resources of OAuth (RFC 8707). */

/** Without the fragment. */
export function resourceUrlFromServerUrl(url: URL | string): URL {
  const resource = new URL(url)
  resource.hash = ''
  return resource
}

/** Whether a token for one resource may be used for another: of the same origin, and at or below its path. */
export function checkResourceAllowed({
  requestedResource,
  configuredResource,
}: {
  requestedResource: URL | string
  configuredResource: URL | string
}): boolean {
  const requested = new URL(requestedResource)
  const configured = new URL(configuredResource)
  const withSlash = ({ pathname }: URL) => (pathname.endsWith('/') ? pathname : `${pathname}/`)
  return requested.origin === configured.origin && withSlash(requested).startsWith(withSlash(configured))
}
