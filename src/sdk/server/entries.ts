/**
 * What is registered with an McpServer, and the answers to clients: lists, calls, reads, completions. The handlers are
 * set when the first entry of a kind is registered.
 *
 * A tool that fails answers with `isError` and the message of what it threw, which the model sees.
 *
 * Not here: the schemas themselves (app-schema.ts), the handles (handles.ts).
 */

import { isPromise } from '../../bounds/is-promise.ts'
import { JsonText } from '../../dispatch/json-text.ts'
import { appSchema } from '../app-schema.ts'
import { measureValue } from '../element-count.ts'
import type { Extra } from '../extra.ts'
import {
  type CallToolRequest,
  CallToolRequestSchema,
  type CompleteRequest,
  CompleteRequestSchema,
  ErrorCode,
  type GetPromptRequest,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  type ReadResourceRequest,
  ReadResourceRequestSchema,
  type ToolAnnotations,
} from '../types.ts'
import {
  type AnyFunction,
  completerOf,
  failure,
  objectJson,
  promptArguments,
  schemasOf,
  settled,
  validate,
} from './entry-schemas.ts'
import { handleOf } from './handles.ts'
import type { Server } from './index.ts'
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
  ResourceTemplate,
} from './registered.ts'
import type { AnySchema, SchemaOutput, ZodRawShapeCompat } from './zod-compat.ts'

interface ToolConfig {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly inputSchema?: AnySchema | ZodRawShapeCompat | undefined
  readonly outputSchema?: AnySchema | ZodRawShapeCompat | undefined
  readonly annotations?: ToolAnnotations | undefined
  readonly _meta?: Record<string, unknown> | undefined
}

interface PromptConfig {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly argsSchema?: PromptArgsRawShape | undefined
}

const NO_ARGUMENTS = { type: 'object', properties: {} }
const NO_COMPLETION = { completion: { values: [], hasMore: false } }
/** Most that one answer to a completion may hold. */
const MAX_VALUES = 100

export class Entries {
  readonly tools = new Map<string, RegisteredTool>()
  readonly prompts = new Map<string, RegisteredPrompt>()
  /** By URI. */
  readonly resources = new Map<string, RegisteredResource>()
  readonly templates = new Map<string, RegisteredResourceTemplate>()
  readonly #server: Server
  readonly #maxElements: number
  /** Until something changes. */
  #toolList: JsonText | undefined
  readonly #served = new Set<string>()

  constructor(server: Server, maxElements = Number.POSITIVE_INFINITY) {
    if (typeof maxElements !== 'number' || !(maxElements >= 1)) {
      throw new RangeError(
        `maxToolInputElements must be a number of at least 1, or Infinity, got ${maxElements}`,
      )
    }
    this.#server = server
    this.#maxElements = maxElements
  }

  addTool(name: string, config: ToolConfig, handler: AnyToolHandler): RegisteredTool {
    if (this.tools.has(name)) throw new Error(`Tool ${name} is already registered`)
    const { title, description, inputSchema, outputSchema, annotations, _meta } = config
    const tool = handleOf<RegisteredTool>(
      this.tools,
      name,
      {
        title,
        description,
        inputSchema: inputSchema && appSchema(inputSchema),
        outputSchema: outputSchema && appSchema(outputSchema, 'outputSchema'),
        annotations,
        execution: { taskSupport: 'forbidden' },
        _meta,
        handler,
      },
      {
        paramsSchema: (value) => ['inputSchema', appSchema(value as ZodRawShapeCompat)],
        outputSchema: (value) => ['outputSchema', appSchema(value as ZodRawShapeCompat, 'outputSchema')],
        callback: (value) => ['handler', value],
      },
      () => this.#toolsChanged(),
    )
    this.serveTools()
    this.#toolsChanged()
    return tool
  }

  addPrompt(name: string, config: PromptConfig, callback: PromptCallback): RegisteredPrompt {
    if (this.prompts.has(name)) throw new Error(`Prompt ${name} is already registered`)
    const { title, description, argsSchema } = config
    const prompt = handleOf<RegisteredPrompt>(
      this.prompts,
      name,
      { title, description, argsSchema: argsSchema && appSchema(argsSchema, 'argsSchema'), callback },
      { argsSchema: (value) => ['argsSchema', appSchema(value as ZodRawShapeCompat, 'argsSchema')] },
      () => this.#changed('prompts'),
    )
    if (Object.values(argsSchema ?? {}).some((field) => completerOf(field) !== undefined))
      this.#serveCompletion()
    this.servePrompts()
    this.#changed('prompts')
    return prompt
  }

  addResource(
    name: string,
    uri: string,
    title: string | undefined,
    metadata: ResourceMetadata | undefined,
    readCallback: ReadResourceCallback,
  ): RegisteredResource {
    if (this.resources.has(uri)) throw new Error(`Resource ${uri} is already registered`)
    const resource = handleOf<RegisteredResource>(
      this.resources,
      uri,
      { name, title, metadata, readCallback },
      { callback: (value) => ['readCallback', value] },
      () => this.#changed('resources'),
      'uri',
    )
    this.serveResources()
    this.#changed('resources')
    return resource
  }

  addTemplate(
    name: string,
    template: ResourceTemplate,
    title: string | undefined,
    metadata: ResourceMetadata | undefined,
    readCallback: ReadResourceTemplateCallback,
  ): RegisteredResourceTemplate {
    if (this.templates.has(name)) throw new Error(`Resource template ${name} is already registered`)
    const entry = handleOf<RegisteredResourceTemplate>(
      this.templates,
      name,
      { resourceTemplate: template, title, metadata, readCallback },
      {
        callback: (value) => ['readCallback', value],
        template: (value) => ['resourceTemplate', value],
      },
      () => this.#changed('resources'),
    )
    const { variableNames } = template.uriTemplate
    if (variableNames.some((variable) => template.completeCallback(variable) !== undefined)) {
      this.#serveCompletion()
    }
    this.serveResources()
    this.#changed('resources')
    return entry
  }

  serveTools(): void {
    if (!this.#begin('tools', { tools: { listChanged: true } })) return
    this.#handle(ListToolsRequestSchema, () => this.#listTools())
    this.#handle(CallToolRequestSchema, (request, extra) => this.#callTool(request, extra))
  }

  serveResources(): void {
    if (!this.#begin('resources', { resources: { listChanged: true } })) return
    this.#handle(ListResourcesRequestSchema, (_request, extra) => this.#listResources(extra))
    this.#handle(ListResourceTemplatesRequestSchema, () => this.#listTemplates())
    this.#handle(ReadResourceRequestSchema, (request, extra) => this.#readResource(request, extra))
  }

  servePrompts(): void {
    if (!this.#begin('prompts', { prompts: { listChanged: true } })) return
    this.#handle(ListPromptsRequestSchema, () => this.#listPrompts())
    this.#handle(GetPromptRequestSchema, (request, extra) => this.#getPrompt(request, extra))
  }

  #serveCompletion(): void {
    if (!this.#begin('completions', { completions: {} })) return
    this.#handle(CompleteRequestSchema, (request) => this.#complete(request))
  }

  #begin(kind: string, capabilities: object): boolean {
    if (this.#served.has(kind)) return false
    this.#served.add(kind)
    this.#server.registerCapabilities(capabilities)
    return true
  }

  #handle<S extends AnySchema>(
    schema: S,
    handler: (request: SchemaOutput<S>, extra: Extra) => unknown,
  ): void {
    this.#server.setRequestHandler(schema, handler as never)
  }

  #toolsChanged(): void {
    this.#toolList = undefined
    this.#changed('tools')
  }

  #changed(kind: 'tools' | 'prompts' | 'resources'): void {
    if (this.#server.transport === undefined) return
    if (kind === 'tools') void this.#server.sendToolListChanged()
    else if (kind === 'prompts') void this.#server.sendPromptListChanged()
    else void this.#server.sendResourceListChanged()
  }

  #listTools(): JsonText {
    if (this.#toolList !== undefined) return this.#toolList
    const tools = [...this.tools]
      .filter(([, { enabled }]) => enabled)
      .map(([name, tool]) => {
        const { title, description, annotations, execution, _meta } = tool
        const { inputSchema: input, outputSchema: output } = schemasOf(tool)
        const inputSchema = (input && objectJson(input, 'input')) ?? NO_ARGUMENTS
        const outputSchema = output && objectJson(output, 'output')
        return { name, title, description, inputSchema, outputSchema, annotations, execution, _meta }
      })
    this.#toolList = new JsonText(JSON.stringify({ tools }))
    return this.#toolList
  }

  #callTool({ params: { name, arguments: args } }: CallToolRequest, extra: Extra): unknown {
    try {
      const tool = this.tools.get(name)
      if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `Tool ${name} not found`)
      if (!tool.enabled) throw new McpError(ErrorCode.InvalidParams, `Tool ${name} disabled`)
      const { inputSchema } = schemasOf(tool)
      const handler = tool.handler as AnyFunction
      this.#checkSize(name, args)
      const finish = (result: unknown) => this.#finish(name, tool, result)
      if (inputSchema === undefined) return settled(handler(extra), finish)
      const run = (checked: unknown) => settled(handler(checked, extra), finish)
      const use = `Input validation error: Invalid arguments for tool ${name}`
      return settled(validate(inputSchema, args ?? {}, use), run)
    } catch (error) {
      return failure(error)
    }
  }

  #checkSize(name: string, args: unknown): void {
    if (this.#maxElements === Number.POSITIVE_INFINITY) return
    if (measureValue(args, this.#maxElements) <= this.#maxElements) return
    throw new McpError(
      ErrorCode.InvalidParams,
      `Invalid arguments for tool ${name}: arguments contain more than the maximum of ${this.#maxElements} elements`,
    )
  }

  /** Checks the structured content against the output schema. */
  #finish(name: string, tool: RegisteredTool, returned: unknown): unknown {
    const { outputSchema } = schemasOf(tool)
    const { isError, structuredContent } = (returned ?? {}) as {
      readonly isError?: boolean
      readonly structuredContent?: unknown
    }
    if (outputSchema === undefined || isError === true) return returned
    if (structuredContent === undefined || structuredContent === null) {
      throw new McpError(
        ErrorCode.InvalidParams,
        `Output validation error: Tool ${name} has an output schema but no structured content was provided`,
      )
    }
    const use = `Output validation error: Invalid structured content for tool ${name}`
    const checked = validate(outputSchema, structuredContent, use)
    return isPromise(checked) ? checked.then(() => returned) : returned
  }

  #listPrompts(): object {
    const prompts = [...this.prompts]
      .filter(([, { enabled }]) => enabled)
      .map(([name, prompt]) => {
        const { argsSchema } = schemasOf(prompt)
        const args = argsSchema && promptArguments(argsSchema)
        return { name, title: prompt.title, description: prompt.description, arguments: args }
      })
    return { prompts }
  }

  async #getPrompt({ params: { name, arguments: args } }: GetPromptRequest, extra: Extra): Promise<unknown> {
    const prompt = this.#prompt(name)
    const callback = prompt.callback as AnyFunction
    const { argsSchema } = schemasOf(prompt)
    if (argsSchema === undefined) return await callback(extra)
    const use = `Invalid arguments for prompt ${name}`
    return await callback(await validate(argsSchema, args ?? {}, use), extra)
  }

  #prompt(name: string): RegisteredPrompt {
    const prompt = this.prompts.get(name)
    if (prompt === undefined) throw new McpError(ErrorCode.InvalidParams, `Prompt ${name} not found`)
    if (!prompt.enabled) throw new McpError(ErrorCode.InvalidParams, `Prompt ${name} disabled`)
    return prompt
  }

  async #listResources(extra: Extra): Promise<object> {
    const own = [...this.resources]
      .filter(([, { enabled }]) => enabled)
      .map(([uri, { name, metadata }]) => ({ uri, name, ...metadata }))
    const listed = [...this.templates.values()].map(async ({ resourceTemplate, metadata }) => {
      const { resources = [] } = (await resourceTemplate.listCallback?.(extra as never)) ?? {}
      return resources.map((resource) => ({ ...metadata, ...resource }))
    })
    return { resources: [...own, ...(await Promise.all(listed)).flat()] }
  }

  #listTemplates(): object {
    const resourceTemplates = [...this.templates].map(([name, { resourceTemplate, metadata }]) => ({
      name,
      uriTemplate: resourceTemplate.uriTemplate.toString(),
      ...metadata,
    }))
    return { resourceTemplates }
  }

  #readResource({ params }: ReadResourceRequest, extra: Extra): unknown {
    const uri = new URL(params.uri)
    const resource = this.resources.get(uri.toString()) ?? this.resources.get(params.uri)
    if (resource?.enabled === false) throw new McpError(ErrorCode.InvalidParams, `Resource ${uri} disabled`)
    if (resource !== undefined) return resource.readCallback(uri, extra as never)
    for (const { resourceTemplate, readCallback } of this.templates.values()) {
      const variables = resourceTemplate.uriTemplate.match(uri.toString())
      if (variables !== null) return readCallback(uri, variables, extra as never)
    }
    throw new McpError(ErrorCode.InvalidParams, `Resource ${uri} not found`)
  }

  async #complete({ params: { ref, argument, context } }: CompleteRequest): Promise<object> {
    const completer =
      ref.type === 'ref/prompt'
        ? this.#promptCompleter(ref.name, argument.name)
        : this.#uriCompleter(ref.uri, argument.name)
    if (completer === undefined) return NO_COMPLETION
    const values = (await completer(argument.value, context)) as unknown[]
    const total = values.length
    return { completion: { values: values.slice(0, MAX_VALUES), total, hasMore: total > MAX_VALUES } }
  }

  #promptCompleter(name: string, argument: string): AnyFunction | undefined {
    return completerOf(schemasOf(this.#prompt(name)).argsSchema?.shape?.[argument])
  }

  #uriCompleter(uri: string, variable: string): AnyFunction | undefined {
    for (const { resourceTemplate } of this.templates.values()) {
      if (resourceTemplate.uriTemplate.toString() === uri) {
        return resourceTemplate.completeCallback(variable) as AnyFunction | undefined
      }
    }
    if (this.resources.has(uri)) return undefined
    throw new McpError(ErrorCode.InvalidParams, `Resource template ${uri} not found`)
  }
}

/** Answers for a server whatever is registered in what it returns. */
export function serveEntries(server: Server, maxElements: number | undefined): Entries {
  return new Entries(server, maxElements)
}
