/**
 * HTTP+SSE of 2024-11-05: one event stream carries everything that the server says, and its first event names the URL
 * that messages are posted to. When the stream ends, what waits rejects, and another one is opened with a new session.
 *
 * Spec: 2024-11-05 transports, "HTTP with SSE". When it is tried: detect.ts.
 */

import { quote } from '../bounds/quote.ts'
import { Method } from '../protocol/methods.ts'
import { OpenChannel } from './channel.ts'
import { httpError, invalidResponse, mcpError, reasonOf } from './errors.ts'
import { discard, type HttpClient } from './http-client.ts'
import { Inbox, mediaType, refusal } from './inbox.ts'
import { onAbort } from './on-abort.ts'
import type { Settings } from './options.ts'
import { backOff, sleep } from './timing.ts'
import type { Outgoing, Receiver } from './transport.ts'

export class HttpSse extends OpenChannel {
  readonly #http: HttpClient
  readonly #settings: Settings
  readonly #stop = new AbortController()
  #endpoint = ''
  /** Why there is no stream. Undefined while it is open. */
  #over: Error | undefined = mcpError('ERR_STREAM_CUT', 'The event stream of the server is not open')
  /** Begins anew with a stream of its own, after the one before is over. */
  renew: () => Promise<void> = () => Promise.resolve()

  constructor(http: HttpClient, settings: Settings) {
    super()
    this.#http = http
    this.#settings = settings
  }

  /** @throws {McpError} there is no such stream */
  async open(connecting: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const { signal } = stop
    const connected = onAbort(connecting, () => stop.abort(connecting.reason))
    const closed = onAbort(this.#stop.signal, () => stop.abort(this.#stop.signal.reason))
    try {
      const headers = { accept: 'text/event-stream' }
      const response = await this.#http.send({ method: 'GET', headers, signal, retries: false })
      if (response.status !== 200 || mediaType(response) !== 'text/event-stream') {
        await discard(response)
        throw httpError('GET', this.#http.url, response.status, '', ', expected an event stream')
      }
      await new Promise<void>((resolve, reject) => {
        void this.#read(response, stop, resolve).then((error) => {
          closed()
          reject(error)
          this.#ended(error)
        })
        onAbort(signal, () => reject(signal.reason))
      })
    } catch (error) {
      closed()
      throw error
    } finally {
      connected()
    }
  }

  override async request(out: Outgoing): Promise<void> {
    if (this.#over !== undefined && out.method !== Method.initialize) await this.renew()
    await super.request(out)
  }

  async send(text: string, signal: AbortSignal): Promise<void> {
    if (this.#over !== undefined) throw this.#over
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const url = this.#endpoint
    const response = await this.#http.send({ method: 'POST', url, headers, body: text, signal })
    if (!response.ok) throw await refusal(response, 'POST', url, '')
    await discard(response)
  }

  async close(): Promise<void> {
    this.#stop.abort(mcpError('ERR_CLIENT_CLOSED', 'The client was closed'))
  }

  #ended(error: Error): void {
    const wasOpen = this.#over === undefined
    this.#over = error
    this.receiver?.failed(error)
    if (wasOpen) void this.#openAgain()
  }

  /** Changes and questions come at any time. */
  async #openAgain(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; this.#over !== undefined; failures++) {
      try {
        await sleep(backOff(this.#settings.retryDelayMs, failures), signal)
        if (this.#over !== undefined) await this.renew()
      } catch (error) {
        if (signal.aborted) return
        // Of one error after the other only the first says something new.
        if (failures === 0) this.#settings.onError(error)
      }
    }
  }

  /** @returns why it ended */
  async #read(response: Response, stop: AbortController, onOpen: () => void): Promise<Error> {
    const receiver: Receiver = {
      receive: (value, bytes) => this.receiver?.receive(value, bytes, undefined) ?? false,
      failed: () => {},
    }
    const { maxMessageBytes, onError } = this.#settings
    const onOtherEvent = (event: string, data: string) => {
      if (event !== 'endpoint' || this.#over === undefined) return
      try {
        this.#endpoint = this.#checked(data)
        this.#over = undefined
        onOpen()
      } catch (error) {
        stop.abort(error)
      }
    }
    try {
      const cut = await new Inbox({ receiver, maxMessageBytes, onOtherEvent, onError }).read(response, 'GET')
      const why = cut === undefined ? 'the server ended it' : reasonOf(cut)
      return mcpError('ERR_STREAM_CUT', `The event stream of the server is over: ${why}`, cut)
    } catch (error) {
      return error instanceof Error ? error : invalidResponse(String(error))
    }
  }

  /** Credentials go to the endpoint, so that it must be of the same origin. */
  #checked(data: string): string {
    const { url } = this.#http
    if (!URL.canParse(data, url))
      throw invalidResponse(`The endpoint of the server is no URL: ${quote(data)}`)
    const endpoint = new URL(data, url)
    if (endpoint.origin === new URL(url).origin) return endpoint.href
    throw invalidResponse(`The endpoint of the server is of another origin: ${quote(endpoint.origin)}`)
  }
}
