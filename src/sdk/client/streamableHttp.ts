/** `client/streamableHttp.js`: Streamable HTTP of barewire/client, as a transport of messages. */

import { statusOf } from '../../client/errors.ts'
import { HttpClient } from '../../client/http-client.ts'
import { Inbox } from '../../client/inbox.ts'
import { checkConnectOptions, type Settings } from '../../client/options.ts'
import { SessionHttp } from '../../client/session-http.ts'
import { StandaloneStream } from '../../client/standalone-stream.ts'
import type { Outgoing, Receiver } from '../../client/transport.ts'
import { Notify } from '../../protocol/methods.ts'
import type { RevisionName } from '../../protocol/revisions.ts'
import { createFetchWithInit, type FetchLike, type Transport } from '../shared/transport.ts'
import type { JSONRPCMessage, JSONRPCRequest } from '../types.ts'
import type { OAuthClientProvider } from './auth.ts'
import { authOf, noLogin } from './credentials.ts'

export class StreamableHTTPError extends Error {
  readonly code: number | undefined

  constructor(code: number | undefined, message: string | undefined) {
    super(`Streamable HTTP error: ${message}`)
    this.code = code
  }
}

export interface StartSSEOptions {
  resumptionToken?: string
  onresumptiontoken?: (token: string) => void
  replayMessageId?: string | number
}

export interface StreamableHTTPReconnectionOptions {
  maxReconnectionDelay: number
  initialReconnectionDelay: number
  reconnectionDelayGrowFactor: number
  maxRetries: number
}

export type StreamableHTTPClientTransportOptions = {
  authProvider?: OAuthClientProvider
  requestInit?: RequestInit
  fetch?: FetchLike
  /** Accepted. Redirects are followed within the origin. */
  redirectPolicy?: 'same-origin' | 'follow'
  reconnectionOptions?: StreamableHTTPReconnectionOptions
  sessionId?: string
}

type ResumeOptions = {
  resumptionToken?: string | undefined
  onresumptiontoken?: ((token: string) => void) | undefined
}

export class StreamableHTTPClientTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #settings: Settings
  readonly #http: HttpClient
  readonly #session: SessionHttp
  readonly #stop = new AbortController()
  #stream: StandaloneStream | undefined
  #isStarted = false

  constructor(url: URL, options: StreamableHTTPClientTransportOptions = {}) {
    const { authProvider, requestInit, fetch: given, reconnectionOptions: again } = options
    this.#settings = checkConnectOptions({
      ...(authProvider && { auth: authOf(authProvider) }),
      fetch: createFetchWithInit(given, requestInit),
      retries: 0,
      ...(again && {
        resumeTries: Math.max(1, again.maxRetries),
        retryDelayMs: again.initialReconnectionDelay,
      }),
      onError: (error) => this.#fail(error),
    })
    this.#http = new HttpClient(new URL(url), this.#settings)
    this.#session = new SessionHttp(this.#http, this.#settings, async () => {
      throw new StreamableHTTPError(404, 'The session is over')
    })
    this.#session.sessionId = options.sessionId
  }

  get sessionId(): string | undefined {
    return this.#session.sessionId
  }

  get protocolVersion(): string | undefined {
    return this.#session.revision
  }

  setProtocolVersion(version: string): void {
    this.#session.revision = version as RevisionName
  }

  async start(): Promise<void> {
    if (this.#isStarted) {
      throw new Error(
        'StreamableHTTPClientTransport already started! If using Client class, note that connect() calls start() automatically.',
      )
    }
    this.#isStarted = true
  }

  /** @throws {StreamableHTTPError} with the status as its code; `UnauthorizedError` for 401 */
  async send(message: JSONRPCMessage | JSONRPCMessage[], options: ResumeOptions = {}): Promise<void> {
    for (const each of [message].flat()) {
      try {
        if (options.resumptionToken !== undefined) await this.#resume(options.resumptionToken, each, options)
        else if ('method' in each && 'id' in each) await this.#request(each, options)
        else await this.#session.send(JSON.stringify(each), this.#stop.signal)
      } catch (error) {
        throw this.#explain(error)
      }
      if ('method' in each && each.method === Notify.initialized) this.#listen()
    }
  }

  /** Takes a stream up after one of its events. */
  async resumeStream(lastEventId: string, options: ResumeOptions = {}): Promise<void> {
    await this.#resume(lastEventId, undefined, options)
  }

  async terminateSession(): Promise<void> {
    await this.#session.close()
    this.#session.sessionId = undefined
  }

  /** @throws {UnauthorizedError} always, see client/auth.js */
  async finishAuth(_authorizationCode: string): Promise<void> {
    throw noLogin()
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort(new Error('The transport was closed'))
    this.#stream?.close()
    this.onclose?.()
  }

  async #request(message: JSONRPCRequest, options: ResumeOptions): Promise<void> {
    const out = this.#outgoing(message, options)
    await this.#session.request(out, this.#receiverOf(message.id))
  }

  async #resume(
    lastEventId: string,
    message: JSONRPCMessage | undefined,
    options: ResumeOptions,
  ): Promise<void> {
    const response = await this.#session.get(lastEventId, this.#stop.signal)
    const id = message !== undefined && 'id' in message ? message.id : undefined
    const inbox = new Inbox({
      receiver: this.#receiverOf(id),
      maxMessageBytes: this.#settings.maxMessageBytes,
      ...(message !== undefined && { out: this.#outgoing(message as JSONRPCRequest, options) }),
    })
    if (response.status !== 200) throw await inbox.readError(response, this.#http.url, 'GET')
    void inbox.read(response, 'GET').catch((error) => this.#fail(error))
  }

  #outgoing({ id, method, params, jsonrpc }: JSONRPCRequest, { onresumptiontoken }: ResumeOptions): Outgoing {
    return {
      id: id as number,
      method,
      params,
      text: JSON.stringify({ jsonrpc, id, method, params }),
      headers: undefined,
      signal: this.#stop.signal,
      begins: false,
      onEventId: onresumptiontoken,
      pause: () => () => {},
    }
  }

  /** @param id - of the request whose answer ends its stream */
  #receiverOf(id: string | number | undefined): Receiver {
    return {
      receive: (value) => {
        const message = value as JSONRPCMessage
        this.onmessage?.(message)
        return id !== undefined && !('method' in message) && message.id === id
      },
      failed: (error) => this.#fail(error),
    }
  }

  /** Messages outside of calls. A server without such a stream says so, and is not asked again. */
  #listen(): void {
    if (this.#stream !== undefined) return
    this.#stream = new StandaloneStream(this.#session, this.#settings, {
      receiver: this.#receiverOf(undefined),
      onGap: () => {},
      renew: async () => {
        throw new StreamableHTTPError(404, 'The session is over')
      },
    })
    void this.#stream.opened
  }

  #explain(error: unknown): unknown {
    const status = statusOf(error)
    if (status === undefined || !(error instanceof Error)) return error
    const explained = status === 401 ? noLogin() : new StreamableHTTPError(status, error.message)
    this.onerror?.(explained)
    return explained
  }

  #fail(error: unknown): void {
    if (!this.#stop.signal.aborted) this.onerror?.(error instanceof Error ? error : new Error(String(error)))
  }
}
