/**
 * The head of an event stream: the header fields of every stream, merged with those of its owner, and how a head is
 * written.
 *
 * Spec: WHATWG HTML, "Server-sent events" {@link spec.sse}.
 */

import { ServerResponse } from 'node:http'

const { writeHead: nodeWriteHead } = ServerResponse.prototype

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

/**
 * Writes a head. node:http accepts a flat list without a copy; the `writeHead` of an adapter may support only the object
 * form.
 *
 * @param headers - flat: name, value, name, value, ...
 */
export function writeHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  if (response.writeHead === nodeWriteHead) {
    response.writeHead(status, headers as string[])
    return
  }
  const fields: { [name: string]: string | string[] } = {}
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = headers.slice(i, i + 2) as [string, string]
    fields[name] = name in fields ? [fields[name] as string, value].flat() : value
  }
  response.writeHead(status, fields)
}

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
