/**
 * From the bytes of an HTTP body to a JSON value. Spec: {@link spec.jsonRpc}.
 *
 * Not here: what kind of message the value is (decode.ts), which knows nothing of Node.
 */

import { Buffer, isUtf8 } from 'node:buffer'
import { ErrorCode } from '../protocol/error-codes.ts'
import { type BodyLimits, isWithin, measureBody, UNLIMITED } from './measure.ts'
import { RpcError } from './rpc-error.ts'

/**
 * Reads a body as JSON.
 *
 * @param bytes - the whole body
 * @returns any JSON value. `__proto__` in it is an own property like any other
 * @throws {RpcError} -32700 when the body is empty, begins with a byte order mark, is not UTF-8, not JSON, or above
 *   its limits
 */
export function decodeBody(bytes: Uint8Array, limits: BodyLimits = UNLIMITED): unknown {
  if (bytes.length === 0) throw parseError('the body is empty, expected a JSON-RPC message')
  // Decoding must be fatal: a replacement character in a string would change what the client said.
  if (!isUtf8(bytes)) throw parseError('the body is not valid UTF-8')
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    // RFC 8259 8.1: a byte order mark MUST NOT be added.
    throw parseError('the body begins with a byte order mark, expected JSON without one')
  }
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  if (!isWithin(text, limits)) measureBody(bytes, limits)
  try {
    return JSON.parse(text)
  } catch {
    // The engine's own message quotes the input and differs between versions of Node.
    throw parseError(`the body is not valid JSON (${bytes.length} bytes received)`)
  }
}

/**
 * What a framework hands over as the body: JSON, or the bytes or the text that it found. JSON may be nested to any
 * depth: whatever walks it bounds its own recursion.
 *
 * @throws {RpcError} as `decodeBody`
 */
export function decodeParsed(parsed: unknown, limits: BodyLimits): unknown {
  if (parsed instanceof Uint8Array) return decodeBody(parsed, limits)
  return typeof parsed === 'string' ? decodeBody(Buffer.from(parsed), limits) : parsed
}

function parseError(problem: string): RpcError {
  return new RpcError(ErrorCode.PARSE_ERROR, `Parse error: ${problem}`)
}
