/**
 * The HTTP port on node:http2, whose requests and responses have the methods of those of node:http.
 *
 * Not here: how a reply is written (http2.ts), event streams (sse-writer.ts).
 */

import type { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyError } from '../http/body-error.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import type { Accepts } from '../http/media-type.ts'
import type { RequestHead } from '../http/request-headers.ts'
import { type HttpExchangeHost, NodeHttpExchange } from './exchange.ts'
import { abortHttp2, streamOf } from './http2.ts'

/** For the whole body; node:http has such a limit for requests of HTTP/1.1, the one that `serve` sets. */
const BODY_MS = 70_000

export class Http2Exchange<Principal> extends NodeHttpExchange<Principal> {
  readonly #lines: readonly string[]
  #headers: RequestHeaders | undefined = undefined

  /** @param lines - from `http2HeaderLines` */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    accepts: Accepts,
    head: RequestHead,
    host: HttpExchangeHost,
    parsedBody: unknown,
    awaitsContinue: boolean,
    lines: readonly string[],
  ) {
    super(request, response, accepts, head, host, parsedBody, awaitsContinue)
    this.#lines = lines
  }

  /** As HTTP/1.1 has them: with Host, without pseudo-headers. */
  override get headers(): RequestHeaders {
    if (this.#headers === undefined) {
      const { ':authority': authority, ...fields } = this.request.headers
      const plain = Object.entries(fields).filter(([name]) => !name.startsWith(':'))
      this.#headers = Object.fromEntries(
        authority === undefined ? plain : [...plain, ['host', authority]],
      ) as RequestHeaders
    }
    return this.#headers
  }

  override get headerLines(): readonly string[] {
    return this.#lines
  }

  /** node:http2 refuses a request whose header lines are too many. */
  override get mayHideHeaders(): boolean {
    return false
  }

  override readBody(done: (error: BodyError | undefined, body: Buffer) => void): void {
    const { response } = this
    const timer = setTimeout(() => abortHttp2(response), BODY_MS)
    timer.unref()
    super.readBody((error, body) => {
      clearTimeout(timer)
      done(error, body)
    })
  }

  override get canReply(): boolean {
    return !this.response.headersSent && !this.closed
  }

  override get closed(): boolean {
    const stream = streamOf(this.response)
    return stream.destroyed || stream.aborted
  }
}
