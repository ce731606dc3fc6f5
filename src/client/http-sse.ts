/**
 * HTTP+SSE of 2024-11-05: one event stream carries everything that the server says, and its first event names the URL
 * that messages are posted to.
 *
 * Spec: 2024-11-05 transports, "HTTP with SSE". When it is tried: detect.ts.
 */

import { quote } from '../bounds/quote.ts'
import { OpenChannel } from './channel.ts'
import { httpError, invalidResponse, mcpError, reasonOf } from './errors.ts'
import { discard, type HttpClient } from './http-client.ts'
import { Inbox, mediaType } from './inbox.ts'
import { onAbort } from './on-abort.ts'
import type { Settings } from './options.ts'
import type { Receiver } from './transport.ts'

export class HttpSse extends OpenChannel {
  readonly #http: HttpClient
  readonly #settings: Settings
  readonly #connecting: AbortSignal
  readonly #stop = new AbortController()
  #endpoint = ''

  constructor(http: HttpClient, settings: Settings, connecting: AbortSignal) {
    super()
    this.#http = http
    this.#settings = settings
    this.#connecting = connecting
  }

  /** @throws {McpError} there is no such stream */
  async open(): Promise<void> {
    const release = onAbort(this.#connecting, () => this.#stop.abort(this.#connecting.reason))
    try {
      const { signal } = this.#stop
      const headers = { accept: 'text/event-stream' }
      const response = await this.#http.send({ method: 'GET', headers, signal, retries: false })
      if (response.status !== 200 || mediaType(response) !== 'text/event-stream') {
        await discard(response)
        throw httpError('GET', this.#http.url, response.status, '', ', expected an event stream')
      }
      await new Promise<void>((resolve, reject) => {
        void this.#read(response, resolve).then((error) => {
          reject(error)
          this.receiver?.failed(error)
        })
        onAbort(signal, () => reject(signal.reason))
      })
    } finally {
      release()
    }
  }

  async send(text: string): Promise<void> {
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const { signal } = this.#stop
    const response = await this.#http.send({
      method: 'POST',
      url: this.#endpoint,
      headers,
      body: text,
      signal,
    })
    await discard(response)
    if (!response.ok) throw httpError('POST', this.#endpoint, response.status, '')
  }

  async close(): Promise<void> {
    this.#stop.abort(mcpError('ERR_CLIENT_CLOSED', 'The client was closed'))
  }

  /** @returns why it ended */
  async #read(response: Response, onEndpoint: () => void): Promise<Error> {
    const receiver: Receiver = {
      receive: (value, bytes) => this.receiver?.receive(value, bytes, undefined) ?? false,
      failed: () => {},
    }
    const { maxMessageBytes, onError } = this.#settings
    const onOtherEvent = (event: string, data: string) => {
      if (event !== 'endpoint' || this.#endpoint !== '') return
      try {
        this.#endpoint = this.#checked(data)
        onEndpoint()
      } catch (error) {
        this.#stop.abort(error)
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
