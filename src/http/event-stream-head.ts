/**
 * The header fields that every event stream has.
 *
 * Spec: WHATWG HTML, "Server-sent events" {@link spec.sse}.
 */

const EVENT_STREAM_HEADERS: readonly string[] = [
  'Content-Type',
  'text/event-stream',
  // no-transform keeps compressing middleware and proxies from holding frames back.
  'Cache-Control',
  'no-cache, no-transform',
  // The same, for nginx, which buffers proxied responses unless told not to.
  'X-Accel-Buffering',
  'no',
]

/** Both as one flat list; the given ones replace those above. */
export function withEventStreamHeaders(given?: readonly string[]): readonly string[] {
  if (given === undefined) return EVENT_STREAM_HEADERS
  const merged = [...given]
  const names = new Set<string>()
  for (let i = 0; i < merged.length; i += 2) names.add((merged[i] as string).toLowerCase())
  for (let i = 0; i < EVENT_STREAM_HEADERS.length; i += 2) {
    const name = EVENT_STREAM_HEADERS[i] as string
    if (!names.has(name.toLowerCase())) merged.push(name, EVENT_STREAM_HEADERS[i + 1] as string)
  }
  return merged
}
