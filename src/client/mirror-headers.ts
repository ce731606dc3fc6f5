/**
 * Headers that repeat parameters of a tool call, so that gateways can route by them without reading the body.
 *
 * Spec: 2026-07-28 Streamable HTTP, "Custom Headers from Tool Parameters" {@link spec.customHeaders}.
 * Not here: which parameters are annotated (json-schema/header-parameters.ts).
 */

import { type HeaderParameter, parameterValue } from '../json-schema/header-parameters.ts'
import { PARAM_HEADER_PREFIX } from '../protocol/header-names.ts'

/** Visible ASCII, with spaces inside only: `fetch` takes away spaces and tabs around a value. */
const PLAIN = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/
const SENTINEL = /^=\?base64\?.*\?=$/

/** @returns undefined where there is nothing to repeat */
export function parameterHeaders(
  parameters: readonly HeaderParameter[],
  args: unknown,
): Record<string, string> | undefined {
  let headers: Record<string, string> | undefined
  for (const parameter of parameters) {
    const value = parameterValue(args, parameter)
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue
    headers ??= {}
    headers[`${PARAM_HEADER_PREFIX}${parameter.name}`] = encodeHeader(String(value))
  }
  return headers
}

/** The value as it is, or in base64 of UTF-8 where a header could not carry it. */
export function encodeHeader(value: string): string {
  if (PLAIN.test(value) && !SENTINEL.test(value)) return value
  let bytes = ''
  for (const byte of new TextEncoder().encode(value)) bytes += String.fromCharCode(byte)
  return `=?base64?${btoa(bytes)}?=`
}
