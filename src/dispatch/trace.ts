/**
 * W3C trace context of a request: from `_meta`, or from the HTTP headers when the message has none.
 *
 * Values that do not have the form of their standard are left out, so that what is passed on is always valid.
 *
 * Spec: W3C Trace Context (https://www.w3.org/TR/trace-context/), W3C Baggage; 2026-07-28 overview, `_meta`
 * {@link spec.overview}; SEP-414.
 */

import type { RequestHeaders } from '../http/http-exchange.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import type { JsonObject } from '../protocol/wire-types.ts'

export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string | undefined
  readonly baggage?: string | undefined
}

/** version "-" trace-id "-" parent-id "-" flags; version ff and all-zero ids are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
/** Visible ASCII and spaces; both standards ask for at least this much to be passed on. */
const LIST = /^[\t\x20-\x7e]{1,8192}$/

/** @returns undefined when there is no valid `traceparent` */
export function readTrace(meta: JsonObject, headers: RequestHeaders): TraceContext | undefined {
  const source = meta[MetaKey.TRACEPARENT] === undefined ? (headers as JsonObject) : meta
  const traceparent = source[MetaKey.TRACEPARENT]
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined
  const tracestate = source[MetaKey.TRACESTATE]
  const baggage = source[MetaKey.BAGGAGE]
  return {
    traceparent,
    ...(isList(tracestate) && { tracestate }),
    ...(isList(baggage) && { baggage }),
  }
}

function isList(value: unknown): value is string {
  return typeof value === 'string' && LIST.test(value)
}
