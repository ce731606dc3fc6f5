/**
 * URI references of schemas: resolving against a base (RFC 3986, section 5) and reading fragments.
 *
 * A schema without `$id` has no base URI. It gets a placeholder that no document has by accident, so that
 * `$ref: "item"` finds `$id: "item"` in the same schema; `display` removes it for messages.
 */

const NO_BASE = 'json-schema:///'

/** The base URI of a schema that has none. */
export const ROOT_URI = NO_BASE

/**
 * Resolves a reference.
 *
 * @returns the absolute URI without fragment and the fragment as written (`''` if none), or undefined when
 * the text is no URI reference
 */
export function resolveUri(base: string, reference: string): { uri: string; fragment: string } | undefined {
  const hash = reference.indexOf('#')
  const fragment = hash === -1 ? '' : reference.slice(hash + 1)
  const rest = hash === -1 ? reference : reference.slice(0, hash)
  if (rest === '') return { uri: base, fragment }
  // A base such as urn:uuid:... has no path to resolve against; an absolute reference needs none.
  const url = URL.canParse(rest, base) ? new URL(rest, base) : undefined
  return url === undefined ? undefined : { uri: url.href, fragment }
}

/** A URI for messages: without the placeholder for a missing base URI. */
export function display(uri: string): string {
  return uri.startsWith(NO_BASE) ? uri.slice(NO_BASE.length) : uri
}

/** Decodes percent-encoding; undefined when it is malformed. */
export function decodeFragment(fragment: string): string | undefined {
  if (!fragment.includes('%')) return fragment
  try {
    return decodeURIComponent(fragment)
  } catch {
    return undefined
  }
}

/** Splits a JSON Pointer (RFC 6901) that starts with `/` into unescaped segments. */
export function pointerSegments(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}
