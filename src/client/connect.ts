/**
 * connect: finds out how a server is spoken to, and gives a client for it.
 *
 *    a URL                                  Streamable HTTP, or HTTP+SSE of 2024-11-05
 *    what stdio() made                      a channel that carries all messages
 *    an McpServer, a handler, { fetch }     the same process, without a socket
 */

import { kindOf } from '../bounds/quote.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { Channel } from './channel.ts'
import { Client } from './client.ts'
import type { Connection, ConnectionHooks } from './connection.ts'
import { type Detection, detect } from './detect.ts'
import { forget, type KnownEra, recall, remember } from './era-memory.ts'
import { mcpError, reasonOf, shortUrl } from './errors.ts'
import { HttpClient } from './http-client.ts'
import type { HttpSse } from './http-sse.ts'
import { fetchOf, type InMemoryTarget } from './in-memory.ts'
import { loadPart } from './load-part.ts'
import { onAbort } from './on-abort.ts'
import { type ConnectOptions, checkConnectOptions, type Settings } from './options.ts'
import { Questions } from './questions.ts'
import { ResponseCache } from './response-cache.ts'
import { isStatelessRevision } from './revisions.ts'
import { SessionConnection } from './session-connection.ts'
import { StatelessConnection } from './stateless-connection.ts'
import { StatelessHttp } from './stateless-http.ts'
import { Deadline } from './timing.ts'

/** What a client can be connected to. */
export type ConnectTarget = string | URL | Channel | InMemoryTarget

/** An old server on a channel may not answer what it does not know. */
const PROBE_MS = 5000
/** Where requests of the same process are addressed. */
const IN_MEMORY_URL = 'http://localhost/mcp'

/**
 * Connects to a server.
 *
 * @param target - its URL; or an `McpServer`, a handler or `{ fetch }` in the same process; or what `stdio` made
 * @throws {TypeError} a wrong option, named
 * @throws {RpcError} what the server answered
 * @throws {McpError} it cannot be reached, speaks no revision that we do, or refuses
 *
 * @example
 * ```ts
 * const client = await connect('https://mcp.example.com/mcp')
 * ```
 */
export async function connect(target: ConnectTarget, options: ConnectOptions = {}): Promise<Client> {
  const settings = checkConnectOptions(options)
  const { signal, timeoutMs } = settings
  const stop = new AbortController()
  const release = onAbort(signal, () => {
    stop.abort(
      mcpError('ERR_REQUEST_ABORTED', `Connecting was aborted: ${reasonOf(signal?.reason)}`, signal?.reason),
    )
  })
  const deadline = new Deadline(timeoutMs, 0, () => {
    stop.abort(
      mcpError('ERR_REQUEST_TIMEOUT', `Connecting took longer than ${timeoutMs} ms (option timeoutMs)`),
    )
  })
  try {
    return await new Connecting(settings, stop.signal, deadline).to(target)
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error
  } finally {
    deadline.stop()
    release()
  }
}

class Connecting {
  readonly #settings: Settings
  readonly #signal: AbortSignal
  readonly #deadline: Deadline
  readonly #questions: Questions
  readonly #cache: ResponseCache
  #client: Client | undefined
  /** Of the server, where it is reached over HTTP. */
  #origin: string | undefined

  constructor(settings: Settings, signal: AbortSignal, deadline: Deadline) {
    this.#settings = settings
    this.#signal = signal
    this.#deadline = deadline
    this.#questions = new Questions(settings)
    this.#cache = new ResponseCache(settings.maxMessageBytes)
  }

  async to(target: ConnectTarget): Promise<Client> {
    if (typeof target === 'string' || target instanceof URL) {
      const url = urlOf(target)
      return await this.#http(new HttpClient(url, this.#settings), url.origin)
    }
    if (typeof target === 'object' && target !== null && 'openChannel' in target)
      return await this.#channel(target)
    const fetch = fetchOf(target)
    if (fetch === undefined) {
      throw new TypeError(
        `connect needs a URL, an McpServer, a handler, { fetch } or what stdio() gives; got ${kindOf(target)}`,
      )
    }
    return await this.#http(new HttpClient(new URL(IN_MEMORY_URL), { ...this.#settings, fetch }), undefined)
  }

  async #http(http: HttpClient, origin: string | undefined): Promise<Client> {
    http.onIdentity = () => this.#cache.clear()
    http.onPause = () => {
      this.#deadline.pause()
      return () => this.#deadline.resume()
    }
    this.#origin = origin
    const known = origin === undefined ? undefined : recall(origin)
    const { revision, first } = this.#settings
    const isFree = revision === undefined && first !== 'initialize'
    const settle = (era: KnownEra, connection: Connection) => {
      // What an option has chosen says nothing of the newest revision that the server speaks.
      if (origin !== undefined && isFree) remember(origin, era)
      return this.#made(connection)
    }
    const httpSse = async () => {
      // Few servers are that old.
      const { HttpSse } = await loadPart(() => import('./http-sse.ts'))
      const channel = new HttpSse(http, this.#settings)
      await channel.open(this.#signal)
      return settle('http-sse', await this.#session(channel))
    }
    if (known === 'http-sse' && revision === undefined) {
      try {
        return await httpSse()
      } catch {
        // It was replaced: find out again.
        this.#forget()
      }
    }
    const stateless = new StatelessConnection(new StatelessHttp(http, this.#settings), ...this.#parts())
    try {
      return await detect<Client>({
        order: this.#order(known),
        silenceIsOld: false,
        discover: () => this.#discover(stateless, 0),
        stateless: (discovered) => {
          stateless.describe(discovered)
          return settle('stateless', stateless)
        },
        session: async () => settle('session', await this.#session(http)),
        ...(this.#speaksOldest() && { httpSse }),
      })
    } catch (error) {
      if (isFree) this.#forget()
      throw error
    }
  }

  #forget(): void {
    if (this.#origin !== undefined) forget(this.#origin)
  }

  async #channel(target: Channel): Promise<Client> {
    const channel = await target.openChannel(this.#settings)
    const stateless = new StatelessConnection(channel, ...this.#parts())
    channel.receiver = stateless.router
    try {
      return await detect<Client>({
        order: this.#order(undefined),
        silenceIsOld: true,
        discover: () => this.#discover(stateless, PROBE_MS),
        stateless: (discovered) => {
          stateless.describe(discovered)
          return this.#made(stateless)
        },
        session: async () => {
          const session = new SessionConnection(channel, ...this.#parts())
          channel.receiver = session.router
          await session.open(this.#signal)
          return this.#made(session)
        },
      })
    } catch (error) {
      await channel.close()
      throw error
    }
  }

  #discover(connection: StatelessConnection, timeoutMs: number): Promise<JsonObject> {
    return connection.discover({ signal: this.#signal, timeoutMs, maxTimeoutMs: 0 })
  }

  async #session(channel: HttpClient | HttpSse): Promise<SessionConnection> {
    const session = new SessionConnection(channel, ...this.#parts())
    if ('receiver' in channel) channel.receiver = session.router
    try {
      await session.open(this.#signal)
      return session
    } catch (error) {
      // A server that answers nothing would hold up the error as well.
      void session.close()
      throw error
    }
  }

  #order(known: KnownEra | undefined): Detection<Client>['order'] {
    const { revision, first } = this.#settings
    if (revision !== undefined) return isStatelessRevision(revision) ? ['discover'] : ['initialize']
    const session = known === undefined ? first === 'initialize' : known === 'session'
    return session ? ['initialize', 'discover'] : ['discover', 'initialize']
  }

  #speaksOldest(): boolean {
    const { revision } = this.#settings
    return revision === undefined || !isStatelessRevision(revision)
  }

  #parts(): [Settings, Questions, ConnectionHooks] {
    const hooks: ConnectionHooks = {
      onChange: (change) => this.#client?.changed(change),
      onRenewed: () => {
        // The server was restarted, or replaced.
        this.#forget()
        this.#client?.changed({ kind: 'gap' })
      },
      onNotification: (method, params) => this.#client?.notified(method, params),
    }
    return [this.#settings, this.#questions, hooks]
  }

  #made(connection: Connection): Client {
    const parts = { settings: this.#settings, questions: this.#questions, cache: this.#cache, connection }
    this.#client = new Client(parts)
    return this.#client
  }
}

/** @throws {TypeError} it is no URL of HTTP */
function urlOf(target: string | URL): URL {
  if (!URL.canParse(String(target)))
    throw new TypeError(`The URL of the server is none: ${JSON.stringify(String(target))}`)
  const url = new URL(target)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`The URL of the server must begin with http:// or https://; got ${url.protocol}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      `The URL of the server must not hold a user or password: ${shortUrl(url.href)}; use option auth or headers`,
    )
  }
  return url
}
