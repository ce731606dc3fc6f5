/** The handler on node:http: a function of (request, response) with methods. Types only. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

export type AnyRequest = IncomingMessage | Http2ServerRequest
export type AnyResponse = ServerResponse | Http2ServerResponse

export interface NodeHandler<Stats> {
  /**
   * Answers a request; mount it in `http.createServer`, `https.createServer`, `http2.createSecureServer`, Express,
   * Fastify.
   *
   * @param parsedBody - the body, when a framework has parsed it; `request.body` is used otherwise. A function here
   *   (Express's `next`) is ignored
   */
  (request: AnyRequest, response: AnyResponse, parsedBody?: unknown): void
  /**
   * The same, as a listener for the `checkContinue` event of an `http.Server`: a client that sends `Expect: 100-continue`
   * does not send a body that would be refused.
   */
  readonly checkContinue: (request: AnyRequest, response: AnyResponse) => void
  /**
   * Refuses new requests, waits at most `drainMs` for calls in flight (0: does not wait), fails the rest, and ends all
   * streams. A second call waits for the same shutdown. @defaultValue drainMs 10 s
   */
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>
  /** Current usage, and the number of refused requests. */
  stats(): Stats
}
