/** `client/sse.js`: HTTP+SSE of 2024-11-05. */

import { statusOf } from '../../client/errors.ts'
import { HttpClient } from '../../client/http-client.ts'
import { HttpSse } from '../../client/http-sse.ts'
import { checkConnectOptions } from '../../client/options.ts'
import { createFetchWithInit, type FetchLike, type Transport } from '../shared/transport.ts'
import type { JSONRPCMessage } from '../types.ts'
import type { OAuthClientProvider } from './auth.ts'
import { authOf, noLogin } from './credentials.ts'

export class SseError extends Error {
  readonly code: number | undefined
  readonly event: unknown

  constructor(code: number | undefined, message: string | undefined, event?: unknown) {
    super(`SSE error: ${message}`)
    this.code = code
    this.event = event
  }
}

export type SSEClientTransportOptions = {
  authProvider?: OAuthClientProvider
  /** Of it, `fetch` is used for the stream. */
  eventSourceInit?: { fetch?: FetchLike }
  requestInit?: RequestInit
  fetch?: FetchLike
  redirectPolicy?: 'same-origin' | 'follow'
}

export class SSEClientTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #channel: HttpSse
  readonly #stop = new AbortController()
  #isStarted = false
  #isClosed = false

  constructor(url: URL, options: SSEClientTransportOptions = {}) {
    const { authProvider, requestInit, fetch: given, eventSourceInit } = options
    const posts = createFetchWithInit(given, requestInit)
    const stream = createFetchWithInit(eventSourceInit?.fetch ?? given, requestInit)
    const settings = checkConnectOptions({
      ...(authProvider && { auth: authOf(authProvider) }),
      fetch: (input, init) => (init?.method === 'GET' ? stream(input, init) : posts(input, init)),
      retries: 0,
      onError: (error) => this.onerror?.(error as Error),
    })
    const http = new HttpClient(new URL(url), settings)
    this.#channel = new HttpSse(http, settings)
    this.#channel.receiver = {
      receive: (value) => {
        this.onmessage?.(value as JSONRPCMessage)
        return false
      },
      failed: (error) => {
        if (!this.#isClosed) this.onerror?.(error)
        void this.close()
      },
    }
  }

  async start(): Promise<void> {
    if (this.#isStarted) {
      throw new Error(
        'SSEClientTransport already started! If using Client class, note that connect() calls start() automatically.',
      )
    }
    this.#isStarted = true
    try {
      await this.#channel.open(this.#stop.signal)
    } catch (error) {
      const status = statusOf(error)
      throw status === 401 ? noLogin() : new SseError(status, (error as Error).message, error)
    }
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#channel.send(JSON.stringify(message), this.#stop.signal)
  }

  setProtocolVersion(_version: string): void {}

  /** @throws {UnauthorizedError} always, see client/auth.js */
  async finishAuth(_authorizationCode: string): Promise<void> {
    throw noLogin()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stop.abort(new Error('The transport was closed'))
    await this.#channel.close()
    this.onclose?.()
  }
}
