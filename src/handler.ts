/**
 * createMcpHandler: a server definition as a function of (request, response). The map of the library:
 *
 *    node:http
 *       |
 *    handler.ts, node-http/               a request and its response become an HttpExchange
 *       |
 *    entrance.ts, http/                   the checks that are the same for all requests, and the body
 *       |
 *    eras.ts, select-era.ts               the era of the request
 *       |
 *    session-era/http/endpoint.ts         sessions, resumable streams      each with an admit.ts: the checks
 *    stateless-era/http/endpoint.ts       one request, one response        that its era adds, in order
 *       |
 *    dispatch/dispatcher.ts               one request, its method, its outcome
 *       |
 *    features/tools.ts, ...               the handlers that the application registered
 *
 * One check is here, before the entrance, since it is about the connection: the number of pipelined requests (429).
 */

import { kindOf } from './bounds/quote.ts'
import type { Principal } from './dispatch/rpc-exchange.ts'
import { Entrance, type HandlerStats } from './entrance.ts'
import { McpServer } from './features/server.ts'
import { requireServer } from './features/server-check.ts'
import { checkClose } from './http/close-times.ts'
import { negotiate } from './http/media-type.ts'
import { Rejection } from './http/rejection.ts'
import { HeaderIndex, readHeaders } from './http/request-headers.ts'
import { httpChannels } from './node-http/diagnostics.ts'
import {
  type HttpExchangeHost,
  headerLines,
  NodeHttpExchange,
  type NodeRequest,
  type NodeResponse,
  type Refusal,
} from './node-http/exchange.ts'
import { http2HeaderLines, isHttp2 } from './node-http/http2.ts'
import { Http2Exchange } from './node-http/http2-exchange.ts'
import { MEMORY_FETCH, type MemoryFetch, memoryFetch } from './node-http/memory-fetch.ts'
import type { AnyRequest, AnyResponse, NodeHandler } from './node-http/node-handler.ts'
import { checkRuntime } from './node-http/node-internals.ts'
import { enqueue } from './node-http/pipelining.ts'
import { provideNodeModules } from './node-modules.ts'
import { checkOptions, type HandlerOptions, type HandlerSettings } from './options.ts'

/** A request handler for `http.createServer`, Express or Fastify, with `close` and `stats`. */
export interface McpHandler extends NodeHandler<HandlerStats> {}

const RETRY_SOON = ['Retry-After', '1'] as const

/**
 * Makes a request handler of a server definition.
 *
 * @throws {TypeError} no server definition, or an invalid option, named
 * @throws {Error} the runtime is not supported, such as Bun before 1.4
 */
export function createMcpHandler(server: McpServer, options: HandlerOptions = {}): McpHandler {
  requireServer('createMcpHandler', server)
  return handlerWith(server, checkOptions(options)).handler
}

/**
 * The same with settings that were checked, and with its entrance.
 *
 * @param Exchange - what requests of HTTP/1.1 become
 */
export function handlerWith(
  server: McpServer,
  settings: HandlerSettings,
  Exchange: typeof NodeHttpExchange<Principal> = NodeHttpExchange,
): { readonly handler: McpHandler; readonly entrance: Entrance } {
  checkRuntime()
  provideNodeModules()
  const handler = new Handler(server, settings, Exchange)
  const { entrance } = handler
  const { path, allowedHosts: [host = '*'] = [] } = settings
  let closing: Promise<void> | undefined
  const serve = Object.assign(
    (request: AnyRequest, response: AnyResponse, parsedBody?: unknown) =>
      handler.handle(request as NodeRequest, response as NodeResponse, parsedBody, false),
    {
      checkContinue: (request: AnyRequest, response: AnyResponse) =>
        handler.handle(request as NodeRequest, response as NodeResponse, undefined, true),
      close: async (closeOptions = {}) => {
        closing ??= handler.entrance.close(checkClose(closeOptions))
        await closing
      },
      ready: () => handler.entrance.ready,
      stats: () => handler.entrance.stats(),
      [MEMORY_FETCH]: memoryFetch(
        (request, response, body) => handler.handle(request, response, body, false),
        { host: host === '*' ? 'localhost' : host, path },
      ),
    },
  )
  return { handler: serve, entrance }
}

/** Lifecycle: as long as the server. It has no port and no timer of its own, so that nothing has to close it. */
const inMemory = new WeakMap<McpServer, MemoryFetch>()

// Defined here, and not in features/server.ts: a server definition knows no HTTP and no handler.
Object.defineProperty(McpServer.prototype, MEMORY_FETCH, {
  value(this: McpServer, request: Request): Promise<Response> {
    let fetch = inMemory.get(this)
    if (fetch === undefined) {
      fetch = (createMcpHandler(this) as McpHandler & { readonly [MEMORY_FETCH]: MemoryFetch })[MEMORY_FETCH]
      inMemory.set(this, fetch)
    }
    return fetch(request)
  },
})

class Handler {
  readonly entrance: Entrance
  readonly #settings: HandlerSettings
  readonly #host: HttpExchangeHost
  readonly #Exchange: typeof NodeHttpExchange<Principal>

  constructor(server: McpServer, settings: HandlerSettings, Exchange: typeof NodeHttpExchange<Principal>) {
    this.#settings = settings
    this.#Exchange = Exchange
    this.entrance = new Entrance(server, settings)
    const { maxBodyBytes, maxUnreadBytes } = settings
    this.#host = {
      replyOptions: { maxUnreadBytes },
      closingReplyOptions: { maxUnreadBytes, closeAfter: true },
      maxBodyBytes,
      bodies: this.entrance.bodies,
      onRejected: (refusal, response) => this.#onRejected(refusal, response),
    }
  }

  handle(request: NodeRequest, response: NodeResponse, parsedBody: unknown, awaitsContinue: boolean): void {
    if (response === undefined) throw noResponse(request)
    const { maxPipelined } = this.#settings
    const waiting = enqueue(request, response)
    if (waiting > maxPipelined && isFlood(request, waiting, maxPipelined)) return
    httpChannels.start(request, response)
    if (isHttp2(response)) {
      this.#handleHttp2(request, response, parsedBody, awaitsContinue)
      return
    }
    const head = readHeaders(headerLines(request))
    const http = new this.#Exchange(
      request,
      response,
      negotiate(head.values[HeaderIndex.ACCEPT]),
      head,
      this.#host,
      parsedBody,
      awaitsContinue,
    )
    if (waiting > maxPipelined) this.entrance.reject(http, tooManyWaiting(maxPipelined))
    else this.entrance.enter(http, head)
  }

  #handleHttp2(
    request: NodeRequest,
    response: NodeResponse,
    parsedBody: unknown,
    awaitsContinue: boolean,
  ): void {
    const lines = http2HeaderLines(request)
    const head = readHeaders(lines)
    const http = new Http2Exchange<Principal>(
      request,
      response,
      negotiate(head.values[HeaderIndex.ACCEPT]),
      head,
      this.#host,
      parsedBody,
      awaitsContinue,
      lines,
    )
    this.entrance.enter(http, head)
  }

  #onRejected(refusal: Refusal, response: NodeResponse): void {
    httpChannels.rejected(refusal.request, response, refusal.error)
    this.entrance.onRejected(refusal)
  }
}

/**
 * Handles a request above `maxPipelined`. The first one of them gets a refusal, which closes the connection when it is its
 * turn; later ones get no answer, since none could be sent after it.
 *
 * @returns true: nothing more is to be done for the request
 */
function isFlood(request: NodeRequest, waiting: number, maxPipelined: number): boolean {
  if (waiting > 2 * maxPipelined) request.socket.destroy()
  return waiting > maxPipelined + 1
}

/** The error for a handler that is mounted where requests are those of fetch. */
function noResponse(given: unknown): TypeError {
  const isRequest =
    typeof (given as { readonly arrayBuffer?: unknown } | undefined)?.arrayBuffer === 'function'
  const hint = isRequest
    ? ': for a Request use createFetchHandler of barewire/fetch'
    : `; got ${kindOf(given)}`
  return new TypeError(`createMcpHandler gives a function of (request, response) of node:http${hint}`)
}

function tooManyWaiting(maxPipelined: number): Rejection {
  const problem = `Too many requests wait on this connection (maxPipelined is ${maxPipelined})`
  return new Rejection(429, problem, undefined, RETRY_SOON)
}
