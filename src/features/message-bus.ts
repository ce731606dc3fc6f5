/**
 * Messages outside of calls: checked and written as JSON once, then given to every handler that serves the definition.
 *
 *    server.notify / server.log -> ServerMessage -> each era of each handler -> streams that clients listen to
 *
 * Spec: 2025-11-25 logging {@link spec.logging}, transports "Listening for Messages from the Server"
 * {@link spec.listening}; 2026-07-28 subscriptions {@link spec.subscriptions}.
 * Not here: the streams of clients, and what is kept for them (server-messages.ts and subscriptions.ts of the eras).
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf, messageOf, shown } from '../bounds/quote.ts'
import { metaProblem } from '../dispatch/content.ts'
import { logData, logProblem } from '../dispatch/notification-check.ts'
import { at, type Members, stringProblem, under } from '../dispatch/shape.ts'
import type { TokenBuckets } from '../dispatch/token-bucket.ts'
import { encodeNotification, encodeNotificationText } from '../jsonrpc/encode.ts'
import { LOG_LEVELS, LOG_RANK } from '../protocol/log-levels.ts'
import { Notify } from '../protocol/methods.ts'
import type { LogLevel } from '../protocol/wire-types.ts'

/** The recipients of a message outside of a call: one session, by its id, or every client of a principal, by its `id`. */
export type Audience = { readonly session: string } | { readonly principal: string }

/** What became of a message outside of a call. */
export interface Delivery {
  /**
   * Open streams that it was written to: those that sessions listen to with GET, and `subscriptions/listen`. 0 with a
   * `store`, over which it comes to the streams of all processes, this one included.
   */
  readonly streams: number
  /**
   * It is kept, within the limits of `replay`, for sessions that open their stream later or lose its connection. With a
   * `store`: it was handed to the store, with or without listeners; `onError` gets an error where the store
   * does not accept it.
   */
  readonly kept: boolean
  /** Why it reaches no client; undefined when it was written or is kept. */
  readonly reason?: string | undefined
}

/** A message outside of a call, checked. */
export interface ServerMessage {
  readonly method: string
  /** Text of the whole notification. */
  readonly json: string
  /** Of a log message. */
  readonly level: LogLevel | undefined
  readonly session: string | undefined
  readonly principal: string | undefined
  /** Of a message that is not kept: who listens now, on any node, must have these. */
  readonly scopes?: readonly string[] | undefined
}

/**
 * Delivers a message, for one era of one handler.
 *
 * @param sequence - of the message among those of all nodes; undefined: it is of this process alone
 */
export type Receiver = (message: ServerMessage, sequence?: number) => Delivery

/** @returns why an era has no use for a message, whoever its clients are; undefined: it may have */
export type Refusal = (message: ServerMessage) => string | undefined

/** Visible ASCII, as the name of any method. */
export const NOTIFICATION_METHOD = /^notifications\/[\x21-\x7e]+$/
const OF_REQUEST = 'belongs to one request: it is sent by its ctx'
const OF_CLIENT = 'is sent by clients'
/** Notifications of the core that are sent in another way. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  [Notify.message, 'is sent by server.log(level, data, to?)'],
  [Notify.progress, OF_REQUEST],
  [Notify.cancelled, OF_REQUEST],
  [Notify.toolsChanged, 'is sent by itself when tools change'],
  [Notify.promptsChanged, 'is sent by itself when prompts change'],
  [Notify.resourcesChanged, 'is sent by itself when resources change'],
  [Notify.resourceUpdated, 'is sent by server.notifyResourceUpdated(uri)'],
  [Notify.initialized, OF_CLIENT],
  [Notify.rootsChanged, OF_CLIENT],
  [Notify.acknowledged, 'is sent by itself when a client begins to listen'],
  [Notify.task, 'is sent by itself when a task changes'],
  [Notify.taskStatus, 'is sent by itself when a task changes'],
])

export class MessageBus {
  /** Lifecycle: one for each era of each handler that serves the definition, until it is closed. */
  readonly #receivers = new Set<Receiver>()

  /** @returns ends the subscription */
  subscribe(receiver: Receiver): () => void {
    this.#receivers.add(receiver)
    return () => this.#receivers.delete(receiver)
  }

  send(message: ServerMessage): Delivery {
    const results = [...this.#receivers].map((receiver) => receiver(message))
    const streams = results.reduce((sum, result) => sum + result.streams, 0)
    const kept = results.some((result) => result.kept)
    if (streams > 0 || kept) return { streams, kept }
    const reasons = new Set(results.map(({ reason }) => reason).filter((reason) => reason !== undefined))
    return { streams, kept, reason: [...reasons].join('; ') || 'no handler serves this definition' }
  }
}

/** For a message that reaches no client. */
export function unsent(reason: string): Delivery {
  return { streams: 0, kept: false, reason }
}

/**
 * Counts a message against the rate of its audience.
 *
 * @param buckets - undefined: any number may be sent
 * @returns why it is not sent
 */
export function overRate(buckets: TokenBuckets | undefined, audience: string): string | undefined {
  if (buckets === undefined || buckets.take(audience, 1, performance.now()) === 0) return undefined
  const { burst, perSecond } = buckets.rate
  return `above messageRate: ${burst} messages at once and ${perSecond} a second`
}

/** Equal for messages to the same recipients. */
export function audienceKey({ session, principal }: Pick<ServerMessage, 'session' | 'principal'>): string {
  if (session !== undefined) return `s${session}`
  return principal === undefined ? '' : `p${principal}`
}

/** @throws {TypeError} a method that is not sent this way, params that are no JSON object, a wrong audience */
export function notification(method: string, params?: object, to?: Audience): ServerMessage {
  if (typeof method !== 'string' || !NOTIFICATION_METHOD.test(method)) {
    throw new TypeError(`notify needs a method that begins with "notifications/"; got ${shown(method)}`)
  }
  const elsewhere = ELSEWHERE.get(method)
  if (elsewhere !== undefined) throw new TypeError(`notify cannot send ${shown(method)}, which ${elsewhere}`)
  // Spec: it MUST only be sent to the client that began the elicitation; a principal can have several.
  if (method === Notify.elicitationComplete && !(isObject(to) && 'session' in to)) {
    throw new TypeError(
      `notify needs { session: id } for ${shown(method)}: it is for the client that was asked alone`,
    )
  }
  const text = params === undefined ? undefined : jsonOf(() => params, 'notify: params')
  if (text?.startsWith('{') === false)
    throw new TypeError(`notify: params must be an object; got ${kindOf(params)}`)
  const sent = text === undefined ? {} : (JSON.parse(text) as Members)
  const problem =
    metaProblem(sent) ??
    (method === Notify.elicitationComplete
      ? under('.elicitationId', stringProblem(sent['elicitationId']))
      : undefined)
  if (problem !== undefined) throw new TypeError(`notify: params${problem}`)
  const json = text === undefined ? encodeNotification(method) : encodeNotificationText(method, text)
  return { method, json, level: undefined, ...audience(to, 'notify') }
}

/** @throws {TypeError} an unknown level, data that is no JSON value, a logger that is no string, a wrong audience */
export function logMessage(level: LogLevel, data: unknown, to?: Audience, logger?: string): ServerMessage {
  if (!LOG_RANK.has(level)) {
    throw new TypeError(`log needs a level, one of ${LOG_LEVELS.join(', ')}; got ${shown(level)}`)
  }
  const problem = logProblem(data, logger)
  if (problem !== undefined) throw new TypeError(`log: ${at(problem)}`)
  const params = jsonOf(() => ({ level, logger, data: logData(data) }), 'log: data')
  const json = encodeNotificationText(Notify.message, params)
  return { method: Notify.message, json, level, ...audience(to, 'log') }
}

/** An undefined member is an error, or a message for one client would become one for all. */
function audience(to: unknown, use: string): Pick<ServerMessage, 'session' | 'principal'> {
  if (to === undefined) return { session: undefined, principal: undefined }
  const [member, ...others] = isObject(to) ? Object.entries(to) : []
  const [name, id] = member ?? []
  if (others.length > 0 || (name !== 'session' && name !== 'principal')) {
    const got = isObject(to) ? JSON.stringify(Object.keys(to)) : kindOf(to)
    throw new TypeError(`${use}: to must be { session: id } or { principal: id }; got ${got}`)
  }
  if (typeof id !== 'string')
    throw new TypeError(`${use}: to.${name} must be an id, a string; got ${kindOf(id)}`)
  return name === 'session' ? { session: id, principal: undefined } : { session: undefined, principal: id }
}

function jsonOf(value: () => unknown, what: string): string {
  try {
    return JSON.stringify(value()) ?? 'undefined'
  } catch (cause) {
    throw new TypeError(`${what} cannot be written as JSON: ${messageOf(cause)}`, { cause })
  }
}
