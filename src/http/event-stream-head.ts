/**
 * The header fields that every event stream has.
 *
 * Spec: WHATWG HTML, "Server-sent events" {@link spec.sse}.
 */

const EVENT_STREAM_HEADERS: readonly string[] = [
  'Content-Type',
  'text/event-stream',
  // no-transform keeps compressing middleware and proxies from buffering frames.
  'Cache-Control',
  'no-cache, no-transform',
  // The same for nginx, which buffers proxied responses by default.
  'X-Accel-Buffering',
  'no',
]

/** `EVENT_STREAM_HEADERS` and the given ones, which replace those of the same name, as one flat list. */
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
