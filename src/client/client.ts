/**
 * Client: one server, as the application sees it, in either lifecycle.
 *
 *    callTool --> tool-index.ts   what must be known of the tool: headers, output schema
 *             --> Connection      one request, its questions answered          session-connection.ts
 *             --> tasks.ts        if it became a task: waits for its end       stateless-connection.ts
 *             --> check           the result against the output schema
 *
 * Not here: how the server is reached and which revision it speaks (connect.ts).
 */

import { kindOf, shown } from '../bounds/shown.ts'
import { type McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method, Notify } from '../protocol/methods.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type {
  CallToolResult,
  GetPromptResult,
  Implementation,
  JsonObject,
  LogLevel,
  ReadResourceResult,
  Resource,
} from '../protocol/wire-types.ts'
import { Changes } from './changes.ts'
import type { Change, ChangeFilter, Connection } from './connection.ts'
import { invalidResponse, mcpError, reasonOf } from './errors.ts'
import { Listing, pagesOf } from './listing.ts'
import { parameterHeaders } from './mirror-headers.ts'
import { checkRequestOptions, type RequestOptions, type Settings } from './options.ts'
import type { Questions } from './questions.ts'
import { type ResponseCache, ttlOf } from './response-cache.ts'
import type { Answered } from './router.ts'
import { ClientTask, type TaskHost, taskState } from './tasks.ts'
import { annotationProblem, type KnownTool, outputProblem, ToolIndex } from './tool-index.ts'
import type {
  Completion,
  CompletionReference,
  LogMessage,
  Prompt,
  ResourceTemplate,
  ServerCapabilities,
  Tool,
} from './wire.ts'

/** What {@link Client} is made of. */
export interface ClientParts {
  readonly settings: Settings
  readonly questions: Questions
  readonly cache: ResponseCache
  readonly connection: Connection
}

/** A connection to one server. Made by {@link connect}. */
export class Client {
  readonly #settings: Settings
  readonly #questions: Questions
  readonly #connection: Connection
  readonly #cache: ResponseCache
  readonly #index: ToolIndex
  readonly #changes = new Set<AbortController>()
  #closing: Promise<void> | undefined

  /** @internal */
  constructor({ settings, questions, cache, connection }: ClientParts) {
    this.#settings = settings
    this.#questions = questions
    this.#cache = cache
    this.#connection = connection
    this.#index = new ToolIndex(() => this.#listTools())
  }

  /** The lifecycle that client and server use. */
  get era(): 'session' | 'stateless' {
    return this.#connection.era
  }

  /** The revision of the protocol that client and server use. */
  get revision(): RevisionName {
    return this.#connection.server.revision
  }

  /** Name and version of the server, as it says. */
  get serverInfo(): Implementation | undefined {
    return this.#connection.server.info
  }

  get serverCapabilities(): ServerCapabilities {
    return this.#connection.server.capabilities
  }

  /** What the server wants a model to know of it. */
  get instructions(): string | undefined {
    return this.#connection.server.instructions
  }

  /** All tools, page by page. Those whose annotations are wrong are left out, and reported to `onError`. */
  tools(options: RequestOptions = {}): Listing<Tool> {
    return new Listing(() => this.#toolPages(options))
  }

  prompts(options: RequestOptions = {}): Listing<Prompt> {
    return this.#listing(Method.promptsList, 'prompts', 'name', options)
  }

  resources(options: RequestOptions = {}): Listing<Resource> {
    return this.#listing(Method.resourcesList, 'resources', 'uri', options)
  }

  resourceTemplates(options: RequestOptions = {}): Listing<ResourceTemplate> {
    return this.#listing(Method.resourceTemplatesList, 'resourceTemplates', 'uriTemplate', options)
  }

  /**
   * Calls a tool and waits for its result, also where the server makes a task of the call.
   *
   * @returns the result; `isError` says that the tool failed
   * @throws {RpcError} the server refused the call
   * @throws {McpError} the call did not come to an end, or its result does not fit the tool's `outputSchema`
   *
   * @example
   * ```ts
   * const { structuredContent } = await client.callTool('search', { q: 'x' }, { onProgress: console.log })
   * ```
   */
  async callTool(name: string, args: JsonObject = {}, options: RequestOptions = {}): Promise<CallToolResult> {
    const { result, tool } = await this.#call(name, args, options)
    if (result['resultType'] !== 'task') return await this.#checked(name, tool, result)
    return await this.#awaitTask(name, tool, result, options)
  }

  /** Calls a tool, and does not wait where the server makes a task of the call. */
  async startTool(name: string, args: JsonObject = {}, options: RequestOptions = {}): Promise<ClientTask> {
    const { result, tool } = await this.#call(name, args, options)
    const host = this.#taskHost((final) => this.#checked(name, tool, final))
    if (result['resultType'] !== 'task') {
      return new ClientTask(host, undefined, undefined, options, await this.#checked(name, tool, result))
    }
    const state = taskState(result, Method.toolsCall)
    return new ClientTask(host, state.taskId, state, options)
  }

  /** Takes a task up again, such as one that was begun before this program was restarted. */
  task(taskId: string, options: RequestOptions = {}): ClientTask {
    if (typeof taskId !== 'string') throw new TypeError(`taskId must be a string; got ${kindOf(taskId)}`)
    // Which tool it was is not known any more.
    return new ClientTask(this.#taskHost(withContent), taskId, undefined, options)
  }

  async readResource(uri: string, options: RequestOptions = {}): Promise<ReadResourceResult> {
    const result = await this.#cached(Method.resourcesRead, { uri }, options)
    if (!Array.isArray(result['contents'])) throw lacks(Method.resourcesRead, 'contents', result)
    return result as unknown as ReadResourceResult
  }

  async getPrompt(
    name: string,
    args: Readonly<Record<string, string>> = {},
    options: RequestOptions = {},
  ): Promise<GetPromptResult> {
    const { result } = await this.#request(Method.promptsGet, { name, arguments: args }, options)
    if (!Array.isArray(result['messages'])) throw lacks(Method.promptsGet, 'messages', result)
    return result as unknown as GetPromptResult
  }

  /**
   * Suggests values for an argument of a prompt, or a variable of a URI template.
   *
   * @param others - values of the other arguments, where they are known
   */
  async complete(
    ref: CompletionReference,
    argument: { readonly name: string; readonly value: string },
    others?: Readonly<Record<string, string>>,
    options: RequestOptions = {},
  ): Promise<Completion> {
    const params = { ref, argument, ...(others && { context: { arguments: others } }) }
    const { result } = await this.#request(Method.complete, params, options)
    const completion = result['completion'] as Completion | undefined
    if (!Array.isArray(completion?.values)) throw lacks(Method.complete, 'completion.values', result)
    return completion
  }

  /**
   * Changes of what is asked for. It listens again after every loss of the connection, and says with `gap` that changes
   * may have been missed. `break` and `return()` work at once.
   *
   * @throws {McpError} ERR_NOT_SUPPORTED, from the first `next()`: the server has no such stream
   *
   * @example
   * ```ts
   * for await (const change of client.changes({ tools: true })) console.log(change.kind)
   * ```
   */
  changes(filter: ChangeFilter): Changes {
    return new Changes(async (onChange, signal) => {
      const stop = new AbortController()
      const onAbort = () => stop.abort()
      signal.addEventListener('abort', onAbort)
      this.#changes.add(stop)
      try {
        await this.#connection.listen(filter, onChange, stop.signal)
      } finally {
        this.#changes.delete(stop)
        signal.removeEventListener('abort', onAbort)
      }
    })
  }

  /** Least severity of the log messages that are sent from now on (revisions with sessions; else: option `logLevel`). */
  async setLogLevel(level: LogLevel, options: RequestOptions = {}): Promise<void> {
    await this.#request(Method.setLevel, { level }, options)
  }

  /** Whether the server answers. */
  async ping(options: RequestOptions = {}): Promise<void> {
    await this.#request(this.era === 'session' ? Method.ping : Method.discover, {}, options)
  }

  /** Tells the server that `onRoots` would give others now (revisions with sessions). */
  async rootsChanged(): Promise<void> {
    await this.#connection.notify(Notify.rootsChanged)
  }

  /** Sends any request, such as one of an extension, and gives its result as it is. */
  async request(method: string, params: JsonObject = {}, options: RequestOptions = {}): Promise<JsonObject> {
    const { result } = await this.#request(method, params, options)
    return result
  }

  /** Sends any notification. */
  async notify(method: string, params: JsonObject = {}): Promise<void> {
    await this.#connection.notify(method, params)
  }

  /** Ends the connection: what waits rejects with ERR_CLIENT_CLOSED. */
  close(): Promise<void> {
    for (const stop of this.#changes) stop.abort()
    this.#closing ??= this.#connection.close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal A change that the server announced, whoever asked for it. */
  changed(change: Change): void {
    this.#cache.changed(change)
    if (change.kind === 'tools' || change.kind === 'gap') this.#index.forget()
  }

  /** @internal */
  notified(method: string, params: JsonObject): void {
    const { onLog, onNotification } = this.#settings
    if (method === Notify.message) onLog?.(params as unknown as LogMessage)
    else if (method !== Notify.cancelled) onNotification?.(method, params)
  }

  #request(method: string, params: JsonObject, options: RequestOptions): Promise<Answered> {
    checkRequestOptions(options)
    return this.#connection.request(method, params, options)
  }

  async #cached(method: string, params: JsonObject, options: RequestOptions): Promise<JsonObject> {
    const known = this.#cache.get(method, params)
    if (known !== undefined) return known
    const { epoch } = this.#cache
    const { result, bytes, asked } = await this.#request(method, params, options)
    // A result that depends on answers of the application is nobody else's.
    if (asked !== true) this.#cache.set(method, params, result, bytes, epoch)
    return result
  }

  #listing<T>(method: string, member: string, name: string, options: RequestOptions): Listing<T> {
    return new Listing(() =>
      pagesOf<T>((params) => this.#cached(method, params, options), method, member, name),
    )
  }

  async *#toolPages(
    options: RequestOptions,
    onPage?: (result: JsonObject) => void,
  ): AsyncGenerator<readonly Tool[], void, undefined> {
    const fetchPage = async (params: JsonObject) => {
      const result = await this.#cached(Method.toolsList, params, options)
      onPage?.(result)
      return result
    }
    for await (const page of pagesOf<Tool>(fetchPage, Method.toolsList, 'tools', 'name')) {
      if (!this.#connection.mirrorsParameters || onPage !== undefined) yield page
      else yield page.filter((tool) => this.#isSound(tool))
    }
  }

  /** 2026-07-28, "Schema Extension": a tool with a wrong annotation MUST be left out. */
  #isSound(tool: Tool): boolean {
    const problem = annotationProblem(tool)
    if (problem === undefined) return true
    this.#settings.onError(invalidResponse(`A tool was left out: ${problem}`))
    return false
  }

  async #listTools() {
    let ttlMs = Number.POSITIVE_INFINITY
    let bytes = 0
    const tools: Tool[] = []
    const pages = this.#toolPages({}, (result) => {
      ttlMs = Math.min(ttlMs, ttlOf(result))
    })
    for await (const page of pages) {
      for (const tool of page) tools.push(tool)
      bytes += JSON.stringify(page).length
      if (bytes <= this.#settings.maxMessageBytes) continue
      const problem = `The tools of the server take more than ${this.#settings.maxMessageBytes} bytes (option maxMessageBytes)`
      throw mcpError('ERR_MESSAGE_TOO_LARGE', problem)
    }
    return { tools, ttlMs }
  }

  async #known(name: string): Promise<KnownTool | undefined> {
    const { mirrorsParameters, server } = this.#connection
    if (server.capabilities.tools === undefined) return undefined
    if (!mirrorsParameters && !this.#settings.checkOutput) return undefined
    let tool: KnownTool | undefined
    try {
      const found = this.#index.find(name)
      tool = found instanceof Promise ? await found : found
    } catch (error) {
      // A server that lists nothing may still know the tool.
      if (error instanceof RpcError) return undefined
      throw error
    }
    if (tool?.problem === undefined || !mirrorsParameters) return tool
    throw mcpError('ERR_NOT_SUPPORTED', `The tool ${shown(name)} cannot be called: ${tool.problem}`)
  }

  async #call(name: string, args: JsonObject, options: RequestOptions) {
    checkRequestOptions(options)
    if (typeof name !== 'string') throw new TypeError(`name must be a string; got ${kindOf(name)}`)
    const params = { name, arguments: args }
    const allowed = this.#settings.tasks ? ['task'] : []
    for (let tries = 0; ; tries++) {
      const tool = await this.#known(name)
      const headers =
        tool && this.#connection.mirrorsParameters ? parameterHeaders(tool.parameters, args) : undefined
      try {
        const send = headers === undefined ? options : { ...options, headers }
        const { result } = await this.#connection.request(Method.toolsCall, params, send, allowed)
        return { result, tool }
      } catch (error) {
        // "Client Behavior": the annotations are others now; the server has not called the tool.
        const isStale = error instanceof RpcError && error.code === ErrorCode.HEADER_MISMATCH
        if (!isStale || tries > 0) throw error
        this.changed({ kind: 'tools' })
      }
    }
  }

  async #checked(name: string, tool: KnownTool | undefined, result: JsonObject): Promise<CallToolResult> {
    const checked = withContent(result)
    if (tool?.outputSchema === undefined || !this.#settings.checkOutput || checked.isError === true)
      return checked
    let problem = outputProblem(tool, name, checked.structuredContent)
    if (problem !== undefined) {
      // The tool may have another schema by now.
      this.changed({ kind: 'tools' })
      const now = await this.#known(name)
      problem =
        now?.outputSchema === undefined ? undefined : outputProblem(now, name, checked.structuredContent)
    }
    if (problem === undefined) return checked
    const message = `The result of the tool ${shown(name)} does not fit its outputSchema: ${problem}`
    throw mcpError('ERR_OUTPUT_SCHEMA', message)
  }

  async #awaitTask(
    name: string,
    tool: KnownTool | undefined,
    created: JsonObject,
    options: RequestOptions,
  ): Promise<CallToolResult> {
    const { maxTimeoutMs = this.#settings.maxRequestTimeoutMs, signal } = options
    const state = taskState(created, Method.toolsCall)
    const stop = new AbortController()
    const onAbort = () => {
      const problem = `${Method.toolsCall} was aborted: ${reasonOf(signal?.reason)}`
      stop.abort(mcpError('ERR_REQUEST_ABORTED', problem, signal?.reason))
    }
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    const onTime = () => {
      const problem = `The task of ${shown(name)} did not end within ${maxTimeoutMs} ms (option maxTimeoutMs)`
      stop.abort(mcpError('ERR_REQUEST_TIMEOUT', problem))
    }
    const timer = maxTimeoutMs > 0 ? setTimeout(onTime, maxTimeoutMs) : undefined
    const host = this.#taskHost((final) => this.#checked(name, tool, final))
    const task = new ClientTask(host, state.taskId, state, { ...options, signal: stop.signal })
    try {
      return await task.result()
    } catch (error) {
      if (!stop.signal.aborted) throw error
      // Nobody waits for it any more.
      task.cancel().catch(() => {})
      throw stop.signal.reason
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #taskHost(check: TaskHost['check']): TaskHost {
    return {
      questions: this.#questions,
      check,
      request: async (method, params, options) => {
        const { result } = await this.#request(method, params, options)
        return result
      },
    }
  }
}

/** Servers leave `content` out where there is `structuredContent`. */
function withContent(result: JsonObject): CallToolResult {
  const { content } = result
  if (Array.isArray(content)) return result as unknown as CallToolResult
  if (content === undefined) return { ...result, content: [] }
  throw invalidResponse(`The result of ${Method.toolsCall} needs "content", an array; got ${kindOf(content)}`)
}

function lacks(method: string, member: string, result: JsonObject): McpError {
  return invalidResponse(
    `The result of ${method} needs "${member}", an array; got ${kindOf(result[member.split('.')[0] as string])}`,
  )
}
