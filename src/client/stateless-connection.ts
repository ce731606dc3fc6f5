/**
 * The stateless lifecycle: every request says who sends it, and in which revision, in `_meta`. There is nothing to begin
 * and nothing to end; `server/discover` says what the server offers.
 *
 *    request --> complete ------------------------------------------------------> result
 *            --> input_required --> the application answers, all questions at once
 *                    ^                       |
 *                    +-- the same request, a new id, inputResponses, requestState as it came    (at most maxRounds)
 *
 * What one call was asked, and its state, are in local variables: they cannot get into another call.
 *
 * Spec: 2026-07-28 overview, "_meta" {@link spec.overview}; multi round-trip requests {@link spec.mrtr}; subscriptions
 * {@link spec.subscriptions}.
 */

import { shown } from '../bounds/quote.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { FilterMember, Method, Notify } from '../protocol/methods.ts'
import type { Implementation, JsonObject } from '../protocol/wire-types.ts'
import type { Change, ChangeFilter, Connection, ConnectionHooks, ServerDescription } from './connection.ts'
import { invalidResponse, mcpError } from './errors.ts'
import { askAll } from './input-rounds.ts'
import { listenAgain } from './listen-again.ts'
import { onAbort } from './on-abort.ts'
import type { Settings } from './options.ts'
import type { Questions } from './questions.ts'
import { isStatelessRevision, namedRevisions, STATELESS_REVISION } from './revisions.ts'
import { type Answered, Router, type SendOptions } from './router.ts'
import { changeOf } from './session-connection.ts'
import { refusedUri, urisOf } from './session-listeners.ts'
import type { Transport } from './transport.ts'
import type { ServerCapabilities } from './wire.ts'

/** Requests that may be answered with questions. */
const ASKS: ReadonlySet<string> = new Set([Method.toolsCall, Method.promptsGet, Method.resourcesRead])

export class StatelessConnection implements Connection {
  readonly era = 'stateless'
  readonly mirrorsParameters: boolean
  server: ServerDescription
  readonly #settings: Settings
  readonly #hooks: ConnectionHooks
  readonly #questions: Questions
  readonly #transport: Transport
  readonly #router: Router
  readonly #envelope: JsonObject

  constructor(transport: Transport, settings: Settings, questions: Questions, hooks: ConnectionHooks) {
    this.#settings = settings
    this.#questions = questions
    this.#hooks = hooks
    this.#transport = transport
    this.mirrorsParameters = transport.abortCancels
    this.#router = new Router(transport, {
      ...settings,
      onNotification: (method, params) => {
        const change = changeOf(method, params)
        if (change !== undefined) hooks.onChange(change)
        else if (method !== Notify.acknowledged) hooks.onNotification(method, params)
      },
    })
    this.#envelope = {
      [MetaKey.PROTOCOL_VERSION]: STATELESS_REVISION,
      [MetaKey.CLIENT_INFO]: settings.clientInfo,
      [MetaKey.CLIENT_CAPABILITIES]: questions.capabilities,
      ...(settings.logLevel !== undefined && { [MetaKey.LOG_LEVEL]: settings.logLevel }),
    }
    this.server = { revision: STATELESS_REVISION, capabilities: {}, info: undefined, instructions: undefined }
  }

  get router(): Router {
    return this.#router
  }

  get closed(): AbortSignal {
    return this.#router.closed
  }

  /** Asks what the server offers. @returns the result of `server/discover`, unchecked */
  async discover(options: SendOptions): Promise<JsonObject> {
    const { result } = await this.#send(Method.discover, {}, options)
    return result
  }

  /** Takes over what `server/discover` said. */
  describe(result: JsonObject): void {
    const { capabilities, instructions } = result
    const meta = result['_meta'] as JsonObject | undefined
    this.server = {
      revision: STATELESS_REVISION,
      capabilities: (typeof capabilities === 'object' && capabilities !== null
        ? capabilities
        : {}) as ServerCapabilities,
      info: (meta?.[MetaKey.SERVER_INFO] ?? result['serverInfo']) as Implementation | undefined,
      instructions: typeof instructions === 'string' ? instructions : undefined,
    }
  }

  async request(
    method: string,
    params: JsonObject,
    options: SendOptions,
    allowed: readonly string[] = [],
  ): Promise<Answered> {
    const { maxRounds, maxRequestTimeoutMs } = this.#settings
    let answered = await this.#send(method, params, options)
    let { maxTimeoutMs = maxRequestTimeoutMs } = options
    for (let round = 1; ; round++) {
      const { result } = answered
      // Servers of earlier revisions have no such member.
      const { resultType = 'complete' } = result
      if (resultType === 'complete' || allowed.includes(resultType as string)) {
        return round === 1 ? answered : { ...answered, asked: true }
      }
      if (resultType !== 'input_required' || !ASKS.has(method)) {
        throw invalidResponse(`The server answered ${method} with the resultType ${shown(resultType)}`)
      }
      if (round > maxRounds) {
        const problem = `The server asked for input ${round} times during one ${method}, the limit is ${maxRounds} (option maxRounds)`
        throw mcpError('ERR_TOO_MANY_ROUNDS', problem)
      }
      const { inputRequests = {}, requestState } = result
      const inputResponses = await askAll(this.#questions, inputRequests, method, [
        options.signal,
        this.closed,
      ])
      const again = {
        ...params,
        ...(Object.keys(inputResponses).length > 0 && { inputResponses }),
        ...(requestState !== undefined && { requestState }),
      }
      if (maxTimeoutMs > 0) maxTimeoutMs = Math.max(1, Math.min(maxTimeoutMs, answered.leftMs))
      answered = await this.#send(method, again, { ...options, maxTimeoutMs })
    }
  }

  async notify(method: string, params: JsonObject = {}): Promise<void> {
    // This revision has no notification from client to server over HTTP.
    if (this.#transport.abortCancels) return
    const meta = { ...(params['_meta'] as JsonObject | undefined), ...this.#envelope }
    await this.#router.notify(method, { ...params, _meta: meta })
  }

  async listen(filter: ChangeFilter, onChange: (change: Change) => void, signal: AbortSignal): Promise<void> {
    const uris = urisOf(filter)
    const notifications = {
      ...(filter.tools === true && { [FilterMember.tools]: true }),
      ...(filter.prompts === true && { [FilterMember.prompts]: true }),
      ...(filter.resources === true && { [FilterMember.resources]: true }),
      ...(uris.length > 0 && { [FilterMember.subscriptions]: uris }),
    }
    await listenAgain({ ...this.#settings, signal }, (onOpen) =>
      this.#listenOnce(notifications, signal, onChange, onOpen),
    )
  }

  async close(): Promise<void> {
    this.#router.close(mcpError('ERR_CLIENT_CLOSED', 'The client was closed'))
    await this.#transport.close()
  }

  async #listenOnce(
    notifications: JsonObject,
    signal: AbortSignal,
    onChange: (change: Change) => void,
    onOpen: () => boolean,
  ): Promise<void> {
    const stop = new AbortController()
    const release = onAbort(signal, () => stop.abort(signal.reason))
    const onNotification = (method: string, params: JsonObject) => {
      const change = changeOf(method, params)
      if (change !== undefined) onChange(change)
      if (method !== Notify.acknowledged) return
      // A server that will tell nothing of what was asked for need not be listened to.
      if (!isAnythingHonoured(params)) {
        stop.abort(mcpError('ERR_NOT_SUPPORTED', 'The server announces none of the changes asked for'))
      } else if (onOpen()) {
        this.#hooks.onChange({ kind: 'gap' })
        onChange({ kind: 'gap' })
      } else {
        for (const uri of refusedUris(notifications, params)) this.#settings.onError(refusedUri(uri))
      }
    }
    try {
      const untimed = { signal: stop.signal, timeoutMs: 0, maxTimeoutMs: 0, onNotification }
      await this.#send(Method.listen, { notifications }, untimed)
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error
    } finally {
      release()
    }
  }

  /** One request; once more where the server refuses our revision and names it as one that it serves. */
  async #send(method: string, params: JsonObject, options: SendOptions): Promise<Answered> {
    try {
      return await this.#sendOnce(method, params, options)
    } catch (error) {
      if (!namedRevisions(error)?.some(isStatelessRevision)) throw error
      return await this.#sendOnce(method, params, options)
    }
  }

  #sendOnce(method: string, params: JsonObject, options: SendOptions): Promise<Answered> {
    const { onProgress, meta } = options
    const paramsOf = (id: number) => {
      const given = { ...(params['_meta'] as JsonObject | undefined), ...meta }
      const token = onProgress === undefined ? {} : { [MetaKey.PROGRESS_TOKEN]: id }
      return { ...params, _meta: { ...given, ...this.#envelope, ...token } }
    }
    return this.#router.request(method, paramsOf, options)
  }
}

/** Resources that were asked for, and are not in the acknowledgement. */
function refusedUris(asked: JsonObject, { notifications }: JsonObject): readonly string[] {
  const uris = (asked[FilterMember.subscriptions] ?? []) as readonly string[]
  const honoured: unknown = (notifications as JsonObject | undefined)?.[FilterMember.subscriptions]
  return Array.isArray(honoured) ? uris.filter((uri) => !honoured.includes(uri)) : uris
}

function isAnythingHonoured({ notifications }: JsonObject): boolean {
  return Object.values(notifications ?? {}).some(
    (value) => value === true || (Array.isArray(value) && value.length > 0),
  )
}
