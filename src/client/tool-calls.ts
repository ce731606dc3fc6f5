/**
 * Calls of tools: what has to be known of a tool before, headers that repeat its arguments, the task that a call may
 * become, and the check of the result.
 *
 * Not here: one request (connection.ts), what is known of tools (tool-index.ts), tasks themselves (tasks.ts).
 */

import { kindOf, shown } from '../bounds/quote.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { CallToolResult, JsonObject } from '../protocol/wire-types.ts'
import type { Change, Connection } from './connection.ts'
import { abortError, invalidResponse, mcpError } from './errors.ts'
import { pagesOf } from './listing.ts'
import { loadChecker } from './load-checker.ts'
import { parameterHeaders } from './mirror-headers.ts'
import { abortable, onAbort } from './on-abort.ts'
import type { RequestOptions, Settings } from './options.ts'
import type { Questions } from './questions.ts'
import { ttlOf } from './response-cache.ts'
import { LATEST_SESSION_REVISION } from './revisions.ts'
import { ClientTask, createdTask, type TaskHost, type TaskState } from './tasks.ts'
import { type KnownTool, outputProblem, ToolIndex, type ToolListing } from './tool-index.ts'
import type { Tool } from './wire.ts'

export class ToolCalls {
  readonly #settings: Settings
  readonly #questions: Questions
  readonly #connection: Connection
  /** Sends or remembers one `tools/list`. */
  readonly #list: (params: JsonObject, options: RequestOptions) => Promise<JsonObject>
  readonly #index: ToolIndex
  /** What wakes those that wait for a task, by its id. Lifecycle: from one question for its state to the next. */
  readonly #watched = new Map<string, Set<() => void>>()

  constructor(
    settings: Settings,
    questions: Questions,
    connection: Connection,
    list: (params: JsonObject, options: RequestOptions) => Promise<JsonObject>,
  ) {
    this.#settings = settings
    this.#questions = questions
    this.#connection = connection
    this.#list = list
    this.#index = new ToolIndex(() => this.#listAll())
  }

  async call(name: string, args: JsonObject, options: RequestOptions): Promise<CallToolResult> {
    const { result, tool, task } = await this.#call(name, args, options, 'required')
    if (task === undefined) return await this.#checked(name, tool, result)
    return await this.#awaitTask(name, tool, task, options)
  }

  async start(name: string, args: JsonObject, options: RequestOptions): Promise<ClientTask> {
    const { result, tool, task } = await this.#call(name, args, options, 'optional')
    const host = this.#taskHost((final) => this.#checked(name, tool, final))
    if (task === undefined) {
      return new ClientTask(host, undefined, undefined, options, await this.#checked(name, tool, result))
    }
    return new ClientTask(host, task.taskId, task, options)
  }

  task(taskId: string, options: RequestOptions): ClientTask {
    // Which tool it was is not known any more.
    return new ClientTask(this.#taskHost(withContent), taskId, undefined, options)
  }

  /** What is known of tools may be wrong. */
  changed({ kind }: Change): void {
    if (kind === 'tools' || kind === 'gap') this.#index.forget()
  }

  /** The server says that the state of a task is another; it need not, and is asked all the same. */
  taskChanged({ taskId }: JsonObject): void {
    for (const wake of this.#watched.get(taskId as string) ?? []) wake()
  }

  /**
   * All tools, page by page; the index learns from a listing that comes to its end. Over HTTP a tool with a wrong
   * annotation MUST be left out: 2026-07-28, "Schema Extension".
   */
  async *pages(options: RequestOptions): AsyncGenerator<readonly Tool[], void, undefined> {
    const listing = this.#index.beginListing(this.#settings.maxMessageBytes)
    for await (const page of this.#fetched(listing, options)) {
      yield page.filter((tool) => {
        const { problem } = listing.add(tool)
        if (problem === undefined || !this.#connection.mirrorsParameters) return true
        this.#settings.onError(invalidResponse(`A tool was left out: ${problem}`))
        return false
      })
    }
    listing.end()
  }

  async #listAll(): Promise<ReadonlyMap<string, KnownTool>> {
    const { maxMessageBytes } = this.#settings
    const listing = this.#index.beginListing(maxMessageBytes)
    for await (const page of this.#fetched(listing, {})) {
      for (const tool of page) listing.add(tool)
      if (!listing.isTooLarge) continue
      const problem = `The tools of the server take more than ${maxMessageBytes} bytes (option maxMessageBytes)`
      throw mcpError('ERR_MESSAGE_TOO_LARGE', problem)
    }
    return listing.end()
  }

  #fetched(listing: ToolListing, options: RequestOptions): AsyncGenerator<readonly Tool[], void, undefined> {
    const fetchPage = async (params: JsonObject) => {
      const result = await this.#list(params, options)
      listing.page(ttlOf(result))
      return result
    }
    return pagesOf<Tool>(fetchPage, Method.toolsList, 'tools', 'name')
  }

  /** Without a promise where nothing has to be asked or loaded, as for most calls. */
  #known(name: string): KnownTool | undefined | Promise<KnownTool | undefined> {
    const { mirrorsParameters, server } = this.#connection
    if (server.capabilities.tools === undefined) return undefined
    if (!mirrorsParameters && !this.#settings.checkOutput && !this.#asksForTasks) return undefined
    const found = this.#index.find(name)
    if (found instanceof Promise || this.#needsChecker(found)) return this.#prepared(name, found)
    return this.#usable(name, found)
  }

  async #prepared(
    name: string,
    found: KnownTool | undefined | Promise<KnownTool | undefined>,
  ): Promise<KnownTool | undefined> {
    try {
      const tool = await found
      // Before the call: a result that cannot be checked would be lost, and what the tool did with it.
      if (this.#needsChecker(tool)) await loadChecker()
      return this.#usable(name, tool)
    } catch (error) {
      // A server that lists nothing may still know the tool.
      if (error instanceof RpcError) return undefined
      throw error
    }
  }

  #needsChecker(tool: KnownTool | undefined): boolean {
    return this.#settings.checkOutput && tool?.outputSchema !== undefined && tool.check === undefined
  }

  #usable(name: string, tool: KnownTool | undefined): KnownTool | undefined {
    if (tool?.problem === undefined || !this.#connection.mirrorsParameters) return tool
    throw mcpError('ERR_NOT_SUPPORTED', `The tool ${shown(name)} cannot be called: ${tool.problem}`)
  }

  /** Whether this client decides what becomes a task: in 2025-11-25, where the server has them. */
  get #asksForTasks(): boolean {
    const { revision, capabilities } = this.#connection.server
    if (!this.#settings.tasks || revision !== LATEST_SESSION_REVISION) return false
    const { requests } = (capabilities.tasks ?? {}) as { readonly requests?: { readonly tools?: JsonObject } }
    return requests?.tools?.['call'] !== undefined
  }

  /** @param asTask - makes a task of the call where the tool requires it, or also where it allows it */
  async #call(name: string, args: JsonObject, options: RequestOptions, asTask: 'required' | 'optional') {
    if (typeof name !== 'string') throw new TypeError(`name must be a string; got ${kindOf(name)}`)
    const allowed = this.#settings.tasks ? ['task'] : []
    for (let tries = 0; ; tries++) {
      const known = this.#known(name)
      const tool =
        known instanceof Promise
          ? await abortable(known, options.signal, () => abortError(Method.toolsCall, options.signal))
          : known
      const { taskSupport } = tool ?? {}
      const makesTask =
        taskSupport !== undefined && (taskSupport === asTask || asTask === 'optional') && this.#asksForTasks
      const params = { name, arguments: args, ...(makesTask && { task: {} }) }
      const headers =
        tool && this.#connection.mirrorsParameters ? parameterHeaders(tool.parameters, args) : undefined
      try {
        const send = headers === undefined ? options : { ...options, headers }
        const { result } = await this.#connection.request(Method.toolsCall, params, send, allowed)
        return { result, tool, task: createdTask(result, makesTask) }
      } catch (error) {
        // "Client Behavior": the annotations are others now; the server has not called the tool.
        const isStale = error instanceof RpcError && error.code === ErrorCode.HEADER_MISMATCH
        if (!isStale || tries > 0) throw error
        this.#index.forget()
      }
    }
  }

  async #checked(name: string, tool: KnownTool | undefined, result: JsonObject): Promise<CallToolResult> {
    const checked = withContent(result)
    if (tool?.outputSchema === undefined || !this.#settings.checkOutput || checked.isError === true)
      return checked
    let problem = await outputProblem(tool, name, checked.structuredContent)
    if (problem !== undefined) {
      // The tool may have another schema by now.
      this.#index.forget()
      const now = await this.#known(name)
      problem =
        now?.outputSchema === undefined
          ? undefined
          : await outputProblem(now, name, checked.structuredContent)
    }
    if (problem === undefined) return checked
    const message = `The result of the tool ${shown(name)} does not fit its outputSchema: ${problem}`
    throw mcpError('ERR_OUTPUT_SCHEMA', message)
  }

  async #awaitTask(
    name: string,
    tool: KnownTool | undefined,
    state: TaskState,
    options: RequestOptions,
  ): Promise<CallToolResult> {
    const { maxTimeoutMs = this.#settings.maxRequestTimeoutMs, signal } = options
    const stop = new AbortController()
    const release = onAbort(signal, () => stop.abort(abortError(Method.toolsCall, signal)))
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
      release()
    }
  }

  #taskHost(check: TaskHost['check']): TaskHost {
    return {
      era: this.#connection.era,
      questions: this.#questions,
      closed: this.#connection.closed,
      check,
      onStatus: (taskId, wake) => this.#watch(taskId, wake),
      request: async (method, params, options) => {
        const { result } = await this.#connection.request(method, params, options)
        return result
      },
    }
  }

  #watch(taskId: string, wake: () => void): () => void {
    const wakes = this.#watched.get(taskId) ?? new Set()
    this.#watched.set(taskId, wakes.add(wake))
    return () => {
      wakes.delete(wake)
      if (wakes.size === 0 && this.#watched.get(taskId) === wakes) this.#watched.delete(taskId)
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
