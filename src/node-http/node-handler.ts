/** What a handler is on node:http: a function of (request, response) with more to it. Types only. */

import type { IncomingMessage, ServerResponse } from 'node:http'

export interface NodeHandler<Stats> {
  /**
   * Answers a request; mount it in `http.createServer`, Express, Fastify.
   *
   * @param parsedBody - the body, when a framework has read it; `request.body` is looked at too. A function in
   *   this place (Express's `next`) is ignored
   */
  (request: IncomingMessage, response: ServerResponse, parsedBody?: unknown): void
  /**
   * The same as a listener for the `checkContinue` event of an `http.Server`: a body that would be refused is then
   * never sent.
   */
  readonly checkContinue: (request: IncomingMessage, response: ServerResponse) => void
  /**
   * Lets calls finish for at most `drainMs`, ends streams, then gives up the rest. 0: at once. Calling it again
   * waits for the same end. @defaultValue drainMs 10 s
   */
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>
  /** What is in use now, and what was refused. */
  stats(): Stats
}
