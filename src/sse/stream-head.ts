/**
 * The head of an event stream: the header fields that every one of them has, and those of its owner.
 *
 * Spec: WHATWG HTML, "Server-sent events" {@link spec.sse}.
 */

import type { OutgoingHttpHeaders } from 'node:http'

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

/** Both as one flat list, the form that node:http takes without a copy; the given ones replace those above. */
export function withEventStreamHeaders(given?: OutgoingHttpHeaders | readonly string[]): string[] {
  if (given === undefined) return EVENT_STREAM_HEADERS as string[]
  const merged: string[] = Array.isArray(given)
    ? [...(given as readonly string[])]
    : flatten(given as OutgoingHttpHeaders)
  const names = new Set<string>()
  for (let i = 0; i < merged.length; i += 2) names.add((merged[i] as string).toLowerCase())
  for (let i = 0; i < EVENT_STREAM_HEADERS.length; i += 2) {
    const name = EVENT_STREAM_HEADERS[i] as string
    if (!names.has(name.toLowerCase())) merged.push(name, EVENT_STREAM_HEADERS[i + 1] as string)
  }
  return merged
}

function flatten(headers: OutgoingHttpHeaders): string[] {
  const flat: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, String(one))
  }
  return flat
}
