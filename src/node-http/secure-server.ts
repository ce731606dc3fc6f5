/**
 * A server for TLS: HTTP/2 where the client offers it (ALPN), HTTP/1.1 beside it, on one port.
 *
 *    serving --closeIdle--> GOAWAY: open streams go on, new ones are not taken --> closed when no stream is left
 *
 * node:http2 counts neither the open streams of a session nor its idle time, so both are counted here.
 *
 * Spec: RFC 9113 section 6.8 (GOAWAY); RFC 7301 (ALPN).
 * Not here: the timeouts of HTTP/1.1, which are the same without TLS (serve.ts).
 */

import type {
  Http2SecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  ServerHttp2Session,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'

/** As many as a client with a thousand event streams needs for as many calls. */
const MAX_STREAMS = 2000
const HANDSHAKE_MS = 10_000

/** Of HTTP/1.1; the first one is for sessions of HTTP/2 too. */
interface Timeouts {
  readonly keepAliveTimeout: number
  readonly headersTimeout: number
  readonly requestTimeout: number
}

/** Its types leave out what it has with `allowHTTP1`. */
type Server = Http2SecureServer & { closeIdleConnections(): void }

export interface SecureServer {
  readonly server: Http2SecureServer
  /** Ends connections whose requests are all answered, and takes no further streams on those of HTTP/2. */
  closeIdle(): void
  closeAll(): void
}

/** @throws {TypeError} there is no key and certificate, or they cannot be read */
export async function createSecureServer(
  tls: TlsOptions,
  timeouts: Timeouts,
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<SecureServer> {
  checkTls(tls)
  // Loaded here: most programs never need it, and it takes a tenth of the time that the library takes to load.
  const http2 = await import('node:http2')
  const server = Object.assign(createChecked(http2, tls, listener), timeouts)
  const { keepAliveTimeout } = timeouts
  const sockets = new Set<Socket>()
  /** The open streams of each session. */
  const sessions = new Map<ServerHttp2Session, number>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  // The first one is of a connection whose handshake may still be going on.
  server.on('connection', keep)
  server.on('secureConnection', keep)
  server.on('session', (session) => {
    sessions.set(session, 0)
    const count = (change: 1 | -1) => {
      const open = sessions.get(session)
      if (open !== undefined) sessions.set(session, open + change)
    }
    session.on('stream', (stream) => {
      count(1)
      stream.once('close', () => count(-1))
    })
    session.once('close', () => sessions.delete(session))
    // Not as the second argument of `setTimeout`, which would be called once only.
    session.on('timeout', () => {
      if (sessions.get(session) === 0) session.close()
      else session.setTimeout(keepAliveTimeout)
    })
    session.setTimeout(keepAliveTimeout)
  })
  return {
    server,
    closeIdle() {
      server.closeIdleConnections()
      for (const session of sessions.keys()) if (!session.closed) session.close()
    },
    closeAll() {
      for (const session of sessions.keys()) session.destroy()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function checkTls(tls: TlsOptions): void {
  if (!isObject(tls)) throw new TypeError(`tls must be an object with key and cert; got ${kindOf(tls)}`)
  const { key, cert, pfx, SNICallback } = tls
  if ((key !== undefined && cert !== undefined) || pfx !== undefined || SNICallback !== undefined) return
  const missing = key === undefined ? 'tls.key' : 'tls.cert'
  throw new TypeError(`${missing} is missing: tls needs key and cert, or pfx, as node:tls takes them`)
}

function createChecked(
  http2: typeof import('node:http2'),
  tls: TlsOptions,
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Server {
  const settings = { maxConcurrentStreams: MAX_STREAMS }
  const own = { allowHTTP1: true, settings }
  try {
    return http2.createSecureServer({ handshakeTimeout: HANDSHAKE_MS, ...tls, ...own }, listener) as Server
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TypeError(`tls.key and tls.cert cannot be used: ${reason}`, { cause })
  }
}
