/**
 * createFetchHandler: a server definition as a function of a `Request`, for everything that speaks fetch: Next.js, Hono,
 * Bun, Deno, and platforms without Node.
 *
 * Not here: the checks and the eras, which are the same for every platform (entrance.ts).
 */

import { checkNames } from './bounds/option-names.ts'
import { kindOf } from './bounds/quote.ts'
import type { Principal } from './dispatch/rpc-exchange.ts'
import { Entrance, type HandlerStats } from './entrance.ts'
import type { McpServer } from './features/server.ts'
import { requireServer } from './features/server-check.ts'
import type { Authenticator, AuthOptions, VerifiedPrincipal } from './http/authenticate.ts'
import { checkClose } from './http/close-times.ts'
import { negotiate } from './http/media-type.ts'
import { HeaderIndex, readJoinedHeaders } from './http/request-headers.ts'
import { checkOptions, type HandlerOptions, OPTION_NAMES, OTHER_WORDS } from './options.ts'
import { httpChannels } from './web-http/diagnostics.ts'
import {
  type FetchRefusal,
  type WebCall,
  type WebExchangeHost,
  WebHttpExchange,
} from './web-http/exchange.ts'

/** The options of `createMcpHandler`, without that of connections; `auth` and `onRejected` get a `Request`. */
export interface FetchHandlerOptions extends Omit<HandlerOptions, 'auth' | 'onRejected' | 'maxPipelined'> {
  /** Requires credentials, as for `createMcpHandler`. @defaultValue everybody, without credentials */
  readonly auth?: AuthOptions<VerifiedPrincipal, Request> | Authenticator | undefined
  /** Called for every request that is refused before it reaches a feature. */
  readonly onRejected?: ((refusal: FetchRefusal) => void) | undefined
}

/** A function of a `Request`, with `close`, `ready` and `stats`. */
export interface FetchHandler {
  /**
   * Answers a request; mount it as `fetch` of Bun, Deno or Workers, as `GET`, `POST` and `DELETE` of a route of Next.js,
   * in Hono.
   *
   * @param platform - the other arguments that the platform passes. `waitUntil` of one of them, such as the context of
   *   Workers, is called with work that continues after the response; `parsedBody` of the first one is the body, where
   *   other code has read it. Everything else is ignored
   */
  (request: Request, ...platform: readonly unknown[]): Promise<Response>
  /**
   * Serves as usual for `drainDelayMs`, then refuses new requests, waits at most `drainMs` for calls in flight (0: does not
   * wait), fails the rest, and ends all streams. A second call waits for the same shutdown.
   * @defaultValue drainMs 10 s, drainDelayMs 0
   */
  close(options?: {
    readonly drainMs?: number | undefined
    readonly drainDelayMs?: number | undefined
  }): Promise<void>
  /** Whether it is ready for requests. See `NodeHandler.ready`. */
  ready(): boolean
  /** Current usage, and the number of refused requests. */
  stats(): HandlerStats
}

const NAMES = OPTION_NAMES.filter((name) => name !== 'maxPipelined')
const NOTHING: WebCall = { parsedBody: undefined, waitUntil: undefined }

/**
 * Makes a request handler of a server definition, for runtimes and frameworks with `Request` and `Response`.
 *
 * @throws {TypeError} a wrong option, named
 *
 * @example
 * ```ts
 * const handler = createFetchHandler(server)
 * export { handler as GET, handler as POST, handler as DELETE }
 * ```
 */
export function createFetchHandler(server: McpServer, options: FetchHandlerOptions = {}): FetchHandler {
  requireServer('createFetchHandler', server)
  checkNames(options, NAMES, '', OTHER_WORDS)
  const settings = checkOptions(options as HandlerOptions)
  const entrance = new Entrance(server, settings)
  const host: WebExchangeHost = {
    maxBodyBytes: settings.maxBodyBytes,
    bodies: entrance.bodies,
    onRejected: (refusal) => entrance.onRejected(refusal),
  }
  let closing: Promise<void> | undefined
  return Object.assign(
    async (request: Request, ...platform: readonly unknown[]) => handle(request, platform, entrance, host),
    {
      close: async (closeOptions = {}) => {
        closing ??= entrance.close(checkClose(closeOptions))
        await closing
      },
      ready: () => entrance.ready,
      stats: () => entrance.stats(),
    },
  )
}

/** @throws {TypeError} it is no `Request` */
function handle(
  request: Request,
  platform: readonly unknown[],
  entrance: Entrance,
  host: WebExchangeHost,
): Promise<Response> {
  if (typeof request?.headers?.get !== 'function') throw notARequest(request)
  httpChannels.start(request)
  const { url, headers } = request
  const authorityAt = url.indexOf('://') + 3
  const pathAt = url.indexOf('/', authorityAt)
  const head = readJoinedHeaders(headers, url.slice(authorityAt, pathAt))
  const call = platform.length === 0 ? NOTHING : callOf(platform)
  return new Promise((resolve) => {
    const target = url.slice(pathAt)
    const http = new WebHttpExchange<Principal>(
      request,
      target,
      negotiate(head.values[HeaderIndex.ACCEPT]),
      head,
      host,
      call,
      resolve,
    )
    entrance.enter(http, head)
  })
}

function callOf(platform: readonly unknown[]): WebCall {
  const objects = platform.filter(
    (each): each is Partial<WebCall> => typeof each === 'object' && each !== null,
  )
  const [first] = platform as readonly (Partial<WebCall> | undefined)[]
  const context = objects.find(({ waitUntil }) => typeof waitUntil === 'function')
  return {
    parsedBody: first === objects[0] ? first?.parsedBody : undefined,
    // Called as a method: some platforms check whose it is.
    waitUntil: context === undefined ? undefined : (work) => context.waitUntil?.(work),
  }
}

function notARequest(given: unknown): TypeError {
  const isNode = typeof (given as { readonly rawHeaders?: unknown } | undefined)?.rawHeaders === 'object'
  const hint = isNode ? ': for node:http use createMcpHandler of barewire' : `; got ${kindOf(given)}`
  return new TypeError(`A fetch handler takes a Request${hint}`)
}
