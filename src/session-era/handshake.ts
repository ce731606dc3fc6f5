/**
 * The handshake: `initialize`, which opens a session, and what it tells the client.
 *
 * Spec: 2025-11-25 lifecycle {@link spec.lifecycle}.
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import { offeredCapabilities } from '../features/capabilities.ts'
import type { McpServer } from '../features/server.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { ClientCapabilities, Implementation, JsonObject } from '../protocol/wire-types.ts'
import { findRevision, LATEST, type Revision } from './revisions.ts'

/** What is remembered of a client for as long as it has a session: characters of JSON. All of it has a budget in bytes. */
const MAX_PEER_LENGTH = 16_384

export interface InitializeParams {
  /** What the client asked for, or the latest one when that is unknown: the client decides whether it can go on. */
  readonly revision: Revision
  readonly peer: Peer
  /** Equal for equal peers. */
  readonly peerKey: string
}

/** @throws {RpcError} -32602, a member is missing or of the wrong type, named */
export function readInitializeParams(params: JsonObject | undefined): InitializeParams {
  const version = params?.['protocolVersion']
  if (typeof version !== 'string') throw invalid('"protocolVersion", a string', version)
  const capabilities = params?.['capabilities']
  if (!isObject(capabilities)) throw invalid('"capabilities", an object', capabilities)
  const info = params?.['clientInfo']
  if (!isObject(info)) throw invalid('"clientInfo", an object', info)
  if (typeof info['name'] !== 'string') throw invalid('"clientInfo.name", a string', info['name'])
  if (typeof info['version'] !== 'string') throw invalid('"clientInfo.version", a string', info['version'])
  const peer = { info: info as unknown as Implementation, capabilities: capabilities as ClientCapabilities }
  const peerKey = textOf([info, capabilities])
  if (peerKey.length > MAX_PEER_LENGTH) {
    const problem = `initialize: clientInfo and capabilities are ${peerKey.length} characters of JSON, above the limit of ${MAX_PEER_LENGTH}`
    throw new RpcError(ErrorCode.INVALID_PARAMS, problem)
  }
  return { revision: findRevision(version) ?? LATEST, peer, peerKey }
}

/** The result of `initialize`. */
export function initializeResult(server: McpServer, revision: Revision, hasSessions: boolean): JsonObject {
  return {
    protocolVersion: revision.name,
    // Without a session there is no stream for news of changes, and nowhere to remember a log level.
    capabilities: offeredCapabilities(server, { notifies: hasSessions, logs: hasSessions }),
    serverInfo: server.info,
    ...(server.instructions !== undefined && { instructions: server.instructions }),
  }
}

/** What a framework has parsed may be nested to any depth. */
function textOf(peer: unknown): string {
  try {
    return JSON.stringify(peer)
  } catch (cause) {
    const problem = 'initialize: clientInfo and capabilities are nested too deeply to be remembered'
    throw new RpcError(ErrorCode.INVALID_PARAMS, problem, undefined, { cause })
  }
}

function invalid(expected: string, got: unknown): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `initialize needs ${expected}; got ${kindOf(got)}`)
}
