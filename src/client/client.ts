/**
 * Client: one server, as the application sees it, in either lifecycle.
 *
 *    callTool --> tool-calls.ts --> tool-index.ts   what must be known of the tool: headers, output schema
 *                               --> Connection      one request, its questions answered    session-connection.ts
 *                               --> tasks.ts        if it became a task: its end           stateless-connection.ts
 *                               --> the result against the output schema
 *    tools, readResource, ... --> response-cache.ts --> Connection
 *    changes --> changes.ts --> Connection
 *
 * Not here: how the server is reached and which revision it speaks (connect.ts).
 */

import { kindOf } from '../bounds/quote.ts'
import type { McpError } from '../jsonrpc/rpc-error.ts'
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
import { invalidResponse } from './errors.ts'
import { Listing, pagesOf } from './listing.ts'
import { onAbort } from './on-abort.ts'
import { checkRequestOptions, type RequestOptions, type Settings } from './options.ts'
import type { Questions } from './questions.ts'
import type { ResponseCache } from './response-cache.ts'
import type { Answered } from './router.ts'
import type { ClientTask } from './tasks.ts'
import { ToolCalls } from './tool-calls.ts'
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
  readonly #connection: Connection
  readonly #cache: ResponseCache
  readonly #calls: ToolCalls
  readonly #changes = new Set<AbortController>()
  #closing: Promise<void> | undefined

  /** @internal */
  constructor({ settings, questions, cache, connection }: ClientParts) {
    this.#settings = settings
    this.#cache = cache
    this.#connection = connection
    this.#calls = new ToolCalls(settings, questions, connection, (params, options) =>
      this.#cached(Method.toolsList, params, options),
    )
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

  /** What the server declares that it offers. */
  get serverCapabilities(): ServerCapabilities {
    return this.#connection.server.capabilities
  }

  /** What the server wants a model to know of it. */
  get instructions(): string | undefined {
    return this.#connection.server.instructions
  }

  /** All tools, page by page. Those whose annotations are wrong are left out, and reported to `onError`. */
  tools(options: RequestOptions = {}): Listing<Tool> {
    return new Listing(() => this.#calls.pages(options))
  }

  /** All prompts, page by page. */
  prompts(options: RequestOptions = {}): Listing<Prompt> {
    return this.#listing(Method.promptsList, 'prompts', 'name', options)
  }

  /** All resources, page by page. */
  resources(options: RequestOptions = {}): Listing<Resource> {
    return this.#listing(Method.resourcesList, 'resources', 'uri', options)
  }

  /** All families of resources, page by page. */
  resourceTemplates(options: RequestOptions = {}): Listing<ResourceTemplate> {
    return this.#listing(Method.resourceTemplatesList, 'resourceTemplates', 'uriTemplate', options)
  }

  /**
   * Calls a tool and waits for its result, also where the call becomes a task.
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
    checkRequestOptions(options)
    return await this.#calls.call(name, args, options)
  }

  /**
   * Calls a tool, and does not wait where the call becomes a task: in 2026-07-28 the server decides, in 2025-11-25 each
   * call becomes one of which the tool allows it. In earlier revisions there are no tasks.
   */
  async startTool(name: string, args: JsonObject = {}, options: RequestOptions = {}): Promise<ClientTask> {
    checkRequestOptions(options)
    return await this.#calls.start(name, args, options)
  }

  /** Takes a task up again, such as one that was begun before this program was restarted. */
  task(taskId: string, options: RequestOptions = {}): ClientTask {
    if (typeof taskId !== 'string') throw new TypeError(`taskId must be a string; got ${kindOf(taskId)}`)
    checkRequestOptions(options)
    return this.#calls.task(taskId, options)
  }

  /**
   * Reads a resource; what its server lets the client keep is not asked for twice.
   *
   * @throws {RpcError} the server refused, such as a URI that it does not know
   */
  async readResource(uri: string, options: RequestOptions = {}): Promise<ReadResourceResult> {
    const result = await this.#cached(Method.resourcesRead, { uri }, options)
    if (!Array.isArray(result['contents'])) throw lacks(Method.resourcesRead, 'contents', result)
    return result as unknown as ReadResourceResult
  }

  /**
   * Fills in a prompt.
   *
   * @throws {RpcError} the server refused
   */
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
   * @param filter - `resources: true` is for changes of the list, an array of URIs for updates of these resources
   * @throws {McpError} ERR_NOT_SUPPORTED, from the first `next()`: the server has nothing of what is asked for
   *
   * @example
   * ```ts
   * for await (const change of client.changes({ tools: true })) console.log(change.kind)
   * ```
   */
  changes(filter: ChangeFilter): Changes {
    return new Changes(async (onChange, signal) => {
      const stop = new AbortController()
      const release = onAbort(signal, () => stop.abort())
      this.#changes.add(stop)
      try {
        await this.#connection.listen(filter, onChange, stop.signal)
      } finally {
        this.#changes.delete(stop)
        release()
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

  /** Notifies the server that the roots have changed, so that it asks `onRoots` again (revisions with sessions). */
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

  /** The same as {@link Client.close}, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal A change that the server announced, whoever asked for it. */
  changed(change: Change): void {
    this.#cache.changed(change)
    this.#calls.changed(change)
  }

  /** @internal */
  notified(method: string, params: JsonObject): void {
    const { onLog, onNotification } = this.#settings
    if (method === Notify.taskStatus) this.#calls.taskChanged(params)
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
    // A result that depends on answers of the application holds for this call alone.
    if (asked !== true) this.#cache.set(method, params, result, bytes, epoch)
    return result
  }

  #listing<T>(method: string, member: string, name: string, options: RequestOptions): Listing<T> {
    return new Listing(() =>
      pagesOf<T>((params) => this.#cached(method, params, options), method, member, name),
    )
  }
}

function lacks(method: string, member: string, result: JsonObject): McpError {
  return invalidResponse(
    `The result of ${method} needs "${member}", an array; got ${kindOf(result[member.split('.')[0] as string])}`,
  )
}
