/** Bodies that a framework has read before the request came here. */

import type { IncomingMessage } from 'node:http'

/**
 * What a framework has made of the body; undefined when nothing was parsed: null is JSON too.
 *
 * An empty object says nothing where the body has not been read: Express 4 puts one there for every body that none of
 * its parsers took.
 */
export function parsedBodyOf(request: IncomingMessage, parsedBody: unknown): unknown {
  const given = typeof parsedBody === 'function' ? undefined : parsedBody
  const parsed = given === undefined ? (request as { body?: unknown }).body : given
  const isUnread = !request.readableDidRead && !request.readableEnded
  return isUnread && isEmptyObject(parsed) ? undefined : parsed
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0
}
