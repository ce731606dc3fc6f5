/** Bodies that a framework has read before the request came here. */

import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { decodeBody } from '../jsonrpc/decode-body.ts'

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

/**
 * A framework hands the body over as JSON, or as the bytes or the text that it found. JSON may be nested to any depth:
 * whatever walks it bounds its own recursion.
 */
export function readParsed(parsed: unknown, maxDepth: number): unknown {
  if (parsed instanceof Uint8Array) return decodeBody(parsed, maxDepth)
  return typeof parsed === 'string' ? decodeBody(Buffer.from(parsed), maxDepth) : parsed
}
