/**
 * Streamable HTTP of the stateless era: one POST for each request, with headers that repeat what its body says. Its
 * stream is never taken up again; closing it cancels the request.
 *
 * Spec: 2026-07-28 Streamable HTTP {@link spec.statelessHttp}, "Request Metadata" {@link spec.requestMetadata}.
 * Not here: `_meta` of requests (stateless-connection.ts), headers from parameters of tools (mirror-headers.ts).
 */

import { HeaderName } from '../protocol/header-names.ts'
import { NAMED_BY } from '../protocol/methods.ts'
import { invalidResponse, mcpError, reasonOf } from './errors.ts'
import { discard, type HttpClient } from './http-client.ts'
import { Inbox, refusal } from './inbox.ts'
import { encodeHeader } from './mirror-headers.ts'
import type { Settings } from './options.ts'
import { STATELESS_REVISION } from './revisions.ts'
import type { Outgoing, Receiver, Transport } from './transport.ts'

const FIXED = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  [HeaderName.PROTOCOL_VERSION]: STATELESS_REVISION,
}

export class StatelessHttp implements Transport {
  readonly abortCancels = true
  readonly #http: HttpClient
  readonly #settings: Settings

  constructor(http: HttpClient, settings: Settings) {
    this.#http = http
    this.#settings = settings
  }

  async request(out: Outgoing, receiver: Receiver): Promise<void> {
    const { method, params, text, signal } = out
    const headers: { [name: string]: string } = { ...FIXED, [HeaderName.METHOD]: method, ...out.headers }
    const named = NAMED_BY.get(method)
    const name = named === undefined ? undefined : params?.[named]
    if (typeof name === 'string') headers[HeaderName.NAME] = encodeHeader(name)
    const response = await this.#http.send({ method: 'POST', headers, body: text, signal, pause: out.pause })
    const inbox = new Inbox({ receiver, maxMessageBytes: this.#settings.maxMessageBytes, out })
    if (!response.ok) throw await inbox.readError(response, this.#http.url)
    const cut = await inbox.read(response)
    if (inbox.answered) return
    if (response.status === 202)
      throw invalidResponse(`The server answered ${method} with HTTP 202 and nothing else`)
    const why = cut === undefined ? 'the server ended it' : reasonOf(cut)
    const problem = `The stream of ${method} was cut before the answer came (${why}); whether the server has done it is not known`
    throw mcpError('ERR_STREAM_CUT', problem, cut)
  }

  async send(text: string, signal: AbortSignal): Promise<void> {
    const response = await this.#http.send({ method: 'POST', headers: FIXED, body: text, signal })
    if (!response.ok) throw await refusal(response, 'POST', this.#http.url, ' to a notification')
    await discard(response)
  }

  async close(): Promise<void> {}
}
