/**
 * Which lifecycle a server has: the rules of the versioning page, over any transport.
 *
 *    server/discover --- a result --------------------------------------------> stateless
 *                    --- -32020, -32021, -32022: a modern server -------------> stateless, or the revision it names
 *                    --- any other error, any 4xx ----------------------------> initialize
 *                    --- 401, 403, 408, 429, 5xx, no answer ------------------> rejects: it says nothing of the server
 *    initialize      --- a result --------------------------------------------> session
 *                    --- refused as above ------------------------------------> server/discover, unless that was tried
 *                    --- HTTP 400, 404, 405 as well --------------------------> HTTP+SSE of 2024-11-05
 *
 * Spec: 2026-07-28 versioning {@link spec.versioning}; Streamable HTTP, "Backward Compatibility" {@link spec.statelessHttp}.
 */

import { shown } from '../bounds/quote.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { mcpError, statusOf } from './errors.ts'
import { isSessionRevision, isStatelessRevision, namedRevisions, newestCommon } from './revisions.ts'

const MODERN: ReadonlySet<number> = new Set([
  ErrorCode.HEADER_MISMATCH,
  ErrorCode.MISSING_CLIENT_CAPABILITY,
  ErrorCode.UNSUPPORTED_PROTOCOL_VERSION,
])
/** Statuses about credentials, time, rate and load: they do not say which revision the server speaks. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([401, 403, 408, 429])

export interface Detection<T> {
  /** Sends `server/discover`, and gives its result. */
  discover(): Promise<JsonObject>
  /** Makes the connection of a server that answered it. */
  stateless(discovered: JsonObject): T
  /** Sends `initialize`, and makes the connection. */
  session(): Promise<T>
  /** HTTP+SSE, where the transport is HTTP. */
  httpSse?: (() => Promise<T>) | undefined
  /** In the order of trying. */
  readonly order: readonly ('discover' | 'initialize')[]
  /** A transport without statuses, where an old server may not answer at all. */
  readonly silenceIsOld: boolean
}

/** @throws what the server answered first, when nothing works */
export async function detect<T>(detection: Detection<T>): Promise<T> {
  const errors: unknown[] = []
  let order = [...detection.order]
  for (let next = order.shift(); next !== undefined; next = order.shift()) {
    try {
      if (next === 'initialize') return await detection.session()
      const discovered = await detection.discover()
      const problem = versionProblem(discovered['supportedVersions'])
      if (problem === undefined) return detection.stateless(discovered)
      // It knows `server/discover`, but no revision without a session.
      if (problem === 'session') order = ['initialize']
      else if (problem !== 'unknown') throw problem
      errors.push(
        mcpError('ERR_INVALID_RESPONSE', 'The result of server/discover names no supportedVersions'),
      )
    } catch (error) {
      const named = namedRevisions(error)
      if (named !== undefined) {
        // "Do not fall back": the server has said what it speaks.
        const problem = versionProblem(named)
        if (problem === 'session' && next === 'discover' && order.includes('initialize'))
          order = ['initialize']
        else if (problem === undefined && next === 'initialize' && order.includes('discover'))
          order = ['discover']
        else throw problem instanceof Error ? problem : error
      } else if (!saysOld(error, next, detection.silenceIsOld)) throw error
      errors.push(error)
    }
  }
  return await lastResort(detection.httpSse, errors)
}

/**
 * HTTP+SSE, where each refusal may be that of a server which knows nothing newer.
 *
 * @param errors - the refusals so far
 * @throws the last of them
 */
async function lastResort<T>(httpSse: Detection<T>['httpSse'], errors: readonly unknown[]): Promise<T> {
  const statuses = errors.map(statusOf)
  const mayBeOld = statuses.every((status) => status === 400 || status === 404 || status === 405)
  if (httpSse !== undefined && mayBeOld) {
    try {
      return await httpSse()
    } catch {
      // What it said to a message is more than that there is no stream.
    }
  }
  throw errors[errors.length - 1]
}

/** @returns undefined: a revision without sessions is among them; `session`: one with; or an error */
function versionProblem(supported: unknown): undefined | 'session' | 'unknown' | McpError {
  if (!Array.isArray(supported)) return 'unknown'
  if (supported.some(isStatelessRevision)) return undefined
  if (isSessionRevision(newestCommon(supported))) return 'session'
  const names = supported.slice(0, 10).map((name) => shown(name))
  return mcpError(
    'ERR_UNSUPPORTED_VERSION',
    `The server speaks none of our revisions, but ${names.join(', ') || 'says not which'}`,
  )
}

/** Whether an error means that the server does not know what was sent. */
function saysOld(error: unknown, sent: 'discover' | 'initialize', silenceIsOld: boolean): boolean {
  const status = statusOf(error)
  if (status !== undefined && (status >= 500 || SAYS_NOTHING.has(status))) return false
  // A modern server refuses `initialize` for the headers that it lacks.
  if (error instanceof RpcError) return sent === 'initialize' || !MODERN.has(error.code)
  if (!(error instanceof McpError)) return false
  if (error.code === 'ERR_INVALID_RESPONSE' || error.code === 'ERR_HTTP_STATUS') return true
  return silenceIsOld && sent === 'discover' && error.code === 'ERR_REQUEST_TIMEOUT'
}
