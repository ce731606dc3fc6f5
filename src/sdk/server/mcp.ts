/**
 * `server/mcp.js`: McpServer, whose tools, resources and prompts are registered one by one.
 *
 * What is registered is small, and described in JSON Schema only when a client asks for a list: programs make a server
 * for each session, and some for each request.
 *
 * Not here: the answers to clients (entries.ts).
 */

import { isRawShape, isSchema } from '../app-schema.ts'
import type { Transport } from '../shared/transport.ts'
import type { Implementation, LoggingMessageNotification, ToolAnnotations } from '../types.ts'
import { type Entries, serveEntries } from './entries.ts'
import { Server, type ServerOptions } from './index.ts'
import type {
  AnyToolHandler,
  PromptArgsRawShape,
  PromptCallback,
  ReadResourceCallback,
  ReadResourceTemplateCallback,
  RegisteredPrompt,
  RegisteredResource,
  RegisteredResourceTemplate,
  RegisteredTool,
  ResourceMetadata,
  ToolCallback,
} from './registered.ts'
import { ResourceTemplate } from './registered.ts'
import type { AnySchema, ZodRawShapeCompat } from './zod-compat.ts'

export type {
  AnyToolHandler,
  BaseToolCallback,
  CompleteResourceTemplateCallback,
  ListResourcesCallback,
  PromptArgsRawShape,
  PromptCallback,
  ReadResourceCallback,
  ReadResourceTemplateCallback,
  RegisteredPrompt,
  RegisteredResource,
  RegisteredResourceTemplate,
  RegisteredTool,
  ResourceMetadata,
  ToolCallback,
} from './registered.ts'
export { ResourceTemplate }

export type McpServerOptions = ServerOptions & {
  /** Most array elements and object members that the arguments of one call may have together. */
  maxToolInputElements?: number
}

export class McpServer {
  static {
    // In a bundle with the class of the library that has the same name, this one would get another.
    Object.defineProperty(McpServer, 'name', { value: 'McpServer' })
  }

  readonly server: Server
  readonly #entries: Entries

  constructor(serverInfo: Implementation, options?: McpServerOptions) {
    this.server = new Server(serverInfo, options)
    this.#entries = serveEntries(this.server, options?.maxToolInputElements)
    const { tools, resources, prompts } = options?.capabilities ?? {}
    if (tools) this.#entries.serveTools()
    if (resources) this.#entries.serveResources()
    if (prompts) this.#entries.servePrompts()
  }

  /** @throws {Error} always, see `Server.experimental` */
  get experimental(): { tasks: never } {
    return this.server.experimental
  }

  async connect(transport: Transport): Promise<void> {
    await this.server.connect(transport)
  }

  async close(): Promise<void> {
    await this.server.close()
  }

  isConnected(): boolean {
    return this.server.transport !== undefined
  }

  async sendLoggingMessage(params: LoggingMessageNotification['params'], sessionId?: string): Promise<void> {
    await this.server.sendLoggingMessage(params, sessionId)
  }

  sendResourceListChanged(): void {
    if (this.isConnected()) void this.server.sendResourceListChanged()
  }

  sendToolListChanged(): void {
    if (this.isConnected()) void this.server.sendToolListChanged()
  }

  sendPromptListChanged(): void {
    if (this.isConnected()) void this.server.sendPromptListChanged()
  }

  tool(name: string, cb: ToolCallback): RegisteredTool
  tool(name: string, description: string, cb: ToolCallback): RegisteredTool
  tool<Args extends ZodRawShapeCompat>(
    name: string,
    paramsSchemaOrAnnotations: Args | ToolAnnotations,
    cb: ToolCallback<Args>,
  ): RegisteredTool
  tool<Args extends ZodRawShapeCompat>(
    name: string,
    description: string,
    paramsSchemaOrAnnotations: Args | ToolAnnotations,
    cb: ToolCallback<Args>,
  ): RegisteredTool
  tool<Args extends ZodRawShapeCompat>(
    name: string,
    paramsSchema: Args,
    annotations: ToolAnnotations,
    cb: ToolCallback<Args>,
  ): RegisteredTool
  tool<Args extends ZodRawShapeCompat>(
    name: string,
    description: string,
    paramsSchema: Args,
    annotations: ToolAnnotations,
    cb: ToolCallback<Args>,
  ): RegisteredTool
  tool(name: string, ...rest: unknown[]): RegisteredTool {
    const description = typeof rest[0] === 'string' ? (rest.shift() as string) : undefined
    const handler = rest.pop() as AnyToolHandler
    const inputSchema = isRawShape(rest[0]) ? (rest.shift() as ZodRawShapeCompat) : undefined
    const annotations = rest.shift() as ToolAnnotations | undefined
    if (
      annotations !== undefined &&
      (isSchema(annotations) || Object.values(annotations).some(isObjectLike))
    ) {
      throw new Error(
        `Tool ${name} expected a Zod schema or ToolAnnotations, but received an unrecognized object`,
      )
    }
    return this.#entries.addTool(name, { description, inputSchema, annotations }, handler)
  }

  registerTool<
    OutputArgs extends ZodRawShapeCompat | AnySchema,
    InputArgs extends undefined | ZodRawShapeCompat | AnySchema = undefined,
  >(
    name: string,
    config: {
      title?: string
      description?: string
      inputSchema?: InputArgs
      outputSchema?: OutputArgs
      annotations?: ToolAnnotations
      _meta?: Record<string, unknown>
    },
    cb: ToolCallback<InputArgs>,
  ): RegisteredTool {
    return this.#entries.addTool(name, config, cb as AnyToolHandler)
  }

  prompt(name: string, cb: PromptCallback): RegisteredPrompt
  prompt(name: string, description: string, cb: PromptCallback): RegisteredPrompt
  prompt<Args extends PromptArgsRawShape>(
    name: string,
    argsSchema: Args,
    cb: PromptCallback<Args>,
  ): RegisteredPrompt
  prompt<Args extends PromptArgsRawShape>(
    name: string,
    description: string,
    argsSchema: Args,
    cb: PromptCallback<Args>,
  ): RegisteredPrompt
  prompt(name: string, ...rest: unknown[]): RegisteredPrompt {
    const description = typeof rest[0] === 'string' ? (rest.shift() as string) : undefined
    const callback = rest.pop() as PromptCallback
    return this.#entries.addPrompt(
      name,
      { description, argsSchema: rest[0] as PromptArgsRawShape | undefined },
      callback,
    )
  }

  registerPrompt<Args extends PromptArgsRawShape>(
    name: string,
    config: { title?: string; description?: string; argsSchema?: Args },
    cb: PromptCallback<Args>,
  ): RegisteredPrompt {
    return this.#entries.addPrompt(name, config, cb as PromptCallback)
  }

  resource(name: string, uri: string, readCallback: ReadResourceCallback): RegisteredResource
  resource(
    name: string,
    uri: string,
    metadata: ResourceMetadata,
    readCallback: ReadResourceCallback,
  ): RegisteredResource
  resource(
    name: string,
    template: ResourceTemplate,
    readCallback: ReadResourceTemplateCallback,
  ): RegisteredResourceTemplate
  resource(
    name: string,
    template: ResourceTemplate,
    metadata: ResourceMetadata,
    readCallback: ReadResourceTemplateCallback,
  ): RegisteredResourceTemplate
  resource(
    name: string,
    uriOrTemplate: string | ResourceTemplate,
    ...rest: unknown[]
  ): RegisteredResource | RegisteredResourceTemplate {
    const callback = rest.pop() as ReadResourceCallback & ReadResourceTemplateCallback
    const metadata = rest[0] as ResourceMetadata | undefined
    return this.#addResource(name, uriOrTemplate, undefined, metadata, callback)
  }

  registerResource(
    name: string,
    uriOrTemplate: string,
    config: ResourceMetadata,
    readCallback: ReadResourceCallback,
  ): RegisteredResource
  registerResource(
    name: string,
    uriOrTemplate: ResourceTemplate,
    config: ResourceMetadata,
    readCallback: ReadResourceTemplateCallback,
  ): RegisteredResourceTemplate
  registerResource(
    name: string,
    uriOrTemplate: string | ResourceTemplate,
    config: ResourceMetadata,
    readCallback: ReadResourceCallback | ReadResourceTemplateCallback,
  ): RegisteredResource | RegisteredResourceTemplate {
    return this.#addResource(name, uriOrTemplate, config.title, config, readCallback)
  }

  #addResource(
    name: string,
    uriOrTemplate: string | ResourceTemplate,
    title: string | undefined,
    metadata: ResourceMetadata | undefined,
    callback: ReadResourceCallback | ReadResourceTemplateCallback,
  ): RegisteredResource | RegisteredResourceTemplate {
    return typeof uriOrTemplate === 'string'
      ? this.#entries.addResource(name, uriOrTemplate, title, metadata, callback as ReadResourceCallback)
      : this.#entries.addTemplate(
          name,
          uriOrTemplate,
          title,
          metadata,
          callback as ReadResourceTemplateCallback,
        )
  }
}

function isObjectLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
