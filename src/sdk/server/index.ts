/**
 * `server/index.js`: Server, whose handlers answer whole methods.
 *
 * The handshake, sessions, and the way of messages are the engine's. What a program asks of "the client" is asked of the
 * client whose call is running, or of the only one that is connected.
 */

import { LOG_RANK } from '../../protocol/log-levels.ts'
import { Method, Notify } from '../../protocol/methods.ts'
import { ask, notifyInCall, notifySession } from '../ask.ts'
import { ExperimentalServerTasks } from '../experimental/tasks/server.ts'
import type { Message, RequestHandler } from '../handler-table.ts'
import { connectPipe } from '../message-pipe.ts'
import { type Call, CONNECT, currentCall, isOwn, type Peer } from '../peer.ts'
import {
  mergeCapabilities,
  type NotificationOptions,
  type ProtocolOptions,
  type RequestHandlerExtra,
  type RequestOptions,
} from '../shared/protocol-types.ts'
import type { Transport } from '../shared/transport.ts'
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
  type Request,
  type ResourceUpdatedNotification,
  type Result,
  type ServerCapabilities,
  type ServerNotification,
  type ServerRequest,
  type ServerResult,
} from '../types.ts'
import { checkerOf } from '../validation/checker.ts'
import type { jsonSchemaValidator } from '../validation/types.ts'
import { assertClientSupports, assertDeclared } from './capability-checks.ts'
import { Serving, type ServingHooks } from './serving.ts'
import { ServerTasks } from './tasks.ts'
import type { AnySchema, SchemaOutput } from './zod-compat.ts'

const LISTS: ReadonlySet<string> = new Set([
  Notify.toolsChanged,
  Notify.promptsChanged,
  Notify.resourcesChanged,
])

export type ServerOptions = ProtocolOptions & {
  capabilities?: ServerCapabilities
  instructions?: string
  /** Checks the answers of forms. @defaultValue the library itself */
  jsonSchemaValidator?: jsonSchemaValidator
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
  readonly #serving: Serving
  readonly #strict: boolean
  readonly #validator: jsonSchemaValidator | undefined
  #transport: Transport | undefined
  #experimental: { tasks: ExperimentalServerTasks } | undefined

  constructor(info: Implementation, options: ServerOptions = {}) {
    this.#serving = new Serving(info, options.capabilities ?? {}, options.instructions, this as ServingHooks)
    this.#strict = options.enforceStrictCapabilities === true
    this.#validator = options.jsonSchemaValidator
    if (options.taskStore !== undefined) {
      const onError = (error: Error) => this.onerror?.(error)
      this.#serving.tasks = new ServerTasks(options.taskStore, options, this.#serving.handlers, onError)
    }
  }

  /** Requests that the client answers as tasks. */
  get experimental(): { tasks: ExperimentalServerTasks } {
    this.#experimental ??= { tasks: new ExperimentalServerTasks(this) }
    return this.#experimental
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
    if (isOwn(transport)) transport[CONNECT](this.#serving.port)
    else connectPipe(transport, this.#serving.port)
    await transport.start()
  }

  async close(): Promise<void> {
    await this.#transport?.close()
  }

  registerCapabilities(capabilities: ServerCapabilities): void {
    this.#serving.capabilities = mergeCapabilities(this.#serving.capabilities, capabilities)
  }

  setRequestHandler<T extends AnySchema>(
    requestSchema: T,
    handler: (
      request: SchemaOutput<T>,
      extra: RequestHandlerExtra<ServerRequest | RequestT, ServerNotification | NotificationT>,
    ) => ServerResult | ResultT | Promise<ServerResult | ResultT>,
  ): void {
    this.#serving.handlers.setRequest(requestSchema, handler as unknown as RequestHandler)
  }

  setNotificationHandler<T extends AnySchema>(
    notificationSchema: T,
    handler: (notification: SchemaOutput<T>) => void | Promise<void>,
  ): void {
    this.#serving.handlers.setNotification(notificationSchema, handler as (notification: never) => unknown)
  }

  removeRequestHandler(method: string): void {
    this.#serving.handlers.removeRequest(method)
  }

  removeNotificationHandler(method: string): void {
    this.#serving.handlers.removeNotification(method)
  }

  assertCanSetRequestHandler(method: string): void {
    if (!this.#serving.handlers.hasRequest(method)) return
    throw new Error(`A request handler for ${method} already exists, which would be overridden`)
  }

  getClientCapabilities(): ClientCapabilities | undefined {
    const peer = this.#serving.clientPeer()
    if (peer === undefined) return undefined
    const { elicitation, ...others } = peer.capabilities as ClientCapabilities
    if (elicitation === undefined) return others
    // Without a mode it is the one of forms.
    return { ...others, elicitation: Object.keys(elicitation).length === 0 ? { form: {} } : elicitation }
  }

  getClientVersion(): Implementation | undefined {
    return this.#serving.clientPeer()?.info as Implementation | undefined
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
    if (this.#strict) assertClientSupports(request.method, this.getClientCapabilities())
    const { tasks } = this.#serving
    if (options?.relatedTask !== undefined && tasks !== undefined) {
      const { relatedTask, ...others } = options
      return (await tasks.ask(
        relatedTask.taskId,
        request as Request,
        resultSchema,
        others,
      )) as SchemaOutput<T>
    }
    const call = this.#serving.callOf(options?.relatedRequestId)
    const peer = call?.peer ?? this.#serving.onlyPeer()
    if (peer === undefined) throw new Error('Not connected')
    return await ask(peer, call, request as Message, resultSchema, options)
  }

  /** Sends a notification to the client; outside of a call, or about a list, to all that are connected. */
  async notification(
    notification: ServerNotification | NotificationT,
    options?: NotificationOptions,
  ): Promise<void> {
    if (this.#transport === undefined && this.#serving.peers.size === 0) throw new Error('Not connected')
    assertDeclared(notification.method, this.#serving.capabilities)
    if (options?.relatedTask !== undefined && this.#serving.tasks !== undefined) {
      this.#serving.tasks.notify(options.relatedTask.taskId, notification as Notification)
      return
    }
    const related = this.#serving.callOf(options?.relatedRequestId)
    if (options?.relatedRequestId !== undefined && related !== undefined) {
      await notifyInCall(related, notification as Message)
      return
    }
    // Of a call that is not known, and so not for all.
    if (options?.relatedRequestId !== undefined) this.#serving.onlyPeer()
    for (const peer of this.#audience(notification.method, related)) {
      notifySession(peer, notification as Message)
    }
  }

  /** Lists are those of all clients. */
  #audience(method: string, call: Call | undefined): Iterable<Peer> {
    if (LISTS.has(method)) return this.#serving.peers
    return call === undefined ? this.#serving.audience() : [call.peer]
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
    const use = { name: 'requestedSchema', io: 'input' } as const
    const problem = await checkerOf(requestedSchema, this.#validator, use)(result.content)
    if (problem === undefined) return result
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
    const peer = this.#serving.callOf(undefined)?.peer ?? this.#serving.onlyPeer()
    return () =>
      peer === undefined || options !== undefined
        ? this.notification(notification as ServerNotification, options)
        : Promise.resolve(notifySession(peer, notification))
  }

  async listRoots(params?: ListRootsRequest['params'], options?: RequestOptions): Promise<ListRootsResult> {
    const request = { method: Method.listRoots, ...(params && { params }) } as ServerRequest
    return await this.request(request, ListRootsResultSchema, options)
  }

  /** Sends a log message to those who want messages of its level. */
  async sendLoggingMessage(params: LoggingMessageNotification['params'], sessionId?: string): Promise<void> {
    if (this.#serving.capabilities.logging === undefined) return
    for (const peer of this.#audience(Notify.message, currentCall())) {
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
}

function rankOf(level: string | undefined): number {
  return level === undefined ? 0 : (LOG_RANK.get(level) ?? 0)
}
