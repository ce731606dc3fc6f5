/**
 * How a Server answers its clients: their calls, their notifications, and which of them is meant when a program asks "the
 * client".
 *
 * Invariant: a call is in `#calls` from the start of its handler until its end.
 * Not here: what a program calls (index.ts), what the engine does (http-engine.ts, message-pipe.ts).
 */

import { isPromise } from '../../bounds/is-promise.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { LOG_RANK } from '../../protocol/log-levels.ts'
import { Method, Notify } from '../../protocol/methods.ts'
import type { JsonObject, LogLevel } from '../../protocol/wire-types.ts'
import { STATELESS_REVISIONS } from '../../stateless-era/revisions.ts'
import { type Extra, extraOf } from '../extra.ts'
import { HandlerTable, type Message } from '../handler-table.ts'
import { type Call, currentCall, type OpenedSession, type Peer, runInCall, type ServerPort } from '../peer.ts'
import { toolResult } from '../tool-result.ts'
import {
  ErrorCode,
  type Implementation,
  type JSONRPCRequest,
  type Notification,
  type ProgressNotificationParams,
  type ServerCapabilities,
} from '../types.ts'
import { wireError } from '../wire-error.ts'
import { assertMakesTasks, type ServerTasks, taskResult } from './tasks.ts'

/** What a program sets on its Server. */
export interface ServingHooks {
  oninitialized?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  fallbackRequestHandler?: ((request: JSONRPCRequest, extra: never) => unknown) | undefined
  fallbackNotificationHandler?: ((notification: Notification) => Promise<void>) | undefined
}

export class Serving {
  readonly info: Implementation
  readonly handlers = new HandlerTable()
  capabilities: ServerCapabilities
  /** Of a server with a `taskStore`. */
  tasks: ServerTasks | undefined
  /** Clients with a session. */
  readonly peers = new Set<Peer>()
  readonly port: ServerPort
  readonly #instructions: string | undefined
  readonly #hooks: ServingHooks
  /** Calls whose handlers are running. */
  readonly #calls = new Set<Call>()
  /** A client has come. */
  #hasClient = false
  /** Another one has: from now on calls are marked, so that what their handlers do says whose it is. */
  #isShared = false

  constructor(
    info: Implementation,
    capabilities: ServerCapabilities,
    instructions: string | undefined,
    hooks: ServingHooks,
  ) {
    this.info = info
    this.capabilities = capabilities
    this.#instructions = instructions
    this.#hooks = hooks
    this.port = this.#makePort()
  }

  #makePort(): ServerPort {
    return {
      info: this.info,
      calls: this.#calls,
      answers: (method) => this.handlers.hasRequest(method),
      answer: (call, method, params) => this.#answer(call, method, params),
      initialize: (call, params, opened) => this.#initialize(call, params, opened),
      discover: () => ({
        supportedVersions: STATELESS_REVISIONS,
        capabilities: withoutChanges(this.capabilities),
        ...(this.#instructions && { instructions: this.#instructions }),
      }),
      notified: (peer, method, params) => this.#notified(peer, method, params),
      opened: (peer) => {
        this.peers.add(peer)
        this.#cameFrom()
      },
      closed: (peer) => this.peers.delete(peer),
    }
  }

  #initialize(call: Call, params: object | undefined, { protocolVersion }: OpenedSession): unknown {
    if (this.handlers.hasRequest(Method.initialize)) return this.#answer(call, Method.initialize, params)
    return {
      protocolVersion,
      capabilities: this.capabilities,
      serverInfo: this.info,
      ...(this.#instructions && { instructions: this.#instructions }),
    }
  }

  /** Servers that are made for one session, or for one request, are never shared. */
  #cameFrom(): void {
    this.#isShared = this.#hasClient
    this.#hasClient = true
  }

  #answer(call: Call, method: string, params: object | undefined): unknown {
    // Of whom it is, nothing says.
    if (call.peer.isOfMany) this.#cameFrom()
    const extra = extraOf(call, params)
    const message = { method, ...(params && { params }) }
    this.tasks?.extend(extra, call.peer, message)
    const calls = this.#calls
    calls.add(call)
    call.isMarked = this.#isShared
    let result: unknown
    try {
      result = this.#isShared
        ? runInCall(call, () => this.#handle(message, call, extra))
        : this.#handle(message, call, extra)
    } catch (error) {
      calls.delete(call)
      throw wireError(error)
    }
    if (!isPromise(result)) {
      calls.delete(call)
      return result
    }
    return Promise.resolve(result).then(
      (value) => {
        calls.delete(call)
        return value
      },
      (error) => {
        calls.delete(call)
        throw wireError(error)
      },
    )
  }

  #handle(message: Message, call: Call, extra: Extra): unknown {
    const { method } = message
    if (this.handlers.hasRequest(method)) {
      if (method !== Method.toolsCall) return this.handlers.answer(message, extra)
      const { task } = (message.params ?? {}) as { readonly task?: unknown }
      if (task !== undefined) assertMakesTasks(this.capabilities, method)
      const result = this.handlers.answer(message, extra)
      const finish = task === undefined ? toolResult : taskResult
      return isPromise(result) ? Promise.resolve(result).then(finish) : finish(result)
    }
    if (method === Method.setLevel && this.capabilities.logging !== undefined) return setLevel(message, call)
    if (this.#hooks.fallbackRequestHandler !== undefined) {
      const request = { jsonrpc: '2.0', id: call.id, ...message } as JSONRPCRequest
      return this.#hooks.fallbackRequestHandler(request, extra as never)
    }
    throw new RpcError(ErrorCode.MethodNotFound, 'Method not found')
  }

  #notified(peer: Peer, method: string, params: object | undefined): void {
    if (method === Notify.progress) {
      const progress = params as ProgressNotificationParams
      peer.progress?.get(progress?.progressToken)?.(progress)
    }
    const message = { method, ...(params && { params }) }
    const fallback = () => {
      if (method === Notify.initialized) return this.#hooks.oninitialized?.()
      if (method === Notify.progress || method === Notify.cancelled) return undefined
      return this.#hooks.fallbackNotificationHandler?.(message as Notification)
    }
    this.handlers.notified(message, (error) => this.#hooks.onerror?.(error), fallback)
  }

  /** @param id - of a request that runs; undefined: the call whose handler asks */
  callOf(id: string | number | undefined): Call | undefined {
    const current = currentCall() ?? this.#onlyCall()
    if (id === undefined || current?.id === id) return current
    for (const call of this.#calls) {
      if (call.id !== id) continue
      // Clients count their requests alike: of another one, a call may have this id, too.
      if (current === undefined ? !this.#isShared || !call.isMarked : call.peer === current.peer) return call
    }
    return undefined
  }

  /** The clients that get a message which belongs to no call. */
  audience(): Iterable<Peer> {
    if (!this.#isShared) return this.peers
    // It may be of a call that began when there was one client: others do not get it.
    for (const { isMarked, peer } of this.#calls) if (!isMarked) return [peer]
    return this.peers
  }

  /** As long as there is one client, a call that runs alone is the one that asks. */
  #onlyCall(): Call | undefined {
    if (this.#isShared || this.#calls.size !== 1) return undefined
    const [call] = this.#calls
    return call
  }

  /** @throws {Error} there are several */
  onlyPeer(): Peer | undefined {
    if (this.peers.size > 1) {
      throw new Error(
        'Several clients are connected, and this message is outside of a call: use extra.sendRequest or extra.sendNotification, which reach the client of the call',
      )
    }
    const [peer] = this.peers
    return peer
  }

  clientPeer(): { readonly info: unknown; readonly capabilities: unknown } | undefined {
    const call = this.callOf(undefined)
    if (call !== undefined) return call.exchange.peer
    if (this.peers.size > 1) return undefined
    const [peer] = this.peers
    return peer?.session?.peer
  }
}

function setLevel({ params }: Message, { exchange }: Call): object {
  const { level } = (params ?? {}) as { readonly level?: LogLevel }
  const { session } = exchange as {
    readonly session?: { readonly record: { logLevel: LogLevel | undefined } }
  }
  if (session !== undefined && level !== undefined && LOG_RANK.has(level)) session.record.logLevel = level
  return {}
}

/** Clients of 2026-07-28 have no stream on which such a program could announce changes. */
function withoutChanges(capabilities: ServerCapabilities): JsonObject {
  const { tools, prompts, resources, tasks: _, ...others } = capabilities
  return {
    ...others,
    ...(tools && { tools: {} }),
    ...(prompts && { prompts: {} }),
    ...(resources && { resources: {} }),
  }
}
