/** `client/index.js`: Client, which speaks the session era over a transport that the program has made. */

import { kindOf } from '../../bounds/quote.ts'
import { Method, Notify } from '../../protocol/methods.ts'
import { ExperimentalClientTasks } from '../experimental/tasks/client.ts'
import type { Message } from '../handler-table.ts'
import type { AnySchema, SchemaOutput } from '../server/zod-compat.ts'
import {
  mergeCapabilities,
  Protocol,
  type ProtocolOptions,
  type RequestHandlerExtra,
  type RequestOptions,
} from '../shared/protocol.ts'
import type { Transport } from '../shared/transport.ts'
import {
  type CallToolRequest,
  type CallToolResult,
  CallToolResultSchema,
  type ClientCapabilities,
  type ClientNotification,
  type ClientRequest,
  type ClientResult,
  type CompatibilityCallToolResult,
  type CompatibilityCallToolResultSchema,
  type CompleteRequest,
  type CompleteResult,
  CompleteResultSchema,
  type ElicitRequest,
  type EmptyResult,
  EmptyResultSchema,
  ErrorCode,
  type GetPromptRequest,
  type GetPromptResult,
  GetPromptResultSchema,
  type Implementation,
  InitializeResultSchema,
  LATEST_PROTOCOL_VERSION,
  type ListChangedHandlers,
  type ListPromptsRequest,
  type ListPromptsResult,
  ListPromptsResultSchema,
  type ListResourcesRequest,
  type ListResourcesResult,
  ListResourcesResultSchema,
  type ListResourceTemplatesRequest,
  type ListResourceTemplatesResult,
  ListResourceTemplatesResultSchema,
  type ListToolsRequest,
  type ListToolsResult,
  ListToolsResultSchema,
  type LoggingLevel,
  McpError,
  type Notification,
  type ReadResourceRequest,
  type ReadResourceResult,
  ReadResourceResultSchema,
  type Request,
  type Result,
  type ServerCapabilities,
  SUPPORTED_PROTOCOL_VERSIONS,
  type SubscribeRequest,
  type Tool,
  type UnsubscribeRequest,
} from '../types.ts'
import { type Checker, checkerOf } from '../validation/checker.ts'
import type { jsonSchemaValidator } from '../validation/types.ts'
import { watchLists } from './list-changed.ts'
import { TaskTools } from './task-tools.ts'

export type ClientOptions = ProtocolOptions & {
  capabilities?: ClientCapabilities
  /** Checks structured content. @defaultValue the library itself */
  jsonSchemaValidator?: jsonSchemaValidator
  listChanged?: ListChangedHandlers
}

/** @returns the ways in which a client may be asked for input */
export function getSupportedElicitationModes(capabilities: ClientCapabilities['elicitation']): {
  supportsFormMode: boolean
  supportsUrlMode: boolean
} {
  const { form, url } = capabilities ?? {}
  return {
    supportsFormMode: capabilities !== undefined && (form !== undefined || url === undefined),
    supportsUrlMode: url !== undefined,
  }
}

export class Client<
  RequestT extends Request = Request,
  NotificationT extends Notification = Notification,
  ResultT extends Result = Result,
> extends Protocol<ClientRequest | RequestT, ClientNotification | NotificationT, ClientResult | ResultT> {
  readonly #info: Implementation
  readonly #options: ClientOptions
  #capabilities: ClientCapabilities
  #server:
    | {
        readonly capabilities: ServerCapabilities
        readonly info: Implementation
        readonly instructions: string | undefined
      }
    | undefined
  /** By tool, from the last list. */
  readonly #outputs = new Map<string, Checker>()
  readonly #taskTools = new TaskTools()
  #experimental: { tasks: ExperimentalClientTasks } | undefined

  constructor(clientInfo: Implementation, options: ClientOptions = {}) {
    super()
    this.#info = clientInfo
    this.#options = options
    this.#capabilities = options.capabilities ?? {}
    if (options.taskStore !== undefined) {
      throw new Error(
        'A client that answers requests as tasks is not supported here: connect() of barewire/client answers them at once',
      )
    }
  }

  /** Requests that the server answers as tasks. */
  get experimental(): { tasks: ExperimentalClientTasks } {
    this.#experimental ??= {
      tasks: new ExperimentalClientTasks(this, (name) => this.#taskTools.has(name)),
    }
    return this.#experimental
  }

  override async connect(transport: Transport, options?: RequestOptions): Promise<void> {
    await super.connect(transport)
    // The program takes up a session that it had before.
    if (transport.sessionId !== undefined) return
    try {
      await this.#initialize(transport, options)
    } catch (error) {
      void this.close()
      throw error
    }
  }

  async #initialize(transport: Transport, options: RequestOptions | undefined): Promise<void> {
    const params = {
      protocolVersion: LATEST_PROTOCOL_VERSION,
      capabilities: this.#capabilities,
      clientInfo: this.#info,
    }
    const result = await this.#send({ method: Method.initialize, params }, InitializeResultSchema, options)
    const { protocolVersion, capabilities, serverInfo: info, instructions } = result
    if (!SUPPORTED_PROTOCOL_VERSIONS.includes(protocolVersion)) {
      throw new Error(`Server's protocol version is not supported: ${protocolVersion}`)
    }
    this.#server = { capabilities, info, instructions }
    transport.setProtocolVersion?.(protocolVersion)
    await this.notification({ method: Notify.initialized } as ClientNotification)
    if (this.#options.listChanged !== undefined) watchLists(this, this.#options.listChanged, capabilities)
  }

  registerCapabilities(capabilities: ClientCapabilities): void {
    if (this.transport !== undefined)
      throw new Error('Cannot register capabilities after connecting to transport')
    this.#capabilities = mergeCapabilities(this.#capabilities, capabilities)
  }

  getServerCapabilities(): ServerCapabilities | undefined {
    return this.#server?.capabilities
  }

  getServerVersion(): Implementation | undefined {
    return this.#server?.info
  }

  getInstructions(): string | undefined {
    return this.#server?.instructions
  }

  override setRequestHandler<T extends AnySchema>(
    requestSchema: T,
    handler: (
      request: SchemaOutput<T>,
      extra: RequestHandlerExtra<ClientRequest | RequestT, ClientNotification | NotificationT>,
    ) => ClientResult | ResultT | Promise<ClientResult | ResultT>,
  ): void {
    const answer = handler as unknown as (request: ElicitRequest, extra: never) => unknown
    const isElicitation = (request: { readonly method: string }) => request.method === Method.elicit
    const guarded = (request: ElicitRequest, extra: never) => {
      if (!isElicitation(request)) return answer(request, extra)
      return this.#elicit(request, () => answer(request, extra))
    }
    super.setRequestHandler(requestSchema, guarded as never)
  }

  protected assertCapabilityForMethod(_method: string): void {}
  protected assertNotificationCapability(_method: string): void {}
  protected assertRequestHandlerCapability(_method: string): void {}
  protected assertTaskCapability(_method: string): void {}
  protected assertTaskHandlerCapability(_method: string): void {}

  ping(options?: RequestOptions): Promise<EmptyResult> {
    return this.#send({ method: Method.ping }, EmptyResultSchema, options)
  }

  complete(params: CompleteRequest['params'], options?: RequestOptions): Promise<CompleteResult> {
    return this.#send({ method: Method.complete, params }, CompleteResultSchema, options)
  }

  setLoggingLevel(level: LoggingLevel, options?: RequestOptions): Promise<EmptyResult> {
    return this.#send({ method: Method.setLevel, params: { level } }, EmptyResultSchema, options)
  }

  getPrompt(params: GetPromptRequest['params'], options?: RequestOptions): Promise<GetPromptResult> {
    return this.#send({ method: Method.promptsGet, params }, GetPromptResultSchema, options)
  }

  listPrompts(params?: ListPromptsRequest['params'], options?: RequestOptions): Promise<ListPromptsResult> {
    return this.#send({ method: Method.promptsList, params }, ListPromptsResultSchema, options)
  }

  listResources(
    params?: ListResourcesRequest['params'],
    options?: RequestOptions,
  ): Promise<ListResourcesResult> {
    return this.#send({ method: Method.resourcesList, params }, ListResourcesResultSchema, options)
  }

  listResourceTemplates(
    params?: ListResourceTemplatesRequest['params'],
    options?: RequestOptions,
  ): Promise<ListResourceTemplatesResult> {
    const request = { method: Method.resourceTemplatesList, params }
    return this.#send(request, ListResourceTemplatesResultSchema, options)
  }

  readResource(params: ReadResourceRequest['params'], options?: RequestOptions): Promise<ReadResourceResult> {
    return this.#send({ method: Method.resourcesRead, params }, ReadResourceResultSchema, options)
  }

  subscribeResource(params: SubscribeRequest['params'], options?: RequestOptions): Promise<EmptyResult> {
    return this.#send({ method: Method.resourcesSubscribe, params }, EmptyResultSchema, options)
  }

  unsubscribeResource(params: UnsubscribeRequest['params'], options?: RequestOptions): Promise<EmptyResult> {
    return this.#send({ method: Method.resourcesUnsubscribe, params }, EmptyResultSchema, options)
  }

  /** Calls a tool. Its structured content is checked against the output schema, where the tool was listed before. */
  async callTool(
    params: CallToolRequest['params'],
    resultSchema:
      | typeof CallToolResultSchema
      | typeof CompatibilityCallToolResultSchema = CallToolResultSchema,
    options?: RequestOptions,
  ): Promise<CallToolResult | CompatibilityCallToolResult> {
    this.#taskTools.assertNotRequired(params.name)
    const request = { method: Method.toolsCall, params }
    const result = (await this.#send(request, resultSchema, options)) as CallToolResult
    const output = this.#outputs.get(params.name)
    if (output === undefined || result.isError === true) return result
    if (result.structuredContent === undefined) {
      throw new McpError(
        ErrorCode.InvalidRequest,
        `Tool ${params.name} has an output schema but did not return structured content`,
      )
    }
    const problem = await output(result.structuredContent)
    if (problem === undefined) return result
    throw new McpError(
      ErrorCode.InvalidParams,
      `Structured content does not match the tool's output schema: ${problem}`,
    )
  }

  async listTools(params?: ListToolsRequest['params'], options?: RequestOptions): Promise<ListToolsResult> {
    const result = await this.#send({ method: Method.toolsList, params }, ListToolsResultSchema, options)
    this.#outputs.clear()
    this.#taskTools.keep(result.tools, this.#server?.capabilities)
    for (const tool of result.tools) this.#keepOutput(tool)
    return result
  }

  sendRootsListChanged(): Promise<void> {
    return this.notification({ method: Notify.rootsChanged } as ClientNotification)
  }

  #keepOutput({ name, outputSchema }: Tool): void {
    if (outputSchema === undefined) return
    try {
      const use = { name: `tool ${JSON.stringify(name)} outputSchema`, io: 'output' } as const
      this.#outputs.set(name, checkerOf(outputSchema, this.#options.jsonSchemaValidator, use))
    } catch (error) {
      this.onerror?.(error as Error)
    }
  }

  #send<T extends AnySchema>(
    message: Message,
    schema: T,
    options: RequestOptions | undefined,
  ): Promise<SchemaOutput<T>> {
    return this.request(message as ClientRequest, schema, options)
  }

  /** Refuses a way of asking that was not declared, and fills in the defaults of a form where that was. */
  async #elicit({ params }: ElicitRequest, answer: () => unknown): Promise<unknown> {
    const { mode = 'form' } = params
    const modes = getSupportedElicitationModes(this.#capabilities.elicitation)
    if (mode === 'form' ? !modes.supportsFormMode : !modes.supportsUrlMode) {
      const name = mode === 'form' ? 'form-mode' : 'URL-mode'
      throw new McpError(ErrorCode.InvalidParams, `Client does not support ${name} elicitation requests`)
    }
    const result = (await answer()) as { action?: unknown; content?: unknown } | undefined
    if (typeof result !== 'object' || result === null) {
      throw new McpError(ErrorCode.InvalidParams, `Invalid elicitation result: got ${kindOf(result)}`)
    }
    const { form } = this.#capabilities.elicitation ?? {}
    const asked = (params as { readonly requestedSchema?: { readonly properties?: object } }).requestedSchema
    if (result.action !== 'accept' || form?.applyDefaults !== true || asked === undefined) return result
    const given = (result.content ?? {}) as Record<string, unknown>
    const defaults = Object.entries(asked.properties ?? {}).flatMap(([name, { default: value }]) =>
      value === undefined || given[name] !== undefined ? [] : [[name, value]],
    )
    return { ...result, content: { ...given, ...Object.fromEntries(defaults) } }
  }
}
