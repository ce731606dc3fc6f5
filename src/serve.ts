/**
 * serve: an `http.Server` around the handler, with settings that suit it, and a graceful end.
 *
 * Not here: signals. A library does not decide when a process ends; see scripts/start.ts for how a program does.
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkTime } from './bounds/check-options.ts'
import { checkNames } from './bounds/option-names.ts'
import { shown } from './bounds/quote.ts'
import type { WarningCode } from './bounds/warning-codes.ts'
import type { HandlerStats } from './entrance.ts'
import type { McpServer } from './features/server.ts'
import { createMcpHandler } from './handler.ts'
import { DirectResponse } from './node-http/direct-response.ts'
import type { Refusal } from './node-http/exchange.ts'
import { type HandlerOptions, OPTION_NAMES, OTHER_WORDS } from './options.ts'

export interface ServeOptions extends HandlerOptions {
  /** 0: any free port. A string of digits is taken too, as an environment variable has it. @defaultValue 3000 */
  readonly port?: number | string | undefined
  /** Address to listen on. Beyond loopback, `allowedHosts` is required. @defaultValue '127.0.0.1' */
  readonly host?: string | undefined
  /** The one path that is answered. @defaultValue '/mcp' */
  readonly path?: string | undefined
}

export interface Serving {
  /** Where clients connect to. */
  readonly url: string
  /** The port that it listens on. */
  readonly port: number
  /** For settings and events of HTTP. */
  readonly server: Server
  /**
   * Stops accepting, lets calls finish for at most `drainMs` (0: not at all), ends streams, closes every
   * connection. Calling it again waits for the same end. @defaultValue drainMs 10 s
   */
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>
  /** What is in use now, and what was refused. */
  stats(): HandlerStats
}

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost']

/** Load balancers keep idle connections for 60 s and must not find them closed when they use one again. */
const KEEP_ALIVE_MS = 65_000
const HEADERS_MS = 66_000
/** For the whole request, body included: a trickled body cannot hold a connection for longer. */
const REQUEST_MS = 70_000
/** For the last bytes to reach slow clients, once everything else is over. */
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
export async function serve(server: McpServer, options: ServeOptions = {}): Promise<Serving> {
  checkNames(options, [...OPTION_NAMES, 'port', 'host'], '', OTHER_WORDS)
  const { host = '127.0.0.1', path = '/mcp', port: _, ...handlerOptions } = options
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
  const httpServer = createServer(
    {
      ServerResponse: DirectResponse,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
    },
    handler,
  )
  httpServer.on('checkContinue', handler.checkContinue)
  try {
    await listen(httpServer, port, host)
  } catch (error) {
    await handler.close({ drainMs: 0 })
    throw error
  }
  // Such as too many open files while a connection is accepted: a reason to report, not to end the process.
  httpServer.on('error', (error) => server.reportError(error, { phase: 'transport' }))
  if (process.stderr.isTTY) explainSessions(options)
  const { port: actualPort } = httpServer.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    url: `http://${urlHost(host)}:${actualPort}${path}`,
    port: actualPort,
    server: httpServer,
    stats: handler.stats,
    async close(closeOptions = {}) {
      if (closeOptions.drainMs !== undefined) checkTime('drainMs', closeOptions.drainMs)
      closing ??= close(httpServer, () => handler.close(closeOptions))
      await closing
    },
  }
}

function readPort(port: number | string = 3000): number {
  const number = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  throw new TypeError(`port must be an integer from 0 to 65535; got ${shown(port)}`)
}

/** Says once on standard error what the Host and Origin checks refused, and which option allows it. */
function explainRefusals({ onRejected = () => {} }: HandlerOptions): Pick<HandlerOptions, 'onRejected'> {
  // A wrong value is for the handler to refuse.
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
    // What it returns may be a promise that fails.
    return onRejected(refusal)
  }
  return { onRejected: explain }
}

/** To whoever restarts the server often: most clients stay broken when their session is gone. */
function explainSessions({ eras, sessions = {} }: HandlerOptions): void {
  if (sessions === false || eras?.includes('session') === false) return
  if (sessions.keys !== undefined || process.env['BAREWIRE_SESSION_KEY'] !== undefined) return
  console.error(
    'barewire: sessions end with this process. To keep them over restarts and tsx watch reloads, set BAREWIRE_SESSION_KEY to 32 random characters or more: export BAREWIRE_SESSION_KEY=$(openssl rand -hex 32)',
  )
}

async function close(server: Server, drain: () => Promise<void>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  server.closeIdleConnections()
  await drain()
  // Answers that were just ended are still on their way; their connections are idle once they have left.
  const idle = setInterval(() => server.closeIdleConnections(), 10)
  const all = setTimeout(() => server.closeAllConnections(), FLUSH_MS)
  await closed
  clearInterval(idle)
  clearTimeout(all)
}

function listen(server: Server, port: number, host: string): Promise<void> {
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
