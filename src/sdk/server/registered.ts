/** What is registered with an McpServer, as types: callbacks, and the handles that registering returns. */

import type { RequestHandlerExtra } from '../shared/protocol-types.ts'
import { UriTemplate, type Variables } from '../shared/uriTemplate.ts'
import type {
  CallToolResult,
  GetPromptResult,
  ListResourcesResult,
  ReadResourceResult,
  Resource,
  Result,
  ServerNotification,
  ServerRequest,
  ToolAnnotations,
  ToolExecution,
} from '../types.ts'
import type {
  AnyObjectSchema,
  AnySchema,
  SchemaOutput,
  ShapeOutput,
  ZodRawShapeCompat,
} from './zod-compat.ts'

type AnyExtra = RequestHandlerExtra<ServerRequest, ServerNotification>
type InputSchema = undefined | ZodRawShapeCompat | AnySchema

export type BaseToolCallback<
  SendResultT extends Result,
  Extra extends AnyExtra,
  Args extends InputSchema,
> = Args extends ZodRawShapeCompat
  ? (args: ShapeOutput<Args>, extra: Extra) => SendResultT | Promise<SendResultT>
  : Args extends AnySchema
    ? (args: SchemaOutput<Args>, extra: Extra) => SendResultT | Promise<SendResultT>
    : (extra: Extra) => SendResultT | Promise<SendResultT>
export type ToolCallback<Args extends InputSchema = undefined> = BaseToolCallback<
  CallToolResult,
  AnyExtra,
  Args
>
export type AnyToolHandler<Args extends InputSchema = undefined> = ToolCallback<Args>

export type RegisteredTool = {
  title?: string
  description?: string
  inputSchema?: AnySchema
  outputSchema?: AnySchema
  annotations?: ToolAnnotations
  execution?: ToolExecution
  _meta?: Record<string, unknown>
  handler: AnyToolHandler<undefined | ZodRawShapeCompat>
  enabled: boolean
  enable(): void
  disable(): void
  update<InputArgs extends ZodRawShapeCompat, OutputArgs extends ZodRawShapeCompat>(updates: {
    name?: string | null
    title?: string
    description?: string
    paramsSchema?: InputArgs
    outputSchema?: OutputArgs
    annotations?: ToolAnnotations
    _meta?: Record<string, unknown>
    callback?: ToolCallback<InputArgs>
    enabled?: boolean
  }): void
  remove(): void
}

export type ResourceMetadata = Omit<Resource, 'uri' | 'name'>
export type ListResourcesCallback = (extra: AnyExtra) => ListResourcesResult | Promise<ListResourcesResult>
export type ReadResourceCallback = (
  uri: URL,
  extra: AnyExtra,
) => ReadResourceResult | Promise<ReadResourceResult>
export type ReadResourceTemplateCallback = (
  uri: URL,
  variables: Variables,
  extra: AnyExtra,
) => ReadResourceResult | Promise<ReadResourceResult>
export type CompleteResourceTemplateCallback = (
  value: string,
  context?: { arguments?: Record<string, string> },
) => string[] | Promise<string[]>

export type RegisteredResource = {
  name: string
  title?: string
  metadata?: ResourceMetadata
  readCallback: ReadResourceCallback
  enabled: boolean
  enable(): void
  disable(): void
  update(updates: {
    name?: string
    title?: string
    uri?: string | null
    metadata?: ResourceMetadata
    callback?: ReadResourceCallback
    enabled?: boolean
  }): void
  remove(): void
}

export type RegisteredResourceTemplate = {
  resourceTemplate: ResourceTemplate
  title?: string
  metadata?: ResourceMetadata
  readCallback: ReadResourceTemplateCallback
  enabled: boolean
  enable(): void
  disable(): void
  update(updates: {
    name?: string | null
    title?: string
    template?: ResourceTemplate
    metadata?: ResourceMetadata
    callback?: ReadResourceTemplateCallback
    enabled?: boolean
  }): void
  remove(): void
}

export type PromptArgsRawShape = ZodRawShapeCompat
export type PromptCallback<Args extends undefined | PromptArgsRawShape = undefined> =
  Args extends PromptArgsRawShape
    ? (args: ShapeOutput<Args>, extra: AnyExtra) => GetPromptResult | Promise<GetPromptResult>
    : (extra: AnyExtra) => GetPromptResult | Promise<GetPromptResult>

export type RegisteredPrompt = {
  title?: string
  description?: string
  argsSchema?: AnyObjectSchema
  callback: PromptCallback<undefined | PromptArgsRawShape>
  enabled: boolean
  enable(): void
  disable(): void
  update<Args extends PromptArgsRawShape>(updates: {
    name?: string | null
    title?: string
    description?: string
    argsSchema?: Args
    callback?: PromptCallback<Args>
    enabled?: boolean
  }): void
  remove(): void
}

/** A URI template, and what lists and completes its resources. */
export class ResourceTemplate {
  readonly #template: UriTemplate
  readonly #callbacks: {
    list: ListResourcesCallback | undefined
    complete?: { [variable: string]: CompleteResourceTemplateCallback }
  }

  constructor(
    uriTemplate: string | UriTemplate,
    callbacks: {
      list: ListResourcesCallback | undefined
      complete?: { [variable: string]: CompleteResourceTemplateCallback }
    },
  ) {
    this.#template = typeof uriTemplate === 'string' ? new UriTemplate(uriTemplate) : uriTemplate
    this.#callbacks = callbacks
  }

  get uriTemplate(): UriTemplate {
    return this.#template
  }

  get listCallback(): ListResourcesCallback | undefined {
    return this.#callbacks.list
  }

  completeCallback(variable: string): CompleteResourceTemplateCallback | undefined {
    return this.#callbacks.complete?.[variable]
  }
}
