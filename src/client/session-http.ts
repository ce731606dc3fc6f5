/**
 * Streamable HTTP of the session era: each message is a POST, with the id of the session. The answer to a request is
 * JSON, or a stream that is taken up again where it was cut.
 *
 *    POST --- 200 JSON --------------------------------------------------> answer
 *         --- 200 stream --- ... --- answer
 *                         \- cut, with an event id --> wait --> GET, Last-Event-ID --- ... --- answer
 *                         \- cut, without one ------------------------> rejects: it is not known what became of it
 *         --- 404 -------- begin a new session, and send it again: the server has not processed it
 *
 * Spec: 2025-11-25 transports {@link spec.transports}, "Session Management" {@link spec.sessions}, "Resumability and
 * Redelivery" {@link spec.resumability}.
 * Not here: the stream that belongs to no request (standalone-stream.ts), `initialize` (session-connection.ts).
 */

import { McpError } from '../jsonrpc/rpc-error.ts'
import { HeaderName } from '../protocol/header-names.ts'
import { Method } from '../protocol/methods.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import { invalidResponse, mcpError, reasonOf } from './errors.ts'
import { discard, type HttpClient } from './http-client.ts'
import { Inbox, refusal } from './inbox.ts'
import type { Settings } from './options.ts'
import { reconnectDelay, sleep } from './timing.ts'
import type { Outgoing, Receiver, Transport } from './transport.ts'

const ACCEPT_BOTH = 'application/json, text/event-stream'
/** DELETE is a courtesy. */
const CLOSE_MS = 3000
/** RFC 9110 visible ASCII: "Session Management", 1. */
const SESSION_ID = /^[\x21-\x7e]+$/

export class SessionHttp implements Transport {
  readonly abortCancels = false
  readonly http: HttpClient
  /** Undefined before `initialize`, and where the server has none. */
  sessionId: string | undefined
  /** Undefined before `initialize`. */
  revision: RevisionName | undefined
  readonly #settings: Settings
  /** Begins a session in place of one that is gone. */
  readonly #renew: (gone: string) => Promise<void>

  constructor(http: HttpClient, settings: Settings, renew: (gone: string) => Promise<void>) {
    this.http = http
    this.#settings = settings
    this.#renew = renew
  }

  async request(out: Outgoing, receiver: Receiver): Promise<void> {
    const { signal } = out
    const { maxMessageBytes, retries } = this.#settings
    const isInitialize = out.method === Method.initialize
    for (let renewals = 0; ; renewals++) {
      const { sessionId } = this
      const response = await this.http.send({
        method: 'POST',
        headers: this.#headers(ACCEPT_BOTH, isInitialize),
        body: out.text,
        signal,
        pause: out.pause,
      })
      if (response.status === 404 && sessionId !== undefined && !out.begins && renewals < retries) {
        await discard(response)
        await this.#renew(sessionId)
        if (signal.aborted) throw signal.reason
        continue
      }
      const inbox = new Inbox({ receiver, maxMessageBytes, out })
      if (!response.ok) throw await inbox.readError(response, this.http.url)
      if (isInitialize) this.#begin(response)
      const cut = await inbox.read(response)
      if (!inbox.answered) await this.#resume(inbox, cut, out)
      return
    }
  }

  async send(text: string, signal: AbortSignal): Promise<void> {
    const headers = this.#headers(ACCEPT_BOTH)
    const response = await this.http.send({ method: 'POST', headers, body: text, signal })
    if (!response.ok) throw await refusal(response, 'POST', this.http.url, ' to a notification or response')
    await discard(response)
  }

  /** Opens the stream that belongs to no request, or takes up one that was cut. */
  get(lastEventId: string, signal: AbortSignal): Promise<Response> {
    const headers = this.#headers('text/event-stream')
    if (lastEventId !== '') headers[HeaderName.LAST_EVENT_ID] = lastEventId
    return this.http.send({ method: 'GET', headers, signal, retries: false })
  }

  async close(): Promise<void> {
    if (this.sessionId === undefined) return
    try {
      const signal = AbortSignal.timeout(CLOSE_MS)
      const headers = this.#headers(ACCEPT_BOTH)
      await discard(await this.http.send({ method: 'DELETE', headers, signal, retries: false }))
    } catch {
      // The server ends sessions that are not used by itself.
    }
  }

  #begin(response: Response): void {
    const id = response.headers.get(HeaderName.SESSION_ID) ?? undefined
    if (id !== undefined && !SESSION_ID.test(id))
      throw invalidResponse('The session id of the server is not visible ASCII')
    this.sessionId = id
  }

  /** The stream ended without the answer. */
  async #resume(inbox: Inbox, cut: unknown, out: Outgoing): Promise<void> {
    const { retryDelayMs, resumeTries } = this.#settings
    const { sessionId } = this
    let reason = cut
    for (let failures = 0; failures < resumeTries; ) {
      // Without an event id nothing can be asked for again, and what became of the call is not known.
      if (inbox.lastEventId === '') break
      const { eventCount, retryMs } = inbox
      await sleep(reconnectDelay(retryMs, retryDelayMs, failures), out.signal)
      try {
        if (this.sessionId !== sessionId) break
        const response = await this.get(inbox.lastEventId, out.signal)
        if (response.status !== 200) {
          reason = await inbox.readError(response, this.http.url, 'GET')
          if (response.status < 500 && response.status !== 429) break
        } else {
          reason = await inbox.read(response, 'GET')
          if (inbox.answered) return
        }
      } catch (error) {
        if (out.signal.aborted) throw out.signal.reason
        if (!(error instanceof McpError) || error.code !== 'ERR_CONNECTION') throw error
        reason = error
      }
      failures = inbox.eventCount > eventCount ? 0 : failures + 1
    }
    const why = reason === undefined ? 'the server ended it' : reasonOf(reason)
    const problem = `The stream of ${out.method} was cut before the answer came (${why}); whether the server has done it is not known`
    throw mcpError('ERR_STREAM_CUT', problem, reason)
  }

  /** @param isInitialize - it belongs to no session yet */
  #headers(accept: string, isInitialize = false): { [name: string]: string } {
    const headers: { [name: string]: string } = {
      accept: accept,
      'content-type': 'application/json',
    }
    if (isInitialize) return headers
    if (this.sessionId !== undefined) headers[HeaderName.SESSION_ID] = this.sessionId
    if (this.revision !== undefined) headers[HeaderName.PROTOCOL_VERSION] = this.revision
    return headers
  }
}
