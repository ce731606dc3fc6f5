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
   * Serves as usual for `drainDelayMs`, since a load balancer learns late that `ready` is false. Then refuses new requests,
   * waits at most `drainMs` for calls in flight (0: does not wait), fails the rest, and ends all streams. With a store,
   * clients go on through other processes. A second call waits for the same shutdown.
   * @defaultValue drainMs 10 s, drainDelayMs 0
   */
  close(options?: {
    readonly drainMs?: number | undefined
    readonly drainDelayMs?: number | undefined
  }): Promise<void>
  /**
   * Whether it is ready for requests, for the readiness probe of a load balancer: false from the beginning of a shutdown,
   * and, with a store, until the store was reached for the first time. A later outage of the store does not change it.
   */
  ready(): boolean
  /** Current usage, and the number of refused requests. */
  stats(): Stats
}
