/**
 * From an outcome to the text of a response: every result has its type, the server that made it, and, where clients may
 * cache it, for how long and for whom.
 *
 *    {"resultType":"complete","_meta":{...}  ,"ttlMs":..,"cacheScope":".."  , the members of the result }
 *     the same for all results of a server   cacheable results
 *
 * The feature's result is serialised once and spliced behind that; lists are ready-made text already.
 *
 * Spec: 2026-07-28 overview, "Result Responses" {@link spec.overview}; caching {@link spec.caching}.
 */

import { InputRequiredResult } from '../dispatch/client-input/input-required.ts'
import { concealError, outputInfo } from '../dispatch/error-report.ts'
import { JsonText } from '../dispatch/json-text.ts'
import type { Outcome } from '../dispatch/outcome.ts'
import type { CacheHint } from '../dispatch/rpc-exchange.ts'
import type { McpServer } from '../features/server.ts'
import { WrittenResult } from '../features/written-result.ts'
import type { DecodedRequest } from '../jsonrpc/decode.ts'
import { encodeError, encodeResultText, resultJson } from '../jsonrpc/encode.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Method } from '../protocol/methods.ts'
import type { Implementation, JsonObject } from '../protocol/wire-types.ts'

/** Members that this file writes: a result that brings one is put together anew, so that none occurs twice. */
const OWN_MEMBERS = ['_meta', 'resultType', 'ttlMs', 'cacheScope'] as const
/** Methods whose results MUST say how long they may be cached. */
const CACHEABLE: ReadonlySet<string> = new Set([
  Method.discover,
  Method.toolsList,
  Method.promptsList,
  Method.resourcesList,
  Method.resourceTemplatesList,
  Method.resourcesRead,
])
const UNCACHED = { ttlMs: 0, cacheScope: 'private' } as const
/** What this revision has given out of the range that is reserved for the specification. */
const DEFINED: ReadonlySet<number> = new Set([
  ErrorCode.HEADER_MISMATCH,
  ErrorCode.MISSING_CLIENT_CAPABILITY,
  ErrorCode.UNSUPPORTED_PROTOCOL_VERSION,
])

/** What all results of a server have in common. */
export interface ResultHost {
  readonly server: McpServer
  /** See {@link resultPrefix}. */
  readonly prefix: string
  /** Whether results say which server made them. */
  readonly settings: { readonly serverInfo: boolean }
}

/**
 * What every result begins with.
 *
 * @param info - undefined: results do not say which server made them
 */
export function resultPrefix(info: Implementation | undefined): string {
  const meta = info === undefined ? '' : `,"_meta":${JSON.stringify({ [MetaKey.SERVER_INFO]: info })}`
  return `{"resultType":"complete"${meta}`
}

/** @returns JSON text of the response */
export function encodeOutcome(
  message: DecodedRequest,
  cacheHint: CacheHint | undefined,
  outcome: Outcome,
  host: ResultHost,
): string {
  if ('error' in outcome) {
    const report = (error: Error) => host.server.reportError(error, outputInfo(message))
    return encodeError(message.id, ownCode(outcome.error), report)
  }
  const { result } = outcome
  try {
    return encodeResultText(message.id, resultText(message.method, result, cacheHint, host))
  } catch (error) {
    const text = concealError(error, outputInfo(message), host.server)
    return encodeError(message.id, { code: ErrorCode.INTERNAL_ERROR, message: text })
  }
}

/** @throws {McpError} ERR_NOT_SERIALISABLE @throws what a getter of the application throws */
function resultText(
  method: string,
  result: unknown,
  cacheHint: CacheHint | undefined,
  host: ResultHost,
): string {
  const head = cacheHint === undefined ? host.prefix : `${host.prefix},${hint(cacheHint)}`
  if (result instanceof JsonText) return splice(head, result.text)
  if (result instanceof InputRequiredResult) {
    const { inputRequests, requestState } = result
    return resultJson(merged({ inputRequests, requestState }, 'input_required', host))
  }
  const made = (result ?? {}) as JsonObject
  const hasMiddleware = host.server.middleware.length > 0
  // Middleware may have answered in the place of what would have said for how long.
  const isOwn = hasMiddleware && cacheHint === undefined && CACHEABLE.has(method)
  const given = isOwn ? { ...UNCACHED, ...made } : made
  if (hasOwnMembers(given)) {
    const hints = cacheHint === undefined ? {} : { ttlMs: cacheHint.ttlMs, cacheScope: cacheHint.scope }
    return resultJson({ ...merged(given, 'complete', host), ...hints })
  }
  // Middleware can have changed what it saw.
  const isWritten = given instanceof WrittenResult && !hasMiddleware
  return splice(head, isWritten ? given.json : resultJson(given))
}

function hasOwnMembers(given: JsonObject): boolean {
  for (const name of OWN_MEMBERS) if (given[name] !== undefined) return true
  return false
}

function merged(given: JsonObject, usual: string, { settings, server }: ResultHost): JsonObject {
  const { resultType = usual, ...members } = given
  const info = settings.serverInfo ? { [MetaKey.SERVER_INFO]: server.info } : undefined
  const meta = { ...info, ...(members['_meta'] as JsonObject | undefined) }
  return { resultType, ...members, ...(Object.keys(meta).length > 0 && { _meta: meta }) }
}

function hint({ ttlMs, scope }: CacheHint): string {
  return `"ttlMs":${ttlMs},"cacheScope":"${scope}"`
}

/** Joins an object that is still open with a complete one. */
function splice(head: string, object: string): string {
  return object === '{}' ? `${head}}` : `${head},${object.slice(1)}`
}

/** Codes of earlier revisions, and codes that the specification has reserved and not given out, MUST NOT be sent. */
export function ownCode(error: RpcError): RpcError {
  if (error.code === ErrorCode.RESOURCE_NOT_FOUND) {
    return new RpcError(ErrorCode.INVALID_PARAMS, error.message, error.data)
  }
  if (error.code === ErrorCode.URL_ELICITATION_REQUIRED) {
    return new RpcError(ErrorCode.INTERNAL_ERROR, `${error.message}: ask with ctx.elicit and a url`)
  }
  const isReserved = error.code <= -32_020 && error.code >= -32_099
  if (!isReserved || DEFINED.has(error.code)) return error
  return new RpcError(ErrorCode.INTERNAL_ERROR, `Internal error: ${error.message}`)
}
