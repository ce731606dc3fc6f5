/**
 * The session lifecycle: `initialize`, what the server remembers of the client, and a new session in place of one that
 * is gone. It works over any transport; HTTP adds ids of sessions and a stream of its own.
 *
 *    open --> initialize --> notifications/initialized --> logging/setLevel --> requests
 *                 ^                                                                |
 *                 +------------- the session is gone (HTTP 404) <-----------------+
 *                   once for all that wait; subscriptions and log level are set again; listeners get a gap
 *
 * Spec: 2025-11-25 lifecycle {@link spec.lifecycle}, transports "Session Management" {@link spec.sessions}.
 */

import { shown } from '../bounds/quote.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Method, Notify } from '../protocol/methods.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { Implementation, JsonObject } from '../protocol/wire-types.ts'
import type { Change, ChangeFilter, Connection, ConnectionHooks, ServerDescription } from './connection.ts'
import { invalidResponse, mcpError } from './errors.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpSse } from './http-sse.ts'
import { onAbort } from './on-abort.ts'
import type { Settings } from './options.ts'
import type { Questions } from './questions.ts'
import { isSessionRevision, LATEST_SESSION_REVISION } from './revisions.ts'
import { type Answered, Router, type SendOptions } from './router.ts'
import { SessionHttp } from './session-http.ts'
import { SessionListeners } from './session-listeners.ts'
import { StandaloneStream } from './standalone-stream.ts'
import { Deadline } from './timing.ts'
import type { Transport } from './transport.ts'
import type { ServerCapabilities } from './wire.ts'

export class SessionConnection implements Connection {
  readonly era = 'session'
  readonly mirrorsParameters = false
  server: ServerDescription
  readonly #settings: Settings
  readonly #hooks: ConnectionHooks
  readonly #questions: Questions
  readonly #transport: Transport
  readonly #router: Router
  readonly #listeners: SessionListeners
  #http: SessionHttp | undefined
  #standalone: StandaloneStream | undefined
  #renewing: Promise<void> | undefined

  /** @param channel - HTTP, or a channel that carries all messages */
  constructor(
    channel: HttpClient | Transport | HttpSse,
    settings: Settings,
    questions: Questions,
    hooks: ConnectionHooks,
  ) {
    this.#settings = settings
    this.#questions = questions
    this.#hooks = hooks
    if ('renew' in channel) channel.renew = () => this.#beginOnce(channel)
    if ('request' in channel) this.#transport = channel
    else {
      this.#http = new SessionHttp(channel, settings, (gone) => this.#renew(gone))
      this.#transport = this.#http
    }
    this.#router = new Router(this.#transport, {
      ...settings,
      answer: async (method, params, signal, asking) =>
        withTaskOf(params, await questions.answer(method, params, signal, asking)),
      onNotification: (method, params) => this.#notified(method, params),
    })
    this.#listeners = new SessionListeners((method, params) => this.#router.request(method, () => params, {}))
    this.server = {
      revision: LATEST_SESSION_REVISION,
      capabilities: {},
      info: undefined,
      instructions: undefined,
    }
  }

  get router(): Router {
    return this.#router
  }

  get closed(): AbortSignal {
    return this.#router.closed
  }

  /**
   * @throws {RpcError} what the server answered to `initialize`
   * @throws {McpError} ERR_UNSUPPORTED_VERSION, and whatever a request throws
   */
  async open(signal: AbortSignal): Promise<void> {
    await this.#initialize(signal)
    if (this.#http === undefined) return
    this.#standalone = new StandaloneStream(this.#http, this.#settings, {
      receiver: this.#router,
      onGap: () => this.#gap(),
      renew: (gone) => this.#renew(gone),
    })
    // Questions and changes come at any time; a server that has no such stream says so.
    void this.#standalone.opened
  }

  request(method: string, params: JsonObject, options: SendOptions): Promise<Answered> {
    const { onProgress, meta } = options
    if (onProgress === undefined && meta === undefined)
      return this.#router.request(method, () => params, options)
    const paramsOf = (id: number) => {
      const given = { ...(params['_meta'] as JsonObject | undefined), ...meta }
      const token = onProgress === undefined ? {} : { [MetaKey.PROGRESS_TOKEN]: id }
      return { ...params, _meta: { ...given, ...token } }
    }
    return this.#router.request(method, paramsOf, options)
  }

  notify(method: string, params?: JsonObject): Promise<void> {
    return this.#router.notify(method, params)
  }

  async listen(filter: ChangeFilter, onChange: (change: Change) => void, signal: AbortSignal): Promise<void> {
    const offered = this.#listeners.offered(filter, this.server.capabilities)
    const has = this.#standalone === undefined || (await this.#standalone.opened)
    if (signal.aborted) return
    if (!has || !offered) {
      const problem = has ? 'announces none of the changes asked for' : 'has no stream for changes'
      throw mcpError('ERR_NOT_SUPPORTED', `The server ${problem}`)
    }
    const { onError } = this.#settings
    await this.#listeners.listen(filter, this.server.capabilities, onChange, signal, onError)
  }

  async close(): Promise<void> {
    this.#standalone?.close()
    this.#router.close(mcpError('ERR_CLIENT_CLOSED', 'The client was closed'))
    await this.#transport.close()
  }

  async #initialize(signal: AbortSignal): Promise<void> {
    const { clientInfo, revision: pinned, logLevel } = this.#settings
    const asked = pinned ?? LATEST_SESSION_REVISION
    const params = {
      protocolVersion: asked,
      capabilities: this.#questions.capabilities,
      clientInfo,
    } as unknown as JsonObject
    const untimed = { signal, timeoutMs: 0, maxTimeoutMs: 0, begins: true }
    const { result } = await this.#router.request(Method.initialize, () => params, untimed)
    this.server = describe(result, pinned)
    if (this.#http !== undefined) this.#http.revision = this.server.revision
    await this.#router.notify(Notify.initialized, undefined, signal)
    if (logLevel !== undefined && this.server.capabilities.logging !== undefined) {
      await this.#router.request(Method.setLevel, () => ({ level: logLevel }), untimed)
    }
  }

  /** Once for all requests that met the end of the same session. */
  #renew(gone: string): Promise<void> {
    if (this.#http?.sessionId !== gone) return this.#renewing ?? Promise.resolve()
    return this.#beginOnce()
  }

  #beginOnce(channel?: HttpSse): Promise<void> {
    this.#renewing ??= this.#begin(channel).finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #begin(channel: HttpSse | undefined): Promise<void> {
    const { timeoutMs } = this.#settings
    const stop = new AbortController()
    const release = onAbort(this.closed, () => stop.abort(this.closed.reason))
    const deadline = new Deadline(timeoutMs, 0, () => {
      const problem = `Beginning another session took longer than ${timeoutMs} ms (option timeoutMs)`
      stop.abort(mcpError('ERR_REQUEST_TIMEOUT', problem))
    })
    try {
      await channel?.open(stop.signal)
      await this.#initialize(stop.signal)
    } finally {
      deadline.stop()
      release()
    }
    this.#hooks.onRenewed()
    // What changes before the server knows the subscriptions is not announced.
    void this.#listeners.subscribeAgain(this.#settings.onError).then(() => this.#gap())
  }

  #gap(): void {
    this.#hooks.onChange({ kind: 'gap' })
    this.#listeners.changed({ kind: 'gap' })
  }

  #notified(method: string, params: JsonObject): void {
    const change = changeOf(method, params)
    if (change === undefined) this.#hooks.onNotification(method, params)
    else {
      this.#hooks.onChange(change)
      this.#listeners.changed(change)
    }
  }
}

/** The change that a notification announces. */
export function changeOf(method: string, params: JsonObject): Change | undefined {
  switch (method) {
    case Notify.toolsChanged:
      return { kind: 'tools' }
    case Notify.promptsChanged:
      return { kind: 'prompts' }
    case Notify.resourcesChanged:
      return { kind: 'resources' }
    case Notify.resourceUpdated: {
      const { uri } = params
      return typeof uri === 'string' ? { kind: 'resource', uri } : undefined
    }
    default:
      return undefined
  }
}

/** The answer to a question of a task MUST name the task: 2025-11-25 tasks, "Associating Task-Related Messages". */
function withTaskOf({ _meta }: JsonObject, answer: JsonObject): JsonObject {
  const related = (_meta as JsonObject | undefined)?.[MetaKey.RELATED_TASK]
  if (related === undefined) return answer
  return {
    ...answer,
    _meta: { ...(answer['_meta'] as JsonObject | undefined), [MetaKey.RELATED_TASK]: related },
  }
}

function describe(result: JsonObject, pinned: RevisionName | undefined): ServerDescription {
  const { protocolVersion, capabilities, serverInfo, instructions } = result
  if (!isSessionRevision(protocolVersion) || (pinned !== undefined && protocolVersion !== pinned)) {
    const wanted = pinned === undefined ? 'a revision that this client knows' : `${pinned} (option revision)`
    throw mcpError(
      'ERR_UNSUPPORTED_VERSION',
      `The server speaks ${shown(protocolVersion)}, expected ${wanted}`,
    )
  }
  if (typeof capabilities !== 'object' || capabilities === null) {
    throw invalidResponse('The result of initialize has no capabilities')
  }
  return {
    revision: protocolVersion,
    capabilities: capabilities as ServerCapabilities,
    info: serverInfo as Implementation | undefined,
    instructions: typeof instructions === 'string' ? instructions : undefined,
  }
}
