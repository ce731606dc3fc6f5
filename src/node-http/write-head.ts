/**
 * How a head is written.
 *
 * Not here: the header fields of an event stream (http/event-stream-head.ts).
 */

import type { ServerResponse } from 'node:http'
import { hasNodeWriteHead } from './node-internals.ts'

/**
 * Writes a head. node:http takes a flat list without a copy; in adapters that have a method of their own only the
 * object form is sure to be understood.
 *
 * @param headers - flat: name, value, name, value, ...
 */
export function writeHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  if (hasNodeWriteHead(response)) {
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
