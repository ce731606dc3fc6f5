/**
 * Mirrored headers: what a request says in its body and again in its headers, where gateways read it. The two
 * must agree, or a gateway would let pass what it has not seen.
 *
 * Spec: 2026-07-28 Streamable HTTP, "Request Metadata" {@link spec.requestMetadata}, SEP-2243.
 */

import { Buffer } from 'node:buffer'
import { quote } from '../../bounds/quote.ts'
import type { CalledTool } from '../../dispatch/rpc-exchange.ts'
import { parameterValue } from '../../json-schema/header-parameters.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { PARAM_HEADER_PREFIX } from '../../protocol/header-names.ts'
import { NAMED_BY } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'

/** RFC 9110 section 5.5: visible ASCII, space and tab. */
const PLAIN = /^[\t\x20-\x7e]*$/
const SENTINEL = /^=\?base64\?(.*)\?=$/s
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Headers and body disagree. */
export class HeaderMismatchError extends RpcError {
  constructor(problem: string) {
    super(ErrorCode.HEADER_MISMATCH, `Header mismatch: ${problem}`)
  }
}

/** @throws {HeaderMismatchError} -32020 */
export function checkVersionHeader(header: string | undefined, protocolVersion: string): void {
  if (header !== protocolVersion) throw mismatch('MCP-Protocol-Version', header, protocolVersion)
}

/**
 * `Mcp-Method` and `Mcp-Name`.
 *
 * @param namedBy - the parameters that name what a request of an extension is about
 * @throws {HeaderMismatchError} -32020
 */
export function checkStandardHeaders(
  method: string,
  params: JsonObject | undefined,
  methodHeader: string | undefined,
  nameHeader: string | undefined,
  namedBy: ReadonlyMap<string, string> | undefined,
): void {
  if (methodHeader !== method) throw mismatch('Mcp-Method', methodHeader, method)
  const member = NAMED_BY.get(method) ?? namedBy?.get(method)
  const name = member === undefined ? undefined : params?.[member]
  // A request that lacks the member itself is refused for that, by who needs it.
  if (typeof name !== 'string') return
  if (nameHeader === undefined || decodeHeader('Mcp-Name', nameHeader) !== name) {
    throw mismatch('Mcp-Name', nameHeader, name)
  }
}

/**
 * `Mcp-Param-*`, for the annotated parameters of a tool.
 *
 * @param rawHeaders - as node:http has them: a header that occurs twice must be seen
 * @throws {HeaderMismatchError} -32020
 */
export function checkParameterHeaders(
  parameters: CalledTool['headerParameters'],
  args: unknown,
  rawHeaders: readonly string[],
): void {
  for (const parameter of parameters) {
    const name = `Mcp-Param-${parameter.name}`
    const wanted = `${PARAM_HEADER_PREFIX}${parameter.name}`.toLowerCase()
    const values = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === wanted)
    if (values.length > 1) throw new HeaderMismatchError(`The ${name} header occurs more than once`)
    const [header] = values
    const value = parameterValue(args, parameter)
    if (value === undefined || value === null) {
      if (header !== undefined)
        throw new HeaderMismatchError(`The ${name} header has no value in the arguments to repeat`)
      continue
    }
    if (typeof value === 'object') {
      throw mismatch(name, header, Array.isArray(value) ? 'an array' : 'an object')
    }
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new HeaderMismatchError(
        `The ${name} header repeats an integer beyond 2^53-1, which not all read alike`,
      )
    }
    if (header === undefined || !equals(decodeHeader(name, header), value)) {
      throw mismatch(name, header, String(value))
    }
  }
}

function equals(header: string, value: unknown): boolean {
  if (typeof value !== 'number') return header === String(value)
  // 42.0 and 42 are the same integer.
  return /^-?\d+(?:\.\d+)?$/.test(header) && Number(header) === value
}

/** The value that a client wrote plainly, or in base64 because it could not. @throws {HeaderMismatchError} -32020 */
function decodeHeader(name: string, header: string): string {
  if (!PLAIN.test(header)) throw new HeaderMismatchError(`The ${name} header has characters that need base64`)
  const encoded = SENTINEL.exec(header)?.[1]
  if (encoded === undefined) return header
  const bytes = Buffer.from(encoded, 'base64')
  if (BASE64.test(encoded) && bytes.toString('base64') === encoded) {
    try {
      return utf8.decode(bytes)
    } catch {
      // Not UTF-8: the same fault as bad base64.
    }
  }
  throw new HeaderMismatchError(`The ${name} header is not base64 of UTF-8 between =?base64? and ?=`)
}

function mismatch(name: string, header: string | undefined, body: string): HeaderMismatchError {
  const got = header === undefined ? 'is missing' : `says ${quote(header)}`
  return new HeaderMismatchError(`The ${name} header ${got}, the body says ${quote(body)}`)
}
