/**
 * Extensions of the protocol that the application adds: the settings declared under their ids, and their methods.
 *
 * Once it is registered, a method of an extension is dispatched like one of the core: middleware runs around it, an
 * `RpcError` is its error, and the era shapes its result. An era in which extensions cannot be declared has none of
 * their methods either.
 *
 * Spec: 2026-07-28 versioning, "Extension Negotiation" {@link spec.versioning}; key names {@link spec.overview}.
 * Not here: the Tasks extension, which changes how calls are answered (tasks/, and tasks.ts of the eras).
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { suggestion } from '../bounds/option-names.ts'
import type { Given } from '../bounds/option-types.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import { InputRequired } from '../dispatch/client-input/input-required.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { MethodHandler, MethodTable } from '../dispatch/dispatcher.ts'
import type { CacheHint } from '../dispatch/rpc-exchange.ts'
import { checked } from '../dispatch/shape.ts'
import { TASKS_EXTENSION } from '../protocol/meta-keys.ts'
import { FilterMember, Method, Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { checkCacheHint } from './cache-hints.ts'
import { checkConfig, type Names } from './config-names.ts'
import { NOTIFICATION_METHOD } from './message-bus.ts'
import { extensionResultProblem } from './result-check.ts'

/**
 * Answers a request of an extension: returns the members of the result, or throws an `RpcError`, such as
 * `new RpcError(ErrorCode.INVALID_PARAMS, '...')` for wrong parameters, which are not checked before. It cannot ask the
 * client for input.
 */
export type ExtensionMethod = (params: JsonObject, ctx: RequestContext) => object | PromiseLike<object>

export interface ExtensionConfig {
  /** Declared to clients under the id, as the extension defines it. @defaultValue {} */
  readonly settings?: object | undefined
  /** By name, such as `skills/list`. @defaultValue none: an extension may be settings and `_meta` alone */
  readonly methods?: { readonly [method: string]: ExtensionMethod } | undefined
  /** By method, how long clients may cache its results. @defaultValue none: only what a result says by itself */
  readonly cache?: { readonly [method: string]: Given<CacheHint> } | undefined
  /**
   * By method, the parameter that clients must repeat outside of the message (`Mcp-Name`), where the extension asks for
   * it. A request that does not repeat it, or not with the same value, is refused.
   */
  readonly namedBy?: { readonly [method: string]: string } | undefined
  /**
   * Notifications for `server.notify`, such as `notifications/notes/changed`, each with the member of the filter of
   * `subscriptions/listen` by which clients ask for it: `{ notesChanged: true }`. Sessions get all of them unasked.
   */
  readonly notifications?: { readonly [method: string]: string } | undefined
}

const NAMES: Names<ExtensionConfig> = {
  settings: true,
  methods: true,
  cache: true,
  namedBy: true,
  notifications: true,
}
const CORE_NOTIFICATIONS: ReadonlySet<string> = new Set(Object.values(Notify))
const CORE_FILTER: ReadonlySet<string> = new Set(Object.values(FilterMember))
/** A member of the filter: such as `notesChanged`. */
const FILTER_MEMBER = /^[a-z][\w.-]*$/i
const CORE_METHODS: ReadonlySet<string> = new Set(Object.values(Method))
/** The rule of `_meta` keys, with the prefix that an extension MUST have: labels, dots between them, slash, name. */
const ID =
  /^[a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z](?:[a-z0-9-]*[a-z0-9])?)*\/(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)?$/i
/** Visible ASCII, as header values are. JSON-RPC reserves `rpc.`, and a notification is no request. */
const METHOD_NAME = /^(?!rpc\.|notifications\/)[\x21-\x7e]+$/

export class Extensions {
  /** Lifecycle: this and the next three as long as the server. Extensions are added, never removed. */
  readonly #settings = new Map<string, JsonObject>()
  readonly #methods = new Map<string, MethodHandler<unknown>>()
  readonly #namedBy = new Map<string, string>()
  readonly #notifications = new Map<string, string>()

  /** Of all extensions. */
  get methods(): MethodTable<unknown> {
    return this.#methods
  }

  /** The members of the filter by which clients ask for notifications, by method. */
  get notifications(): ReadonlyMap<string, string> {
    return this.#notifications
  }

  /** Settings by id, as they are declared. */
  get settings(): ReadonlyMap<string, JsonObject> {
    return this.#settings
  }

  /** The parameter that clients repeat outside of the message. */
  get namedBy(): ReadonlyMap<string, string> {
    return this.#namedBy
  }

  /** All or nothing: an extension that is refused adds no method. @throws {TypeError} naming the extension */
  add(id: string, config: ExtensionConfig): void {
    const use = `Extension ${shown(id)}`
    if (typeof id !== 'string' || !ID.test(id)) {
      throw new TypeError(`${use}: an id is a reversed domain name, a slash and a name: com.example/notes`)
    }
    if (id === TASKS_EXTENSION)
      throw new TypeError(`${use} is served by itself once a tool has the task option`)
    if (this.#settings.has(id)) throw new TypeError(`${use} is registered already`)
    checkConfig(config, use, NAMES)
    const { settings = {} } = config
    const methods = withoutUndefined(config.methods, `${use} methods`)
    const cache = withoutUndefined(config.cache, `${use} cache`)
    const namedBy = withoutUndefined(config.namedBy, `${use} namedBy`)
    const notifications = withoutUndefined(config.notifications, `${use} notifications`)
    checkOwnMethods({ cache, namedBy }, methods, use)
    const copied = copyOf(settings, use)
    const handlers = Object.entries(methods).map(([name, method]) => {
      this.#checkMethod(name, method, use)
      return [name, handlerOf(name, method, hintOf(name, cache, use))] as const
    })
    checkParameterNames(namedBy, use)
    for (const [name, member] of Object.entries(notifications)) this.#checkNotification(name, member, use)
    this.#settings.set(id, copied)
    for (const [name, member] of Object.entries(notifications)) this.#notifications.set(name, member)
    for (const [name, handler] of handlers) this.#methods.set(name, handler)
    for (const [name, parameter] of Object.entries(namedBy)) this.#namedBy.set(name, parameter)
  }

  #checkNotification(name: string, member: unknown, use: string): void {
    const shown = `${use} notification ${JSON.stringify(name)}`
    if (!NOTIFICATION_METHOD.test(name)) throw new TypeError(`${shown} must begin with "notifications/"`)
    if (CORE_NOTIFICATIONS.has(name)) throw new TypeError(`${shown} is one of the core protocol`)
    if (this.#notifications.has(name)) throw new TypeError(`${shown} is one of another extension`)
    if (typeof member !== 'string' || !FILTER_MEMBER.test(member) || CORE_FILTER.has(member)) {
      const got = typeof member === 'string' ? JSON.stringify(member) : typeof member
      throw new TypeError(`${shown} needs a filter member of its own, such as "notesChanged"; got ${got}`)
    }
  }

  #checkMethod(name: string, method: unknown, use: string): void {
    const shown = `${use} method ${JSON.stringify(name)}`
    if (!METHOD_NAME.test(name)) {
      throw new TypeError(`${shown} must be visible ASCII, and not begin with "rpc." or "notifications/"`)
    }
    if (CORE_METHODS.has(name)) throw new TypeError(`${shown} is one of the core protocol`)
    if (this.#methods.has(name)) throw new TypeError(`${shown} is one of another extension`)
    if (typeof method !== 'function')
      throw new TypeError(`${shown} must be a function; got ${kindOf(method)}`)
  }
}

function handlerOf(
  name: string,
  method: ExtensionMethod,
  hint: CacheHint | undefined,
): MethodHandler<unknown> {
  const use = `method ${JSON.stringify(name)}`
  const check = (result: unknown) =>
    result instanceof InputRequired ? result : checked(result, extensionResultProblem, use)
  return (params, ctx) => {
    if (hint !== undefined) ctx.hintCache(hint)
    const result = method(params ?? {}, ctx)
    return isPromise(result) ? Promise.resolve(result).then(check) : check(result)
  }
}

/** @throws {TypeError} an option by method names one that the extension does not have */
function checkOwnMethods(
  options: { readonly [option: string]: object },
  methods: { readonly [method: string]: unknown },
  use: string,
): void {
  for (const [option, byMethod] of Object.entries(options)) {
    const stray = Object.keys(byMethod).find((name) => !Object.hasOwn(methods, name))
    if (stray === undefined) continue
    const near = suggestion(stray, Object.keys(methods))
    throw new TypeError(
      `${use} ${option} names ${JSON.stringify(stray)}, which is none of its methods${near}`,
    )
  }
}

/** @throws {TypeError} */
function checkParameterNames(namedBy: { readonly [method: string]: unknown }, use: string): void {
  for (const [name, parameter] of Object.entries(namedBy)) {
    if (typeof parameter === 'string') continue
    throw new TypeError(
      `${use} namedBy[${JSON.stringify(name)}] must name a parameter; got ${kindOf(parameter)}`,
    )
  }
}

/** @throws {TypeError} naming the option */
function hintOf(
  method: string,
  cache: { readonly [method: string]: Given<CacheHint> },
  use: string,
): CacheHint | undefined {
  const hint = Object.hasOwn(cache, method) ? cache[method] : undefined
  return hint === undefined ? undefined : checkCacheHint(hint, `${use} cache[${JSON.stringify(method)}]`)
}

/** The members that are not undefined. @throws {TypeError} no object */
function withoutUndefined<T>(
  members: { readonly [name: string]: T | undefined } | undefined,
  use: string,
): { readonly [name: string]: T } {
  if (members === undefined) return {}
  if (!isObject(members)) throw new TypeError(`${use} must be an object; got ${kindOf(members)}`)
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, T] => entry[1] !== undefined),
  )
}

/** A copy, so that a later change of the caller's object has no effect. @throws {TypeError} not a JSON object */
function copyOf(settings: object, use: string): JsonObject {
  let text: string | undefined
  try {
    text = JSON.stringify(settings)
  } catch {
    // Circular, or with a BigInt in it.
  }
  if (text?.startsWith('{')) return JSON.parse(text)
  throw new TypeError(`${use} settings must be an object that JSON can hold`)
}
