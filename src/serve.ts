/**
 * serve: an `http.Server` for the handler, with suitable timeouts and a graceful shutdown.
 *
 * Not here: signals. A library does not decide when a process ends; see scripts/start.ts for how a program does.
 */

import { createServer, type Server } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import type { AddressInfo, Server as NetServer } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { checkNames } from './bounds/option-names.ts'
import { shown } from './bounds/quote.ts'
import type { WarningCode } from './bounds/warning-codes.ts'
import type { HandlerStats } from './entrance.ts'
import type { McpServer } from './features/server.ts'
import { requireServer } from './features/server-check.ts'
import { createMcpHandler, type McpHandler } from './handler.ts'
import { type CloseTimes, checkClose } from './http/close-times.ts'
import type { Refusal } from './node-http/exchange.ts'
import { createSecureServer, type SecureServer } from './node-http/secure-server.ts'
import { type HandlerOptions, OPTION_NAMES, OTHER_WORDS } from './options.ts'

export interface ServeOptions extends HandlerOptions {
  /** 0: any free port. A string of digits is accepted too, such as from an environment variable. @defaultValue 3000 */
  readonly port?: number | string | undefined
  /** Address to listen on. Beyond loopback, `allowedHosts` is required. @defaultValue '127.0.0.1' */
  readonly host?: string | undefined
  /** The path of the MCP endpoint; other paths get 404. @defaultValue '/mcp' */
  readonly path?: string | undefined
  /**
   * Key and certificate, and whatever else `tls.createServer` takes: the server speaks TLS, HTTP/2 with clients that offer
   * it, and HTTP/1.1 with the others. @defaultValue none: HTTP/1.1 without TLS
   */
  readonly tls?: TlsOptions | undefined
}

export interface Serving<HttpServer = Server> {
  /** URL that clients connect to. */
  readonly url: string
  /** The port that the server listens on. */
  readonly port: number
  /** The HTTP server, for its settings and events. */
  readonly server: HttpServer
  /**
   * Serves as usual for `drainDelayMs`, then stops accepting connections, waits at most `drainMs` for calls in flight (0:
   * does not wait), ends streams, and closes every connection. A second call waits for the same shutdown.
   * @defaultValue drainMs 10 s, drainDelayMs 0
   */
  close(options?: {
    readonly drainMs?: number | undefined
    readonly drainDelayMs?: number | undefined
  }): Promise<void>
  /** Whether it is ready for requests, for a readiness probe. See `NodeHandler.ready`. */
  ready(): boolean
  /** Current usage, and the number of refused requests. */
  stats(): HandlerStats
}

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost']

const TIMEOUTS = {
  /** Above the 60 s for which load balancers keep idle connections, so that the load balancer closes first. */
  keepAliveTimeout: 65_000,
  headersTimeout: 66_000,
  /** For the whole request, body included: a client that sends its body slowly is disconnected then. */
  requestTimeout: 70_000,
}
/** For the last bytes to reach slow clients, at the end of a shutdown. */
const FLUSH_MS = 500

/**
 * Serves a server definition over HTTP.
 *
 * @throws {TypeError} a wrong option, named
 * @throws {Error} with code EADDRINUSE or EACCES, when it cannot listen on the port
 *
 * @example
 * ```ts
 * const { url, close } = await serve(server, { port: 3000 })
 * ```
 */
export function serve(
  server: McpServer,
  options: ServeOptions & { readonly tls: TlsOptions },
): Promise<Serving<Http2SecureServer>>
export function serve(server: McpServer, options?: ServeOptions): Promise<Serving>
export async function serve(
  server: McpServer,
  options: ServeOptions = {},
): Promise<Serving<Server | Http2SecureServer>> {
  requireServer('serve', server)
  checkNames(options, [...OPTION_NAMES, 'port', 'host', 'tls'], '', OTHER_WORDS)
  const { host = '127.0.0.1', path = '/mcp', port: _, tls, ...handlerOptions } = options
  const port = readPort(options.port)
  if (typeof host !== 'string' || host === '') {
    throw new TypeError(`host must be an address or a name; got ${shown(host)}`)
  }
  if (!LOOPBACK.includes(host) && options.allowedHosts === undefined) {
    throw new TypeError(
      `host ${JSON.stringify(host)} is reachable from other machines: give allowedHosts the names that clients use for it (or ['*'])`,
    )
  }
  const handler = createMcpHandler(server, { path, ...handlerOptions, ...explainRefusals(options) })
  let made: ReturnType<typeof plainServer> | SecureServer
  try {
    made = tls === undefined ? plainServer(handler) : await createSecureServer(tls, TIMEOUTS, handler)
    made.server.on('checkContinue', handler.checkContinue)
    await listen(made.server, port, host)
  } catch (error) {
    await handler.close({ drainMs: 0 })
    throw error
  }
  const { server: httpServer, ...ending } = made
  // Such as EMFILE while a connection is accepted: it must not end the process.
  httpServer.on('error', (error) => server.reportError(error, { phase: 'transport' }))
  if (process.stderr.isTTY) explainSessions(options)
  const { port: actualPort } = httpServer.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${urlHost(host)}:${actualPort}${path}`,
    port: actualPort,
    server: httpServer,
    stats: handler.stats,
    ready: handler.ready,
    async close(closeOptions = {}) {
      closing ??= close(httpServer, ending, checkClose(closeOptions), handler)
      await closing
    },
  }
}

function readPort(port: number | string = 3000): number {
  const number = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  throw new TypeError(`port must be an integer from 0 to 65535; got ${shown(port)}`)
}

/** Warns once for each of the Host and Origin checks what it refused, and which option allows it. */
function explainRefusals({ onRejected = () => {} }: HandlerOptions): Pick<HandlerOptions, 'onRejected'> {
  // `createMcpHandler` throws for it.
  if (typeof onRejected !== 'function') return { onRejected }
  const explained = new Set<string>()
  const explain = (refusal: Refusal) => {
    const option = /\b(allowedHosts|allowedOrigins) option/.exec(refusal.error.message)?.[1]
    if (option !== undefined && !explained.has(option)) {
      explained.add(option)
      process.emitWarning(`${refusal.error.message} (further ones are not reported)`, {
        code: 'BAREWIRE_REFUSED' satisfies WarningCode,
      })
    }
    // It may return a promise, whose rejection the handler reports.
    return onRejected(refusal)
  }
  return { onRejected: explain }
}

/** A hint for development: most clients do not recover when a restart of the server ends their session. */
function explainSessions({ eras, sessions = {}, store }: HandlerOptions): void {
  if (store !== undefined || sessions === false || eras?.includes('session') === false) return
  if (sessions.keys !== undefined || process.env['BAREWIRE_SESSION_KEY'] !== undefined) return
  console.error(
    'barewire: sessions end with this process. To keep them over restarts and tsx watch reloads, set BAREWIRE_SESSION_KEY to 32 random characters or more: export BAREWIRE_SESSION_KEY=$(openssl rand -hex 32)',
  )
}

/** How the connections of a server are ended. */
type Ending = Omit<SecureServer, 'server'>

function plainServer(handler: McpHandler): Ending & { readonly server: Server } {
  const server = createServer(TIMEOUTS, handler)
  return {
    server,
    closeIdle: () => server.closeIdleConnections(),
    closeAll: () => server.closeAllConnections(),
  }
}

async function close(
  server: NetServer,
  ending: Ending,
  times: CloseTimes,
  handler: McpHandler,
): Promise<void> {
  // During the delay it serves as usual. Without one, idle connections end before streams do, or their clients use them.
  const drained = times.drainDelayMs > 0 ? handler.close(times) : undefined
  if (drained !== undefined) await new Promise((resolve) => setTimeout(resolve, times.drainDelayMs))
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  ending.closeIdle()
  await (drained ?? handler.close(times))
  // The last answers may not be written completely yet; their connections are idle once they are.
  const idle = setInterval(() => ending.closeIdle(), 10)
  const all = setTimeout(() => ending.closeAll(), FLUSH_MS)
  await closed
  clearInterval(idle)
  clearTimeout(all)
}

function listen(server: NetServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        error.message = `Port ${port} on ${host} is in use: choose another port`
      reject(error)
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
