/**
 * `server/index.js`: Server, whose handlers answer whole methods.
 *
 * The handshake, sessions, and the way of messages are the engine's. What a program asks of "the client" is asked of the
 * client whose call is running, or of the only one that is connected.
 */

import { isPromise } from '../../bounds/is-promise.ts'
import { adaptSchema } from '../../json-schema/adapter/standard-schema.ts'
import { formatErrors } from '../../json-schema/explain/result.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { LOG_RANK } from '../../protocol/log-levels.ts'
import { Method, Notify } from '../../protocol/methods.ts'
import type { JsonObject, LogLevel } from '../../protocol/wire-types.ts'
import { STATELESS_REVISIONS } from '../../stateless-era/revisions.ts'
import { ask, notifyInCall, notifySession } from '../ask.ts'
import { type Extra, extraOf } from '../extra.ts'
import { HandlerTable, type Message, type RequestHandler } from '../handler-table.ts'
import { connectPipe } from '../message-pipe.ts'
import {
  type Call,
  CONNECT,
  currentCall,
  isOwn,
  type OpenedSession,
  type Peer,
  runInCall,
  type ServerPort,
} from '../peer.ts'
import {
  mergeCapabilities,
  type NotificationOptions,
  type ProtocolOptions,
  type RequestHandlerExtra,
  type RequestOptions,
} from '../shared/protocol.ts'
import type { Transport } from '../shared/transport.ts'
import { toolResult } from '../tool-result.ts'
import {
  type ClientCapabilities,
  type CreateMessageRequest,
  type CreateMessageRequestParamsBase,
  type CreateMessageRequestParamsWithTools,
  type CreateMessageResult,
  CreateMessageResultSchema,
  type CreateMessageResultWithTools,
  CreateMessageResultWithToolsSchema,
  type ElicitRequestFormParams,
  type ElicitRequestURLParams,
  type ElicitResult,
  ElicitResultSchema,
  EmptyResultSchema,
  ErrorCode,
  type Implementation,
  type JSONRPCRequest,
  type ListRootsRequest,
  type ListRootsResult,
  ListRootsResultSchema,
  type LoggingMessageNotification,
  McpError,
  type Notification,
  type ProgressNotificationParams,
  type Request,
  type ResourceUpdatedNotification,
  type Result,
  type ServerCapabilities,
  type ServerNotification,
  type ServerRequest,
  type ServerResult,
} from '../types.ts'
import { wireError } from '../wire-error.ts'
import type { AnySchema, SchemaOutput } from './zod-compat.ts'

export type ServerOptions = ProtocolOptions & {
  capabilities?: ServerCapabilities
  instructions?: string
  /** Accepted. Answers of clients are checked by the library itself. */
  jsonSchemaValidator?: unknown
}

export class Server<
  RequestT extends Request = Request,
  NotificationT extends Notification = Notification,
  ResultT extends Result = Result,
> {
  oninitialized?: () => void
  onclose?: () => void
  onerror?: (error: Error) => void
  fallbackRequestHandler?: (
    request: JSONRPCRequest,
    extra: RequestHandlerExtra<ServerRequest | RequestT, ServerNotification | NotificationT>,
  ) => Promise<ServerResult | ResultT>
  fallbackNotificationHandler?: (notification: Notification) => Promise<void>
  readonly #info: Implementation
  readonly #handlers = new HandlerTable()
  readonly #instructions: string | undefined
  readonly #strict: boolean
  #capabilities: ServerCapabilities
  #transport: Transport | undefined
  /** Calls whose handlers are running. */
  readonly #calls = new Set<Call>()
  /** Clients with a session. */
  readonly #peers = new Set<Peer>()
  /** Two clients were connected at a time: from now on calls have to say whose they are. */
  #isShared = false
  #port: ServerPort | undefined

  constructor(info: Implementation, options: ServerOptions = {}) {
    this.#info = info
    this.#capabilities = options.capabilities ?? {}
    this.#instructions = options.instructions
    this.#strict = options.enforceStrictCapabilities === true
    if (options.taskStore !== undefined) throw noTasks()
  }

  /** @throws {Error} always: tasks are an option of barewire's own tools */
  get experimental(): { tasks: never } {
    return {
      get tasks(): never {
        throw noTasks()
      },
    }
  }

  get transport(): Transport | undefined {
    return this.#transport
  }

  /** Serves the clients of a transport, too. */
  async connect(transport: Transport): Promise<void> {
    if (this.#transport === transport) throw new Error('Already connected to this transport')
    this.#transport = transport
    const { onclose, onerror } = transport
    transport.onclose = () => {
      onclose?.()
      if (this.#transport === transport) this.#transport = undefined
      this.onclose?.()
    }
    transport.onerror = (error) => {
      onerror?.(error)
      this.onerror?.(error)
    }
    this.#port ??= this.#makePort()
    if (isOwn(transport)) transport[CONNECT](this.#port)
    else connectPipe(transport, this.#port)
    await transport.start()
  }

  async close(): Promise<void> {
    await this.#transport?.close()
  }

  registerCapabilities(capabilities: ServerCapabilities): void {
    this.#capabilities = mergeCapabilities(this.#capabilities, capabilities)
  }

  setRequestHandler<T extends AnySchema>(
    requestSchema: T,
    handler: (
      request: SchemaOutput<T>,
      extra: RequestHandlerExtra<ServerRequest | RequestT, ServerNotification | NotificationT>,
    ) => ServerResult | ResultT | Promise<ServerResult | ResultT>,
  ): void {
    this.#handlers.setRequest(requestSchema, handler as unknown as RequestHandler)
  }

  setNotificationHandler<T extends AnySchema>(
    notificationSchema: T,
    handler: (notification: SchemaOutput<T>) => void | Promise<void>,
  ): void {
    this.#handlers.setNotification(notificationSchema, handler as (notification: never) => unknown)
  }

  removeRequestHandler(method: string): void {
    this.#handlers.removeRequest(method)
  }

  removeNotificationHandler(method: string): void {
    this.#handlers.removeNotification(method)
  }

  assertCanSetRequestHandler(method: string): void {
    if (!this.#handlers.hasRequest(method)) return
    throw new Error(`A request handler for ${method} already exists, which would be overridden`)
  }

  getClientCapabilities(): ClientCapabilities | undefined {
    const peer = this.#clientPeer()
    if (peer === undefined) return undefined
    const { elicitation, ...others } = peer.capabilities as ClientCapabilities
    if (elicitation === undefined) return others
    // Without a mode it is the one of forms.
    return { ...others, elicitation: Object.keys(elicitation).length === 0 ? { form: {} } : elicitation }
  }

  getClientVersion(): Implementation | undefined {
    return this.#clientPeer()?.info as Implementation | undefined
  }

  async ping(): Promise<Record<string, never>> {
    return (await this.request({ method: 'ping' } as ServerRequest, EmptyResultSchema)) as Record<
      string,
      never
    >
  }

  /** Sends a request to the client. @throws {McpError} its error, or a time limit */
  async request<T extends AnySchema>(
    request: ServerRequest | RequestT,
    resultSchema: T,
    options?: RequestOptions,
  ): Promise<SchemaOutput<T>> {
    if (this.#strict) this.#assertClientSupports(request.method)
    const call = this.#callOf(options?.relatedRequestId)
    const peer = call?.peer ?? this.#onlyPeer()
    if (peer === undefined) throw new Error('Not connected')
    return await ask(peer, call, request as Message, resultSchema, options)
  }

  /** Sends a notification to the client; outside of a call, to all that are connected. */
  async notification(
    notification: ServerNotification | NotificationT,
    options?: NotificationOptions,
  ): Promise<void> {
    if (this.#transport === undefined && this.#peers.size === 0) throw new Error('Not connected')
    this.#assertDeclared(notification.method)
    const related = this.#callOf(options?.relatedRequestId)
    if (options?.relatedRequestId !== undefined && related !== undefined) {
      await notifyInCall(related, notification as Message)
      return
    }
    const peers = related === undefined ? this.#peers : [related.peer]
    for (const peer of peers) notifySession(peer, notification as Message)
  }

  async createMessage(
    params: CreateMessageRequestParamsBase,
    options?: RequestOptions,
  ): Promise<CreateMessageResult>
  async createMessage(
    params: CreateMessageRequestParamsWithTools,
    options?: RequestOptions,
  ): Promise<CreateMessageResultWithTools>
  async createMessage(
    params: CreateMessageRequest['params'],
    options?: RequestOptions,
  ): Promise<CreateMessageResult | CreateMessageResultWithTools>
  async createMessage(
    params: CreateMessageRequest['params'],
    options?: RequestOptions,
  ): Promise<CreateMessageResult | CreateMessageResultWithTools> {
    const hasTools = params.tools !== undefined || params.toolChoice !== undefined
    if (hasTools && this.getClientCapabilities()?.sampling?.tools === undefined) {
      throw new Error('Client does not support sampling tools capability.')
    }
    const request = { method: Method.createMessage, params } as ServerRequest
    return params.tools === undefined
      ? await this.request(request, CreateMessageResultSchema, options)
      : await this.request(request, CreateMessageResultWithToolsSchema, options)
  }

  /** Asks the user for input. What is accepted is checked against the schema that was asked for. */
  async elicitInput(
    params: ElicitRequestFormParams | ElicitRequestURLParams,
    options?: RequestOptions,
  ): Promise<ElicitResult> {
    const { mode = 'form' } = params
    if (this.getClientCapabilities()?.elicitation?.[mode] === undefined) {
      throw new Error(`Client does not support ${mode} elicitation.`)
    }
    const request = { method: Method.elicit, params: { ...params, mode } } as ServerRequest
    const result = await this.request(request, ElicitResultSchema, options)
    const { requestedSchema } = params as Partial<ElicitRequestFormParams>
    if (result.action !== 'accept' || result.content === undefined || requestedSchema === undefined)
      return result
    const schema = adaptSchema(requestedSchema as never, { name: 'requestedSchema', io: 'input' })
    const check = await schema.validate(result.content)
    if (check.valid) return result
    const problem = formatErrors(check.errors, ', ')
    throw new McpError(
      ErrorCode.InvalidParams,
      `Elicitation response content does not match requested schema: ${problem}`,
    )
  }

  createElicitationCompletionNotifier(
    elicitationId: string,
    options?: NotificationOptions,
  ): () => Promise<void> {
    if (this.getClientCapabilities()?.elicitation?.url === undefined) {
      throw new Error(`Client does not support URL elicitation (required for ${Notify.elicitationComplete})`)
    }
    const notification = { method: Notify.elicitationComplete, params: { elicitationId } }
    const call = currentCall()
    return () =>
      call === undefined
        ? this.notification(notification as ServerNotification, options)
        : Promise.resolve(notifySession(call.peer, notification))
  }

  async listRoots(params?: ListRootsRequest['params'], options?: RequestOptions): Promise<ListRootsResult> {
    const request = { method: Method.listRoots, ...(params && { params }) } as ServerRequest
    return await this.request(request, ListRootsResultSchema, options)
  }

  /** Sends a log message to those who want messages of its level. */
  async sendLoggingMessage(params: LoggingMessageNotification['params'], sessionId?: string): Promise<void> {
    if (this.#capabilities.logging === undefined) return
    const call = currentCall()
    const peers = call === undefined ? this.#peers : [call.peer]
    for (const peer of peers) {
      const { session } = peer
      if (sessionId !== undefined && session?.id !== sessionId) continue
      if (rankOf(params.level) >= rankOf(session?.record.logLevel)) {
        notifySession(peer, { method: Notify.message, params })
      }
    }
  }

  async sendResourceUpdated(params: ResourceUpdatedNotification['params']): Promise<void> {
    await this.notification({ method: Notify.resourceUpdated, params } as ServerNotification)
  }

  async sendResourceListChanged(): Promise<void> {
    await this.notification({ method: Notify.resourcesChanged } as ServerNotification)
  }

  async sendToolListChanged(): Promise<void> {
    await this.notification({ method: Notify.toolsChanged } as ServerNotification)
  }

  async sendPromptListChanged(): Promise<void> {
    await this.notification({ method: Notify.promptsChanged } as ServerNotification)
  }

  #makePort(): ServerPort {
    return {
      info: this.#info,
      calls: this.#calls,
      answers: (method) => this.#handlers.hasRequest(method),
      answer: (call, method, params) => this.#answer(call, method, params),
      initialize: (call, params, opened) => this.#initialize(call, params, opened),
      discover: () => ({
        supportedVersions: STATELESS_REVISIONS,
        capabilities: withoutChanges(this.#capabilities),
        ...(this.#instructions && { instructions: this.#instructions }),
      }),
      notified: (peer, method, params) => this.#notified(peer, method, params),
      opened: (peer) => {
        this.#peers.add(peer)
        if (this.#peers.size > 1) this.#isShared = true
      },
      closed: (peer) => this.#peers.delete(peer),
    }
  }

  #initialize(call: Call, params: object | undefined, { protocolVersion }: OpenedSession): unknown {
    if (this.#handlers.hasRequest(Method.initialize)) return this.#answer(call, Method.initialize, params)
    return {
      protocolVersion,
      capabilities: this.#capabilities,
      serverInfo: this.#info,
      ...(this.#instructions && { instructions: this.#instructions }),
    }
  }

  #answer(call: Call, method: string, params: object | undefined): unknown {
    const extra = extraOf(call, params)
    const calls = this.#calls
    calls.add(call)
    let result: unknown
    try {
      result = this.#isShared
        ? runInCall(call, () => this.#handle({ method, ...(params && { params }) }, call, extra))
        : this.#handle({ method, ...(params && { params }) }, call, extra)
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
    if (this.#handlers.hasRequest(method)) {
      const result = this.#handlers.answer(message, extra)
      if (method !== Method.toolsCall) return result
      return isPromise(result) ? Promise.resolve(result).then(toolResult) : toolResult(result)
    }
    if (method === Method.setLevel && this.#capabilities.logging !== undefined) return setLevel(message, call)
    if (this.fallbackRequestHandler !== undefined) {
      const request = { jsonrpc: '2.0', id: call.id, ...message } as JSONRPCRequest
      return this.fallbackRequestHandler(request, extra as never)
    }
    throw new RpcError(ErrorCode.MethodNotFound, 'Method not found')
  }

  #notified(peer: Peer, method: string, params: object | undefined): void {
    if (method === Notify.progress) {
      const progress = params as ProgressNotificationParams
      peer.progress?.get(progress?.progressToken)?.(progress)
    }
    const message = { method, ...(params && { params }) }
    const handled = this.#handlers.notified(message, (error) => this.onerror?.(error))
    if (handled) return
    if (method === Notify.initialized) this.oninitialized?.()
    else if (method !== Notify.progress && method !== Notify.cancelled) {
      this.fallbackNotificationHandler?.(message as Notification)?.catch((error: unknown) =>
        this.onerror?.(new Error(`Uncaught error in notification handler: ${error}`)),
      )
    }
  }

  /** @param id - of a request that runs; undefined: the call whose handler asks */
  #callOf(id: string | number | undefined): Call | undefined {
    const current = currentCall() ?? this.#onlyCall()
    if (id === undefined || current?.id === id) return current
    for (const call of this.#calls) {
      if (call.id === id && (current === undefined || call.peer === current.peer)) return call
    }
    return undefined
  }

  /** As long as there is one client, a call that runs alone is the one that asks. */
  #onlyCall(): Call | undefined {
    if (this.#isShared || this.#calls.size !== 1) return undefined
    const [call] = this.#calls
    return call
  }

  #onlyPeer(): Peer | undefined {
    if (this.#peers.size > 1) {
      throw new Error(
        'Several clients are connected, and this request is outside of a call: use extra.sendRequest, which asks the client of the call',
      )
    }
    const [peer] = this.#peers
    return peer
  }

  #clientPeer(): { readonly info: unknown; readonly capabilities: unknown } | undefined {
    const call = this.#callOf(undefined)
    if (call !== undefined) return call.exchange.peer
    if (this.#peers.size > 1) return undefined
    const [peer] = this.#peers
    return peer?.session?.peer
  }

  #assertDeclared(method: string): void {
    const { logging, resources, tools, prompts } = this.#capabilities
    const lacks = (what: string) => new Error(`Server does not support ${what} (required for ${method})`)
    if (method === Notify.message && !logging) throw lacks('logging')
    if (method.startsWith('notifications/resources/') && !resources) throw lacks('notifying about resources')
    if (method === Notify.toolsChanged && !tools) throw lacks('notifying of tool list changes')
    if (method === Notify.promptsChanged && !prompts) throw lacks('notifying of prompt list changes')
  }

  #assertClientSupports(method: string): void {
    const { sampling, elicitation, roots } = this.getClientCapabilities() ?? {}
    const lacks = (what: string) => new Error(`Client does not support ${what} (required for ${method})`)
    if (method === Method.createMessage && !sampling) throw lacks('sampling')
    if (method === Method.elicit && !elicitation) throw lacks('elicitation')
    if (method === Method.listRoots && !roots) throw lacks('listing roots')
  }
}

function noTasks(): Error {
  return new Error(
    'Tasks of the SDK are experimental, and not supported here: registerTool of barewire has an option `task`, which makes tasks of the calls of a tool',
  )
}

function rankOf(level: string | undefined): number {
  return level === undefined ? 0 : (LOG_RANK.get(level) ?? 0)
}

function setLevel({ params }: Message, { exchange }: Call): object {
  const { level } = (params ?? {}) as { readonly level?: LogLevel }
  const { session } = exchange as {
    readonly session?: { readonly record: { logLevel: LogLevel | undefined } }
  }
  if (session !== undefined && level !== undefined && LOG_RANK.has(level)) session.record.logLevel = level
  return {}
}

/** Clients of 2026-07-28 have no stream on which such a program tells of changes. */
function withoutChanges(capabilities: ServerCapabilities): JsonObject {
  const { tools, prompts, resources, tasks: _, ...others } = capabilities
  return {
    ...others,
    ...(tools && { tools: {} }),
    ...(prompts && { prompts: {} }),
    ...(resources && { resources: {} }),
  }
}
