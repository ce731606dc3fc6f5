/**
 * The handshake: `initialize`, its params, its result, and the session that it opens.
 *
 * It is dispatched like any other request, so that middleware sees it, can wait, and can refuse it. The session is
 * opened where a handler would run, and closed again when its id does not reach the client: middleware threw after
 * `next`, or the connection closed before the answer.
 *
 * Spec: 2025-11-25 lifecycle {@link spec.lifecycle}.
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'
import type { MethodTable } from '../dispatch/dispatcher.ts'
import type { Outcome, RpcRequest } from '../dispatch/outcome.ts'
import type { Peer, Principal } from '../dispatch/rpc-exchange.ts'
import { offeredCapabilities } from '../features/capabilities.ts'
import type { McpServer } from '../features/server.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { ClientCapabilities, Implementation, JsonObject } from '../protocol/wire-types.ts'
import { type ExchangeHost, type ResponseChannel, SessionExchange } from './exchange.ts'
import { findRevision, LATEST, type Revision } from './revisions.ts'
import type { Session } from './session.ts'

/** Characters of JSON that a session stores of its client. `sessions.maxTotalBytes` limits all sessions together. */
const MAX_PEER_LENGTH = 16_384

export interface InitializeParams {
  /** What the client asked for, or the latest one when that is unknown: the client decides whether to continue. */
  readonly revision: Revision
  readonly peer: Peer
  /** Equal for equal peers. */
  readonly peerKey: string
}

/** What is assumed of a client without a session, and of one whose `initialize` is invalid. */
export const UNKNOWN_CLIENT: Pick<InitializeParams, 'revision' | 'peer'> = {
  revision: LATEST,
  peer: { info: { name: 'unknown', version: '' }, capabilities: {} },
}

/** @returns an error of code -32602 where a member is missing or of the wrong type */
export function tryInitializeParams(params: JsonObject | undefined): InitializeParams | RpcError {
  try {
    return readInitializeParams(params)
  } catch (error) {
    if (error instanceof RpcError) return error
    throw error
  }
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
  const peerKey = stringifyPeer([info, capabilities])
  if (peerKey.length > MAX_PEER_LENGTH) {
    const problem = `initialize: clientInfo and capabilities are ${peerKey.length} characters of JSON, above the limit of ${MAX_PEER_LENGTH}`
    throw new RpcError(ErrorCode.INVALID_PARAMS, problem)
  }
  return { revision: findRevision(version) ?? LATEST, peer, peerKey }
}

/** What the handshake needs of the era. */
export interface HandshakeHost extends ExchangeHost {
  /** Whether the era has sessions. */
  readonly hasSessions: boolean
  readonly tasks: { canList(principal: Principal | undefined, hasSessions: boolean): boolean }
  /** @throws {LimitError} as `SessionTable.open` */
  openSession(params: InitializeParams, principalId: string | undefined): Session
  /** Stores it for other nodes. @returns undefined: there are none @throws {StoreAwayError} */
  sessionReady(session: Session): Promise<void> | undefined
  /** Calls the hook for an opened session; its id was sent to the client. */
  notifyOpened(session: Session): void
  /** Closes a session whose id was not sent to the client. */
  discard(session: Session): void
}

/** `initialize`, from its admission to its answer. */
export class Handshake extends SessionExchange {
  readonly #params: InitializeParams | RpcError
  readonly #host: HandshakeHost
  #session: Session | undefined = undefined

  /** @param params - or the error to answer with, where they are invalid */
  constructor(
    request: RpcRequest,
    params: InitializeParams | RpcError,
    channel: ResponseChannel,
    host: HandshakeHost,
  ) {
    super(request, channel, host)
    this.#params = params
    this.#host = host
  }

  /** The one that is being opened. */
  override get session(): Session | undefined {
    return this.#session
  }

  /** The method itself. @throws {RpcError} invalid params, a limit */
  run(): JsonObject | Promise<JsonObject> {
    if (this.#params instanceof RpcError) throw this.#params
    const { server, hasSessions, tasks } = this.#host
    const canListTasks = tasks.canList(this.principal, hasSessions)
    const result = initializeResult(server, this.#params.revision, hasSessions, canListTasks)
    // A client that is gone, or has its answer, cannot use a session.
    if (!hasSessions || this.settled) return result
    if (this.#session !== undefined) this.#host.discard(this.#session)
    this.#session = this.#host.openSession(this.#params, this.principal?.id)
    const ready = this.channel.bindsSession ? undefined : this.#host.sessionReady(this.#session)
    return ready === undefined ? result : ready.then(() => result)
  }

  override complete(outcome: Outcome): void {
    const session = this.#session
    if (session !== undefined && ('error' in outcome || this.settled)) this.#discard()
    else if (session !== undefined) this.channel.sessionOpened(session)
    super.complete(outcome)
    if (this.#session !== undefined) this.#host.notifyOpened(this.#session)
  }

  override cancel(reason: Error): void {
    this.#discard()
    super.cancel(reason)
  }

  #discard(): void {
    if (this.#session !== undefined) this.#host.discard(this.#session)
    this.#session = undefined
  }
}

export const HANDSHAKE_METHODS: MethodTable<McpServer, Handshake> = new Map([
  [Method.initialize, (_params, _ctx, _server, exchange) => exchange.run()],
])

/** The result of `initialize`. */
function initializeResult(
  server: McpServer,
  revision: Revision,
  hasSessions: boolean,
  canListTasks: boolean,
): JsonObject {
  const tasks = revision.hasTasks ? { list: canListTasks } : undefined
  return {
    protocolVersion: revision.name,
    // Without a session there is no stream for change notifications, and nowhere to store a log level.
    capabilities: offeredCapabilities(server, { notifies: hasSessions, logs: hasSessions, tasks }),
    serverInfo: server.info,
    ...(server.instructions !== undefined && { instructions: server.instructions }),
  }
}

/** A body that a framework has parsed may be nested to any depth. */
function stringifyPeer(peer: unknown): string {
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
