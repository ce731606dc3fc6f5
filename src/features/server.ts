/**
 * McpServer: what a server offers, and nothing about its clients.
 *
 * One definition serves any number of clients and handlers at once. It holds registries and options; whatever
 * belongs to a client belongs to a session or an exchange that the library made, so that answers of one client
 * cannot reach another.
 */

import { kindOf } from '../bounds/quote.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { Middleware, Override } from '../dispatch/dispatcher.ts'
import type { ErrorInfo } from '../dispatch/error-report.ts'
import { runHook } from '../dispatch/hook.ts'
import type { Access } from '../dispatch/rpc-exchange.ts'
import type { SchemaLike } from '../json-schema/adapter/standard-schema.ts'
import type { Implementation, JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { CacheHints } from './cache-hints.ts'
import { ChangeBus } from './change-bus.ts'
import { type ExtensionConfig, Extensions } from './extensions.ts'
import { guard } from './guard.ts'
import { type ConfigChanges, type Handle, type PromptHandle, register, type ToolHandle } from './handles.ts'
import { type Audience, type Delivery, logMessage, MessageBus, notification, unsent } from './message-bus.ts'
import { Prompt, type PromptConfig, type PromptHandler } from './prompts.ts'
import { Registry } from './registry.ts'
import { ResourceWatch } from './resource-watch.ts'
import {
  type ResourceConfig,
  type ResourceHandler,
  type ResourceTemplateConfig,
  type ResourceTemplateHandler,
  StaticResource,
  TemplateResource,
  unsubscribable,
} from './resources.ts'
import { resultProblem } from './result-check.ts'
import { ScopeRegistry } from './scopes.ts'
import { checkServer, type ServerOptions } from './server-options.ts'
import { checkPatterns, type SlowPatterns } from './slow-patterns.ts'
import { Tool, type ToolConfig, type ToolHandler } from './tools.ts'

/** @param sessionId - of the client that sent it */
export type ClientNotificationHook = (
  method: string,
  params: JsonObject | undefined,
  sessionId: string,
) => void

/** What a server offers: tools, resources, prompts, extensions. One definition serves any number of clients at once. */
export class McpServer {
  /** Name and version, as they were given. */
  readonly info: Implementation
  /** How to use the server, for the model, as it was given. */
  readonly instructions: string | undefined
  /** @internal */
  readonly pageSize: number
  /** @internal Least severity sent unasked; `undefined`: no logging. */
  readonly defaultLogLevel: LogLevel | undefined
  /** @internal */
  readonly cache: CacheHints
  /** @internal */
  readonly changes = new ChangeBus()
  /** @internal */
  readonly messages = new MessageBus()
  /** @internal */
  readonly tools: Registry<Tool>
  /** @internal */
  readonly prompts: Registry<Prompt>
  /** @internal */
  readonly resources: Registry<StaticResource>
  /** @internal */
  readonly resourceTemplates: Registry<TemplateResource>
  /** @internal */
  readonly watch: ResourceWatch
  /** @internal */
  readonly extensions = new Extensions()
  /** @internal */
  readonly scopes = new ScopeRegistry()
  /** @internal */
  readonly resultProblem = resultProblem
  /** @internal For a server that answers whole methods itself. */
  override: Override | undefined = undefined
  /** @internal Called with the notifications of clients that have a session. */
  onClientNotification: ClientNotificationHook | undefined = undefined
  readonly #middleware: Middleware[] = []
  readonly #slowPatterns: SlowPatterns
  /** @internal */
  readonly nullAsAbsent: boolean
  #hasTaskTools = false
  readonly #onError: (error: unknown, info: ErrorInfo) => void

  /**
   * @param info - name and version, shown to clients
   * @throws {TypeError} a wrong option, named
   */
  constructor(info: Implementation, options: ServerOptions = {}) {
    const settings = checkServer(info, options)
    this.info = info
    this.instructions = settings.instructions
    this.pageSize = settings.pageSize
    this.defaultLogLevel = settings.defaultLogLevel
    this.cache = settings.cache
    this.#slowPatterns = settings.slowPatterns
    this.nullAsAbsent = settings.nullAsAbsent
    this.#onError = options.onError ?? printError
    this.tools = new Registry('tool', 'tools', () => this.changes.listChanged('tools'))
    this.prompts = new Registry('prompt', 'prompts', () => this.changes.listChanged('prompts'))
    const resourcesChanged = () => this.changes.listChanged('resources')
    this.resources = new Registry('resource', 'resources', resourcesChanged)
    this.resourceTemplates = new Registry('resource template', 'resourceTemplates', resourcesChanged)
    this.watch = new ResourceWatch(this)
  }

  /**
   * Adds a tool.
   *
   * @param name - 1 to 128 of `A-Z a-z 0-9 _ - .`; 1 to 64 without the dot for hosts like Claude Desktop
   * @param config - the types of the arguments come from `inputSchema`; a schema in a variable needs `as const`
   * @param handler - gets the arguments after they were checked against `inputSchema`
   * @throws {TypeError | SchemaError} a duplicate name, an invalid schema or option, named
   *
   * @example
   * ```ts
   * server.registerTool('add', {
   *   inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
   * }, ({ a, b }) => String(a + b))
   * ```
   */
  registerTool<
    const Input extends SchemaLike | undefined = undefined,
    const Output extends SchemaLike | undefined = undefined,
  >(
    name: string,
    config: ToolConfig<Input, Output>,
    handler: ToolHandler<Input, Output>,
  ): ToolHandle<Input, Output> {
    type Stored = ConstructorParameters<typeof Tool>[2]
    const make = (settings: ToolConfig, run: Stored, previous?: Tool) => {
      const tool = new Tool(name, settings, run, this.nullAsAbsent, previous)
      this.scopes.check(tool)
      const use = `tool ${JSON.stringify(name)}`
      checkPatterns(tool.input, `${use} inputSchema`, this.#slowPatterns)
      if (tool.output !== undefined) checkPatterns(tool.output, `${use} outputSchema`, this.#slowPatterns)
      if (tool.mayBecomeTask) this.#hasTaskTools = true
      return tool
    }
    return register(this.tools, make(config as ToolConfig, handler as Stored), make)
  }

  /**
   * Adds a resource with one URI.
   *
   * @param name - for programs; give a `title` for people
   * @throws {TypeError} a duplicate or invalid URI
   */
  registerResource(
    name: string,
    uri: string,
    config: ResourceConfig,
    handler: ResourceHandler,
  ): Handle<ConfigChanges<ResourceConfig, ResourceHandler>> {
    const make = (settings: ResourceConfig, read: ResourceHandler) => {
      const resource = new StaticResource(name, uri, settings, read)
      this.scopes.check(resource)
      return resource
    }
    return register(this.resources, make(config, handler), make)
  }

  /**
   * Adds a family of resources.
   *
   * @param uriTemplate - RFC 6570, such as `file:///{+path}`
   * @param handler - gets the values of the template's variables, percent-decoded; throw `resourceNotFound(uri)`
   *   when nothing is there
   * @throws {TypeError} a duplicate name or an invalid template
   */
  registerResourceTemplate<const Template extends string>(
    name: string,
    uriTemplate: Template,
    config: ResourceTemplateConfig,
    handler: ResourceTemplateHandler<Template>,
  ): Handle<ConfigChanges<ResourceTemplateConfig, ResourceTemplateHandler<Template>>> {
    // The values are those of the template, which only its literal type says.
    type Stored = ResourceTemplateHandler
    const make = (settings: ResourceTemplateConfig, read: Stored) => {
      const template = new TemplateResource(name, uriTemplate, settings, read)
      this.scopes.check(template)
      return template
    }
    return register(this.resourceTemplates, make(config, handler as unknown as Stored), make) as Handle<
      ConfigChanges<ResourceTemplateConfig, ResourceTemplateHandler<Template>>
    >
  }

  /**
   * Adds a prompt.
   *
   * @param handler - gets the arguments after they were checked against `argsSchema`, defaults filled in
   * @throws {TypeError | SchemaError} a duplicate name, an invalid schema or option, named
   */
  registerPrompt<const Args extends SchemaLike | undefined = undefined>(
    name: string,
    config: PromptConfig<Args>,
    handler: PromptHandler<Args>,
  ): PromptHandle<Args> {
    type Stored = ConstructorParameters<typeof Prompt>[2]
    const make = (settings: PromptConfig, run: Stored) => {
      const prompt = new Prompt(name, settings, run)
      this.scopes.check(prompt)
      const use = `prompt ${JSON.stringify(name)} argsSchema`
      if (prompt.args !== undefined) checkPatterns(prompt.args, use, this.#slowPatterns)
      return prompt
    }
    return register(this.prompts, make(config as PromptConfig, handler as Stored), make)
  }

  /**
   * Adds an extension of the protocol, for clients of the stateless era: it is declared in `server/discover`, and its
   * methods are answered like any other. Sessions have no extensions.
   *
   * A client that calls its methods need not have declared it; where it must, look into
   * `ctx.client.capabilities.extensions` and throw a `MissingCapabilityError`.
   *
   * @param id - a prefix as in `_meta` keys, and a name: `com.example/notes`
   * @throws {TypeError} a malformed or duplicate id, a method that the core or another extension has, a wrong option
   *
   * @example
   * ```ts
   * server.registerExtension('com.example/notes', {
   *   settings: { maxLength: 4096 },
   *   methods: { 'notes/list': () => ({ notes: ['first', 'second'] }) },
   *   cache: { 'notes/list': { ttlMs: 60_000, scope: 'public' } },
   * })
   * ```
   */
  registerExtension(id: string, config: ExtensionConfig = {}): void {
    this.extensions.add(id, config)
  }

  /** Wraps every request in a function of yours. The first one added is the outermost. @throws {TypeError} no function */
  use(middleware: Middleware): this {
    if (typeof middleware !== 'function') throw new TypeError('use() needs a function (ctx, next)')
    this.#middleware.push(middleware)
    return this
  }

  /**
   * Notifies the subscribers of a resource that it has changed.
   *
   * @returns why there can be none; undefined where there are some, or may be
   * @throws {TypeError} `uri` is no string
   */
  notifyResourceUpdated(uri: string): { readonly reason?: string | undefined } {
    if (typeof uri !== 'string') {
      throw new TypeError(`notifyResourceUpdated needs a URI, a string; got ${kindOf(uri)}`)
    }
    this.changes.resourceUpdated(uri)
    return this.watch.has(uri) ? {} : { reason: unsubscribable(uri, this) }
  }

  /**
   * Sends a notification outside of a call: to clients that listen now, and, within the limits of `replay`, to sessions
   * that open their stream later or lose its connection.
   *
   * Clients of the stateless era get only what they ask for: a method that an extension has among its `notifications`.
   *
   * @param method - `notifications/...`, not one that the server sends by itself or that belongs to a request
   * @param params - of the message, as JSON
   * @param to - a session or a principal; absent: all clients
   * @returns how many streams it was written to, whether it is kept, and why it reaches no client
   * @throws {TypeError} a method or an audience that cannot be, params that are no JSON object
   *
   * @example
   * ```ts
   * server.notify('notifications/orders/shipped', { order: 7 }, { principal: 'ann' })
   * ```
   */
  notify(method: string, params?: object, to?: Audience): Delivery {
    return this.messages.send(notification(method, params, to))
  }

  /**
   * Sends a log message outside of a call, to sessions with a log level that includes it; otherwise as `notify`. Needs
   * the option `logging`. Clients of the stateless era cannot get one: their log messages belong to a request
   * (`ctx.log`).
   *
   * @param data - any JSON value; must hold no secrets
   * @param to - a session or a principal; absent: all clients
   * @param logger - name of the part of the server that logs
   * @returns as `notify`
   * @throws {TypeError} an unknown level, data that is no JSON value, an audience that cannot be
   */
  log(level: LogLevel, data: unknown, to?: Audience, logger?: string): Delivery {
    const message = logMessage(level, data, to, logger)
    if (this.defaultLogLevel !== undefined) return this.messages.send(message)
    return unsent('McpServer has no logging: its option is false')
  }

  /** @internal Whether any tool is, or was, one that can answer with a task. */
  get hasTaskTools(): boolean {
    return this.#hasTaskTools
  }

  /** @internal Undefined as long as no entry needs scopes. */
  get guard(): ((ctx: RequestContext) => unknown) | undefined {
    return this.scopes.any ? this.#guard : undefined
  }

  /**
   * @internal Serves everything to callers with these scopes, until what it returns is called.
   *
   * @throws {TypeError} an entry needs a scope that is not declared
   */
  attach(access: Access | undefined): () => void {
    const registries = [this.tools, this.prompts, this.resources, this.resourceTemplates]
    return this.scopes.attach(
      access,
      registries.flatMap((registry) => [...registry.all()]),
    )
  }

  readonly #guard = (ctx: RequestContext) => guard(ctx, this)

  /** @internal */
  get middleware(): readonly Middleware[] {
    return this.#middleware
  }

  /** @internal Passes an error to `onError`; never throws. */
  reportError(error: unknown, info: ErrorInfo): void {
    runHook(
      () => this.#onError(error, info),
      (failure) => printError(failure, { phase: 'hook' }),
    )
  }
}

function printError(error: unknown, info: ErrorInfo): void {
  console.error(`barewire: ${info.phase} error`, info, error)
}
