/**
 * The options of `createMcpHandler` and `serve`, checked once at construction: a wrong name, type or combination throws
 * a `TypeError` that names it.
 *
 * Numbers have their unit in the name. 0 turns a time limit off, `Infinity` a count or a size.
 */

import { checkAll, checkCount, checkTime, oneOf, requireType } from './bounds/check-options.ts'
import { checkNames, type OtherWords } from './bounds/option-names.ts'
import type { Filled, Given } from './bounds/option-types.ts'
import { shown } from './bounds/quote.ts'
import type { SealOptions } from './dispatch/client-input/request-state-options.ts'
import type { InFlightLimits } from './dispatch/in-flight-counter.ts'
import { checkRate } from './dispatch/rate-limit.ts'
import type { Principal } from './dispatch/rpc-exchange.ts'
import type { Rate } from './dispatch/token-bucket.ts'
import { checkTasks, type TaskOptions, type TaskSettings } from './features/tasks/options.ts'
import { type Authenticator, type AuthOptions, checkAuth } from './http/authenticate.ts'
import { checkEdge, EDGE_NAMES, type EdgeOptions, type EdgeSettings } from './http/edge-options.ts'
import { checkHttpSse, type HttpSseOptions, type HttpSsePaths } from './http/http-sse.ts'
import type { BodyLimits } from './jsonrpc/measure.ts'
import type { Refusal } from './node-http/exchange.ts'
import type { NodeAuth } from './node-http/node-auth.ts'
import type { Era } from './select-era.ts'
import { checkReplay, checkSessions } from './session-era/check-options.ts'
import type {
  ReplayOptions,
  SessionEnd,
  SessionEraSettings,
  SessionInfo,
  SessionOptions,
} from './session-era/options.ts'
import type { StatelessEraSettings, SubscriptionOptions } from './stateless-era/options.ts'
import { STATELESS_REVISIONS } from './stateless-era/revisions.ts'
import { checkStore, type Store } from './store/store.ts'

export type { TaskOptions } from './features/tasks/options.ts'
export type { SubscriptionOptions } from './stateless-era/options.ts'

export interface HandlerOptions extends EdgeOptions {
  /** The path of the endpoint, with or without a final slash; 404 for others. @defaultValue any path that reaches the handler */
  readonly path?: string | undefined
  /**
   * Allowed `Host` values: `name` for any port, or `name:port`. `['*']` turns the check off. Required where `host` is
   * not loopback. @defaultValue localhost, 127.0.0.1, [::1]
   */
  readonly allowedHosts?: readonly string[] | undefined
  /**
   * Web origins that may call, as `scheme://host:port`, or `'*'`; CORS headers go to these. A list takes the place of
   * the default. @defaultValue those of this machine; none with `allowedHosts`
   */
  readonly allowedOrigins?: readonly string[] | undefined
  /**
   * Who may call: `protectedResource` or `apiKey` of `barewire/auth`, or `{ verify }`, a function that verifies bearer tokens.
   * @defaultValue everybody, without credentials
   */
  readonly auth?: NodeAuth | Authenticator | undefined
  /** Largest request body; 413 above. @defaultValue 4 MiB */
  readonly maxBodyBytes?: number | undefined
  /**
   * Bytes of all request bodies that are being received or that a call in flight still needs, without the first 4096 of
   * each, and 72 for each JSON value and name of a member, without the first 8192 of each; 503 above.
   * @defaultValue 256 MiB
   */
  readonly maxTotalBodyBytes?: number | undefined
  /** HTTP/1.1 requests that may wait behind others of their connection; 429 above. @defaultValue 128 */
  readonly maxPipelined?: number | undefined
  /** Nesting depth of arrays and objects in a request body; 400 above. @defaultValue 512 */
  readonly maxBodyDepth?: number | undefined
  /**
   * JSON values and names of members in a request body, about, where a name that no other member has counts as seven; 400
   * above.
   * @defaultValue 500 000
   */
  readonly maxBodyValues?: number | undefined
  /** Most messages in a 2025-03-26 batch. @defaultValue 100 */
  readonly maxBatch?: number | undefined
  /** Eras of the protocol that are served. @defaultValue both */
  readonly eras?: readonly Era[] | undefined
  /**
   * Session era: HTTP+SSE of 2024-11-05 beside Streamable HTTP, for clients that know nothing newer; `true` is `/sse` and
   * `/messages`. A session lasts as long as its stream there. @defaultValue false
   */
  readonly httpSse?: boolean | HttpSseOptions | undefined
  /** Session era: limits of sessions. `false`: no sessions, every request is served alone. @defaultValue {} */
  readonly sessions?: false | SessionOptions | undefined
  /**
   * Session era: limits of the events that are retained for clients that reconnect, for each stream and in total. Change
   * notifications are retained once for all sessions. `false`: nothing is, and streams cannot be resumed. @defaultValue {}
   */
  readonly replay?: false | ReplayOptions | undefined
  /**
   * An idle stream gets a comment after this time; one whose client reads nothing for eight times as long is dropped.
   * @defaultValue 15 s
   */
  readonly keepAliveMs?: number | undefined
  /** A call that sends nothing for this long gets an event stream as its response. @defaultValue 5 s */
  readonly sseAfterMs?: number | undefined
  /** Session era: a call whose connection closed is aborted after this time, unless the client reconnects. @defaultValue 30 s */
  readonly disconnectGraceMs?: number | undefined
  /**
   * Bytes that may be buffered for a slow reader, of a stream or of replies; above it the connection is dropped, and the
   * events are retained until the client reconnects. A handler that awaits its messages waits at half of it, or earlier.
   * @defaultValue 1 MiB
   */
  readonly maxStreamBufferBytes?: number | undefined
  /**
   * Progress and log messages of one call: at most `burst` at once and `perSecond` in the long run. Above it only the
   * latest progress is sent, and log messages are omitted, with a message that says how many; `false`: any number.
   * Messages outside of calls have a rate of the same size for each audience.
   * @defaultValue { perSecond: 10 000, burst: 100 000 }
   */
  readonly messageRate?: false | Given<Rate> | undefined
  /** Calls in flight of one session; 429 above. @defaultValue 256 */
  readonly maxInFlightPerSession?: number | undefined
  /** Calls in flight, and tokens that are being verified, of all clients together; 503 above. @defaultValue 10 000 */
  readonly maxInFlight?: number | undefined
  /** Calls in flight of one principal; 429 above. @defaultValue 1024 */
  readonly maxInFlightPerPrincipal?: number | undefined
  /**
   * How often one caller may send a request: a principal, else a session, else all others together; 429 above. Each
   * request of a batch counts; notifications and responses do not. `false`: any number. A tool can have a `rateLimit`
   * of its own. @defaultValue 10 000 a second, 100 000 after a pause
   */
  readonly rateLimit?: false | Rate | undefined
  /** Resources that one session may subscribe to. @defaultValue 1000 */
  readonly maxSubscriptionsPerSession?: number | undefined
  /** Time for a client to answer a request without user interaction (`roots/list`). @defaultValue 60 s */
  readonly requestTimeoutMs?: number | undefined
  /** Time for a client to answer a request with user interaction: elicitation, sampling. @defaultValue 10 minutes */
  readonly elicitTimeoutMs?: number | undefined
  /** Accepts only clients whose `Accept` names the types that the specification requires; 406 otherwise. @defaultValue false */
  readonly strictAccept?: boolean | undefined
  /**
   * A request whose id is in use by another one of its session: `'reject'` it with 400, to find such a client in a test,
   * or `'accept'` it. The specification forbids it to clients, but some that are in use do it, and answers do not depend
   * on ids here. @defaultValue 'accept'
   */
  readonly duplicateIds?: 'accept' | 'reject' | undefined
  /** Stateless era: limits of `subscriptions/listen` streams. */
  readonly subscriptions?: SubscriptionOptions | undefined
  /** Stateless era: how `requestState` is sealed, the state of a call that waits for input of its client. */
  readonly requestState?: SealOptions | undefined
  /** Where the state of tasks is kept, and for how long. */
  readonly tasks?: TaskOptions | undefined
  /**
   * What processes that serve the same URL share, such as `redisStore` of `barewire/redis`: each serves any request of any
   * session. Not with `sessions.keys`. @defaultValue none
   */
  readonly store?: Store | undefined
  /**
   * Stateless era: every result carries the name and version of the server in `_meta`. The specification recommends it,
   * unless a server is configured otherwise, as with `false`. @defaultValue true
   */
  readonly serverInfo?: boolean | undefined
  /**
   * Called when a session is opened.
   *
   * @param restored - from its id: it began in another process, or was evicted in this one. See `sessions.keys`
   */
  readonly onSessionOpened?: ((session: SessionInfo, restored: boolean) => void) | undefined
  /** Called when a session ends: deleted by its client, expired, evicted at a limit, or at shutdown. */
  readonly onSessionClosed?: ((session: SessionInfo, reason: SessionEnd) => void) | undefined
  /** Called for every request that is refused with an HTTP error status. */
  readonly onRejected?: ((refusal: Refusal) => void) | undefined
}

/** The options with their defaults filled in. */
export interface HandlerSettings extends EdgeSettings {
  readonly path: string | undefined
  readonly allowedHosts: readonly string[] | undefined
  readonly allowedOrigins: readonly string[] | undefined
  /** Origin was checked before the request came here. */
  readonly originChecked?: boolean
  readonly auth: AuthOptions<Principal> | Authenticator<Principal> | undefined
  readonly maxBodyBytes: number
  readonly maxTotalBodyBytes: number
  readonly maxPipelined: number
  readonly maxUnreadBytes: number
  readonly inFlight: InFlightLimits
  readonly bodyLimits: BodyLimits
  readonly strictAccept: boolean
  /** `undefined`: no limit. */
  readonly rateLimit: Rate | undefined
  /** Its argument depends on the platform. */
  readonly onRejected: ((refusal: never) => void) | undefined
  /** Undefined: off. */
  readonly httpSse: HttpSsePaths | undefined
  readonly eras: ReadonlySet<Era>
  readonly tasks: TaskSettings
  readonly store: Store | undefined
  readonly sessionEra: SessionEraSettings
  readonly statelessEra: StatelessEraSettings
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const MiB = 1024 * 1024

const COUNTS = {
  maxBodyBytes: 4 * MiB,
  maxTotalBodyBytes: 256 * MiB,
  maxPipelined: 128,
  maxBodyDepth: 512,
  maxBodyValues: 500_000,
  maxBatch: 100,
  maxStreamBufferBytes: 1 * MiB,
  maxInFlightPerSession: 256,
  maxInFlight: 10_000,
  maxInFlightPerPrincipal: 1024,
  maxSubscriptionsPerSession: 1000,
}
const TIMES = {
  keepAliveMs: 15 * SECOND,
  sseAfterMs: 5 * SECOND,
  disconnectGraceMs: 30 * SECOND,
  requestTimeoutMs: 60 * SECOND,
  elicitTimeoutMs: 10 * MINUTE,
}
const DEFAULT_RATE: Rate = { perSecond: 10_000, burst: 100_000 }
const HOOKS = ['onSessionOpened', 'onSessionClosed', 'onRejected'] as const
export const OPTION_NAMES: readonly string[] = [
  'path',
  'allowedHosts',
  'allowedOrigins',
  'auth',
  'sessions',
  'httpSse',
  'replay',
  'strictAccept',
  'eras',
  'subscriptions',
  'requestState',
  'tasks',
  'store',
  'serverInfo',
  'duplicateIds',
  'rateLimit',
  'messageRate',
  ...EDGE_NAMES,
  ...HOOKS,
  ...Object.keys(COUNTS),
  ...Object.keys(TIMES),
]

/** Names of the same options in other libraries. */
export const OTHER_WORDS: OtherWords = {
  allowedOrigins: 'cors origin',
  httpSse: 'sse legacysse ssepath messagepath',
  sessions: 'sessionidgenerator session stateless',
  replay: 'eventstore resumability',
  onSessionOpened: 'onsessioninitialized',
  path: 'endpoint basepath route',
  host: 'hostname address',
  trustProxy: 'proxy behindproxy trustedproxies',
  page: 'landingpage homepage html',
  'it is an option of serve()': 'port host',
  'it is an option of McpServer': 'onerror instructions pagesize logging cache slowpatterns nullasabsent',
}

/** @throws {TypeError} naming what is wrong */
export function checkOptions(options: HandlerOptions): HandlerSettings {
  checkNames(options, OPTION_NAMES, '', OTHER_WORDS)
  const { sessions = {}, replay = {}, duplicateIds = 'accept', strictAccept = false, auth, path } = options
  for (const hook of HOOKS) requireType(hook, options[hook], ['function', 'undefined'])
  requireType('strictAccept', strictAccept, ['boolean'])
  oneOf('duplicateIds', duplicateIds, ['accept', 'reject'])
  if (path !== undefined && (typeof path !== 'string' || !/^\/[^?#]*$/.test(path))) {
    throw new TypeError(`path must begin with a slash and have no query; got ${shown(path)}`)
  }
  if (auth !== undefined) checkAuth(auth)
  const {
    eras = ['session', 'stateless'],
    serverInfo = true,
    subscriptions = {},
    requestState = {},
    tasks = {},
    rateLimit = DEFAULT_RATE,
    messageRate = {},
  } = options
  requireType('serverInfo', serverInfo, ['boolean'])
  const {
    maxBodyBytes,
    maxBodyDepth: maxDepth,
    maxBodyValues: maxValues,
    maxTotalBodyBytes,
    maxPipelined,
    maxInFlight,
    maxInFlightPerPrincipal,
    ...counts
  } = checkAll(options, COUNTS, '', checkCount)
  const times = checkAll(options, TIMES, '', checkTime)
  const served = checkEras(eras)
  const checkedRate = checkMessageRate(messageRate)
  return {
    ...checkEdge(options),
    path: path?.replace(/(?<=.)\/$/, ''),
    allowedHosts: options.allowedHosts,
    allowedOrigins: options.allowedOrigins,
    auth: auth as HandlerSettings['auth'],
    maxBodyBytes,
    maxTotalBodyBytes,
    maxPipelined,
    maxUnreadBytes: counts.maxStreamBufferBytes,
    inFlight: { maxInFlight, maxInFlightPerPrincipal },
    bodyLimits: { maxDepth, maxValues },
    strictAccept,
    rateLimit: rateLimit === false ? undefined : checkRate(rateLimit, 'rateLimit'),
    onRejected: options.onRejected,
    httpSse: checkHttpSse(options.httpSse ?? false, path, served.has('session') && sessions !== false),
    eras: served,
    tasks: checkTasks(tasks, options.store !== undefined),
    store: checkStore(options.store),
    statelessEra: {
      keepAliveMs: times.keepAliveMs,
      sseAfterMs: times.sseAfterMs,
      maxStreamBufferBytes: counts.maxStreamBufferBytes,
      messageRate: checkedRate,
      subscriptions: checkSubscriptions(subscriptions),
      requestState: checkRequestState(requestState),
      serverInfo,
      supported: STATELESS_REVISIONS,
    },
    sessionEra: {
      ...counts,
      ...times,
      sessions: checkSessions(sessions, options.store !== undefined),
      replay: sessions === false ? undefined : checkReplay(replay),
      duplicateIds,
      messageRate: checkedRate,
      onSessionOpened: options.onSessionOpened,
      onSessionClosed: options.onSessionClosed,
    },
  }
}

function checkEras(eras: readonly Era[]): ReadonlySet<Era> {
  if (!Array.isArray(eras) || eras.length === 0) throw new TypeError('eras must name at least one era')
  for (const era of eras) oneOf('eras', era, ['session', 'stateless'])
  return new Set(eras)
}

function checkSubscriptions(subscriptions: SubscriptionOptions): Filled<SubscriptionOptions> {
  const counts = { max: 10_000, maxPerPrincipal: 100, maxResources: 1000, maxTotalBytes: 64 * MiB }
  checkNames(subscriptions, [...Object.keys(counts), 'maxAgeMs'], 'subscriptions.')
  return {
    ...checkAll(subscriptions, counts, 'subscriptions.', checkCount),
    ...checkAll(subscriptions, { maxAgeMs: 0 }, 'subscriptions.', checkTime),
  }
}

/** The keys are checked by `KeyRing`. */
function checkRequestState(requestState: SealOptions): SealOptions {
  checkNames(requestState, ['keys', 'ttlMs', 'maxLength'], 'requestState.')
  return {
    ...requestState,
    ...checkAll(requestState, { ttlMs: 15 * MINUTE }, 'requestState.', checkTime),
    ...checkAll(requestState, { maxLength: 65_536 }, 'requestState.', checkCount),
  }
}

/** @returns undefined: no limit */
function checkMessageRate(rate: false | Given<Rate>): Rate | undefined {
  if (rate === false) return undefined
  if (typeof rate !== 'object' || rate === null) return checkRate(rate, 'messageRate')
  const { perSecond = DEFAULT_RATE.perSecond, burst = DEFAULT_RATE.burst, ...others } = rate
  return checkRate({ perSecond, burst, ...others }, 'messageRate')
}
