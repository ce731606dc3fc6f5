/** Bodies that a framework has parsed before it called the handler. */

import type { IncomingMessage } from 'node:http'

/**
 * The body that a framework has parsed; undefined when it did not parse one (null is valid JSON).
 *
 * An empty object is ignored while the body is unread: Express 4 sets one for every body that its parsers did not read.
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
