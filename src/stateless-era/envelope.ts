/**
 * The envelope: protocol version and client, in `_meta` of every request, since the server remembers neither.
 *
 * Spec: 2026-07-28 overview, "`_meta`" {@link spec.overview}.
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { LOG_LEVELS, LOG_RANK } from '../protocol/log-levels.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import type { ClientCapabilities, Implementation, JsonObject, LogLevel } from '../protocol/wire-types.ts'

export interface Envelope {
  readonly protocolVersion: string
  readonly peer: Peer
  readonly logLevel: LogLevel | undefined
}

/** A client need not say who it is. */
const UNKNOWN: Implementation = { name: 'unknown', version: '' }

/** @throws {RpcError} -32602, a member is missing or of the wrong type, named */
export function readEnvelope(params: JsonObject | undefined): Envelope {
  const meta = params?.['_meta']
  if (!isObject(meta)) throw invalid('params._meta, an object', meta)
  const protocolVersion = meta[MetaKey.PROTOCOL_VERSION]
  if (typeof protocolVersion !== 'string')
    throw missing(MetaKey.PROTOCOL_VERSION, 'a string', protocolVersion)
  const capabilities = meta[MetaKey.CLIENT_CAPABILITIES]
  if (!isObject(capabilities)) throw missing(MetaKey.CLIENT_CAPABILITIES, 'an object', capabilities)
  const info = meta[MetaKey.CLIENT_INFO]
  if (info !== undefined && !isImplementation(info)) {
    throw missing(MetaKey.CLIENT_INFO, 'an object with name and version, if there is one', info)
  }
  const logLevel = meta[MetaKey.LOG_LEVEL]
  if (logLevel !== undefined && !(typeof logLevel === 'string' && LOG_RANK.has(logLevel))) {
    throw missing(MetaKey.LOG_LEVEL, `one of ${LOG_LEVELS.join(', ')}, if there is one`, logLevel)
  }
  return {
    protocolVersion,
    peer: { info: info ?? UNKNOWN, capabilities: capabilities as ClientCapabilities },
    logLevel: logLevel as LogLevel | undefined,
  }
}

function isImplementation(value: unknown): value is Implementation {
  return isObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string'
}

function missing(key: string, expected: string, got: unknown): RpcError {
  return invalid(`params._meta[${JSON.stringify(key)}], ${expected}`, got)
}

function invalid(expected: string, got: unknown): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `Every request needs ${expected}; got ${kindOf(got)}`)
}
