/**
 * The options of a client and their defaults, checked before anything is sent. A wrong option is a `TypeError`
 * that names it and quotes what came.
 */

import { checkCount, checkTime, oneOf, requireType } from '../bounds/check-options.ts'
import { checkNames } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import { LOG_LEVELS } from '../protocol/log-levels.ts'
import { REVISIONS, type RevisionName } from '../protocol/revisions.ts'
import type {
  CreateMessageParams,
  CreateMessageResult,
  ElicitResult,
  Implementation,
  JsonObject,
  LogLevel,
  Root,
} from '../protocol/wire-types.ts'
import type { AuthProvider } from './auth-provider.ts'
import type { FetchLike, FetchMiddleware } from './fetch-like.ts'
import type { FormSchema } from './form-types.ts'
import { isHeaderValue } from './header-value.ts'
import type { LogMessage, Progress } from './wire.ts'

/** A form for the user to fill in. */
export interface ElicitRequest {
  /** What the server wants to know, and why. */
  readonly message: string
  /** The fields. What the server says of one is not checked before the user's answer is. */
  readonly requestedSchema: FormSchema
  /** Of the request. */
  readonly _meta?: JsonObject | undefined
}

/** An address for the user to go to. */
export interface ElicitUrlRequest {
  /** What the server wants the user to do there, and why. */
  readonly message: string
  /** Show the whole of it, and open it only when the user agrees; never fetch it. */
  readonly url: string
  /** With it the server says, in a notification, that the user is done (2025-11-25). */
  readonly elicitationId?: string | undefined
  /** Of the request. */
  readonly _meta?: JsonObject | undefined
}

/** What a handler of a question is given beside the question. */
export interface QuestionContext {
  /** Aborts when the answer is not needed any more. */
  readonly signal: AbortSignal
}

export interface ConnectOptions {
  /** Name and version of your program, shown to servers. @defaultValue barewire-client */
  readonly clientInfo?: Implementation | undefined

  /**
   * Asks the user to fill in a form; declares the capability. What is accepted is completed with the form's defaults
   * and checked against its schema before it is sent.
   */
  readonly onElicit?:
    | ((
        request: ElicitRequest,
        context: QuestionContext,
      ) =>
        | ElicitResult
        | { readonly action: 'accept' }
        | PromiseLike<ElicitResult | { readonly action: 'accept' }>)
    | undefined
  /** Asks the user to go to a URL; declares the capability. */
  readonly onElicitUrl?:
    | ((
        request: ElicitUrlRequest,
        context: QuestionContext,
      ) =>
        | { readonly action: 'accept' | 'decline' | 'cancel' }
        | PromiseLike<{ readonly action: 'accept' | 'decline' | 'cancel' }>)
    | undefined
  /** Asks a model; declares the capability. */
  readonly onSample?:
    | ((
        request: CreateMessageParams,
        context: QuestionContext,
      ) => CreateMessageResult | PromiseLike<CreateMessageResult>)
    | undefined
  /** The folders that the server may look at; declares the capability. */
  readonly onRoots?:
    | ((request: JsonObject, context: QuestionContext) => readonly Root[] | PromiseLike<readonly Root[]>)
    | undefined
  /** Log messages of the server, from `logLevel` on. */
  readonly onLog?: ((message: LogMessage) => void) | undefined
  /** Notifications that no other part of the client is for. */
  readonly onNotification?: ((method: string, params: JsonObject) => void) | undefined
  /** Errors that belong to no call: a wrong message of the server, a handler that threw. */
  readonly onError?: ((error: unknown) => void) | undefined

  /**
   * A token; or what gives one for each request, and once more with `refresh` after a 401; or an `AuthProvider`.
   */
  readonly auth?:
    | string
    | ((request: {
        readonly refresh?: boolean | undefined
      }) => string | undefined | PromiseLike<string | undefined>)
    | AuthProvider
    | undefined
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Takes the place of the global `fetch`. @defaultValue the global one */
  readonly fetch?: FetchLike | undefined
  /** Wraps `fetch`; the first is the outermost. @defaultValue none */
  readonly middleware?: readonly FetchMiddleware[] | undefined

  /** Aborts connecting; it has no effect afterwards. */
  readonly signal?: AbortSignal | undefined
  /** For connecting alone, in milliseconds. 0: no limit. @defaultValue 30 s */
  readonly timeoutMs?: number | undefined
  /** For each request afterwards, started anew by progress. 0: no limit. @defaultValue 60 s */
  readonly requestTimeoutMs?: number | undefined
  /** For each request, whatever progress there is. 0: no limit. @defaultValue 10 min */
  readonly maxRequestTimeoutMs?: number | undefined
  /** Tries after the first, of what the server has certainly not begun to do. @defaultValue 3 */
  readonly retries?: number | undefined
  /** The delay before the second try; doubled for each further one. @defaultValue 500 ms */
  readonly retryDelayMs?: number | undefined
  /**
   * Tries in a row to take up a stream that was cut, without anything new. The delay before each is what the server asks
   * for with `retry`, at least 100 ms, else as with `retryDelayMs`. @defaultValue 5
   */
  readonly resumeTries?: number | undefined
  /** How often one call may ask for input (2026-07-28). @defaultValue 10 */
  readonly maxRounds?: number | undefined
  /** One message of the server, in bytes after decompression. @defaultValue 16 MiB */
  readonly maxMessageBytes?: number | undefined

  /**
   * Speaks this revision or none. Without it, `connect` remembers for 10 minutes how the origin of a URL was spoken to,
   * and tries that first; `forgetServers()` forgets it. @defaultValue the newest that both sides know
   */
  readonly revision?: RevisionName | undefined
  /**
   * What to try first with a server of which nothing is remembered: `server/discover` (2026-07-28), or `initialize`,
   * which speaks a revision with sessions where the server has one. What `initialize` or `revision` led to is not
   * remembered. @defaultValue discover
   */
  readonly first?: 'discover' | 'initialize' | undefined
  /** Least severity of log messages that are asked for. @defaultValue none */
  readonly logLevel?: LogLevel | undefined
  /** Whether calls may become tasks, of the Tasks extension, or of 2025-11-25. @defaultValue true */
  readonly tasks?: boolean | undefined
  /** Whether results are checked against the `outputSchema` of their tools. @defaultValue true */
  readonly checkOutput?: boolean | undefined
  /** Further capabilities to declare: `experimental`, `extensions`, and members of those that handlers declare. */
  readonly capabilities?: JsonObject | undefined
}

/** Options of one request. */
export interface RequestOptions {
  /** Cancels the request, also at the server. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for the answer, started anew by progress. 0: no limit. @defaultValue `requestTimeoutMs` of the client */
  readonly timeoutMs?: number | undefined
  /** Milliseconds for the answer, whatever progress there is. 0: no limit. @defaultValue `maxRequestTimeoutMs` of the client */
  readonly maxTimeoutMs?: number | undefined
  /** Asks the server to report progress. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Sent in `_meta` of the request, such as `traceparent`. */
  readonly meta?: JsonObject | undefined
}

const DEFAULTS = {
  timeoutMs: 30_000,
  requestTimeoutMs: 60_000,
  maxRequestTimeoutMs: 600_000,
  retryDelayMs: 500,
}
const COUNTS = { resumeTries: 5, maxRounds: 10, maxMessageBytes: 16 * 1024 * 1024 }
const HANDLERS = [
  'onElicit',
  'onElicitUrl',
  'onSample',
  'onRoots',
  'onLog',
  'onNotification',
  'onError',
  'fetch',
]
const NAMES: readonly string[] = [
  ...HANDLERS,
  ...Object.keys(DEFAULTS),
  ...Object.keys(COUNTS),
  'clientInfo',
  'auth',
  'headers',
  'middleware',
  'signal',
  'retries',
  'revision',
  'first',
  'logLevel',
  'tasks',
  'checkOutput',
  'capabilities',
]
const WORDS = {
  clientInfo: 'info implementation name',
  onElicit: 'elicit elicitation onelicitation',
  onSample: 'sampling onsampling oncreatemessage',
  auth: 'token authprovider authorization',
  requestTimeoutMs: 'timeout requesttimeout',
  revision: 'protocolversion version',
}
const REQUEST_NAMES: readonly string[] = ['signal', 'timeoutMs', 'maxTimeoutMs', 'onProgress', 'meta']
/** RFC 9110 section 5.6.2: a token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const DEFAULT_INFO: Implementation = { name: 'barewire-client', version: '0.1.0' }

/** Options with their defaults. */
export interface Settings extends ConnectOptions {
  readonly clientInfo: Implementation
  readonly onError: (error: unknown) => void
  readonly timeoutMs: number
  readonly requestTimeoutMs: number
  readonly maxRequestTimeoutMs: number
  readonly retries: number
  readonly retryDelayMs: number
  readonly resumeTries: number
  readonly maxRounds: number
  readonly maxMessageBytes: number
  readonly first: 'discover' | 'initialize'
  readonly tasks: boolean
  readonly checkOutput: boolean
}

/** @throws {TypeError} a wrong option, named */
export function checkConnectOptions(options: ConnectOptions): Settings {
  checkNames(options, NAMES, '', WORDS)
  const settings: { [name: string]: unknown } = {}
  for (const [name, value] of Object.entries(options)) if (value !== undefined) settings[name] = value
  for (const name of HANDLERS) {
    if (settings[name] !== undefined) requireType(name, settings[name], ['function'])
  }
  for (const [name, value] of Object.entries(DEFAULTS)) {
    settings[name] = checkTime(name, settings[name] ?? value)
  }
  for (const [name, value] of Object.entries(COUNTS)) {
    settings[name] = checkCount(name, settings[name] ?? value)
  }
  const { retries = 3, first = 'discover', revision, logLevel, auth, headers, tasks = true } = options
  if (retries !== 0) checkCount('retries', retries)
  oneOf('first', first, ['discover', 'initialize'])
  if (revision !== undefined) oneOf('revision', revision, REVISIONS)
  if (logLevel !== undefined) oneOf('logLevel', logLevel, LOG_LEVELS)
  if (auth !== undefined) requireType('auth', auth, ['string', 'function', 'object'])
  if (typeof auth === 'string') checkHeaderValue('auth', auth)
  if (headers !== undefined) checkHeaders(headers)
  const { signal, middleware, capabilities } = options
  checkSignal(signal)
  if (middleware !== undefined) checkMiddleware(middleware)
  if (capabilities !== undefined) checkCapabilities(capabilities)
  requireType('tasks', tasks, ['boolean'])
  const { checkOutput = true, clientInfo = DEFAULT_INFO, onError: given = () => {} } = options
  requireType('checkOutput', checkOutput, ['boolean'])
  checkInfo(clientInfo)
  const onError = (error: unknown) => {
    try {
      given(error)
    } catch {
      // There is nowhere else to report it.
    }
  }
  return { ...settings, retries, first, tasks, checkOutput, clientInfo, onError } as Settings
}

function checkHeaders(headers: object): void {
  requireType('headers', headers, ['object'])
  for (const [name, value] of Object.entries(headers)) {
    const what = `headers[${shown(name)}]`
    if (!HEADER_NAME.test(name)) throw new TypeError(`${what} is no name of a header`)
    if (typeof value !== 'string') throw new TypeError(`${what} must be a string; got ${kindOf(value)}`)
    checkHeaderValue(what, value)
  }
}

/** Not repeated in the error: it may be a secret. */
function checkHeaderValue(name: string, value: string): void {
  if (isHeaderValue(value.trim())) return
  throw new TypeError(`${name} has a character that a header cannot carry`)
}

function checkInfo(info: { readonly name?: unknown; readonly version?: unknown }): void {
  requireType('clientInfo', info, ['object'])
  requireType('clientInfo.name', info.name, ['string'])
  requireType('clientInfo.version', info.version, ['string'])
}

/** One of another realm or a polyfill will do. */
function checkSignal(signal: unknown): void {
  if (signal === undefined || typeof (signal as Partial<AbortSignal> | null)?.aborted === 'boolean') return
  throw new TypeError(`signal must be an AbortSignal; got ${kindOf(signal)}`)
}

function checkMiddleware(middleware: unknown): void {
  if (Array.isArray(middleware) && middleware.every((wrap) => typeof wrap === 'function')) return
  throw new TypeError(`middleware must be an array of functions; got ${kindOf(middleware)}`)
}

function checkCapabilities(capabilities: object): void {
  requireType('capabilities', capabilities, ['object'])
  for (const [name, value] of Object.entries(capabilities)) {
    if (value !== undefined) requireType(`capabilities.${name}`, value, ['object'])
  }
}

/** @throws {TypeError} a wrong option of one request, named */
export function checkRequestOptions(options: RequestOptions): void {
  checkNames(options, REQUEST_NAMES, '', { timeoutMs: 'timeout', onProgress: 'onprogress progress' })
  const { timeoutMs, maxTimeoutMs, onProgress, signal, meta } = options
  if (timeoutMs !== undefined) checkTime('timeoutMs', timeoutMs)
  if (maxTimeoutMs !== undefined) checkTime('maxTimeoutMs', maxTimeoutMs)
  if (onProgress !== undefined) requireType('onProgress', onProgress, ['function'])
  if (meta !== undefined) requireType('meta', meta, ['object'])
  checkSignal(signal)
}
