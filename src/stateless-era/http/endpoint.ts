/**
 * The stateless era's endpoint: what a POST does once the request has passed the common entrance. GET and DELETE
 * have no meaning in this era.
 *
 * Spec: 2026-07-28 Streamable HTTP {@link spec.statelessHttp}.
 * Not here: which requests are refused (admit.ts), how an answer travels (post-response.ts), what a request does
 * (era.ts).
 */

import { continueAfter } from '../../dispatch/continue-after.ts'
import { concealError } from '../../dispatch/error-report.ts'
import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import { StatusError, statusRejection } from '../../dispatch/status-error.ts'
import type { Feed } from '../../features/feed.ts'
import type { McpServer } from '../../features/server.ts'
import type { TaskTable } from '../../features/tasks/task-table.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { decodeMessage } from '../../jsonrpc/decode.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { NodeChannel } from '../../store/node-channel.ts'
import { StatelessEra } from '../era.ts'
import type { StatelessEraSettings } from '../options.ts'
import { admitPost } from './admit.ts'
import { EventStreams } from './event-streams.ts'

export interface StatelessEraStats {
  /** Open `subscriptions/listen` streams. */
  readonly subscriptions: number
  /** Open SSE connections. */
  readonly streams: number
  /** Messages that could not reach their client, since the start. */
  readonly undeliverable: number
  /** Bytes of what clients sent and subscription streams retain. */
  readonly subscriptionBytes: number
}

export class StatelessEndpoint {
  readonly #era: StatelessEra
  readonly #streams: EventStreams

  /** @param channel - and `feed`: see `StatelessEra` */
  constructor(
    server: McpServer,
    settings: StatelessEraSettings,
    limits: CallLimits,
    tasks: TaskTable,
    channel?: NodeChannel,
    feed?: Feed,
  ) {
    this.#streams = new EventStreams(settings)
    this.#era = new StatelessEra(server, settings, limits, tasks, this.#streams, channel, feed)
  }

  /** @param value - the body as parsed JSON */
  post(http: HttpExchange<Principal>, value: unknown): void {
    const waiting = this.#era.beforeReceive(value)
    if (waiting === undefined) {
      this.#post(http, value)
      return
    }
    // Where too many are in flight, nobody waits for it.
    waiting.catch(() => {})
    continueAfter(
      () => waiting,
      http,
      this.#era.limits.inFlight,
      () => this.#post(http, value),
      (error) => this.#refuse(http, value, error),
    )
  }

  /** What a request gets that failed before it could be admitted. */
  #refuse(http: HttpExchange<Principal>, value: unknown, error: unknown): void {
    const message = decodeMessage(value)
    const id = message.kind === 'request' ? message.id : undefined
    if (error instanceof StatusError) {
      http.reject(statusRejection(error, id))
      return
    }
    const text = concealError(error, { phase: 'transport' }, this.#era.server)
    http.reject(new Rejection(500, new RpcError(ErrorCode.INTERNAL_ERROR, text), id))
  }

  #post(http: HttpExchange<Principal>, value: unknown): void {
    const admitted = admitPost(value, http, this.#era, this.#streams)
    if (admitted === undefined) http.empty(202)
    else if (!(admitted instanceof Rejection)) this.#era.run(admitted)
    // A server that shuts down takes no further request on the connection.
    else http.reject(admitted, admitted.error instanceof ShutdownError)
  }

  /** For a handler that serves this era alone. */
  methodNotAllowed(http: HttpExchange<Principal>): void {
    const problem = `${http.method} is not possible here: use POST`
    http.reject(new Rejection(405, problem, undefined, ['Allow', 'POST']))
  }

  stats(): StatelessEraStats {
    const { subscriptions, undeliverable } = this.#era
    return {
      subscriptions: subscriptions.size,
      streams: this.#streams.keepAlive.size,
      undeliverable,
      subscriptionBytes: subscriptions.bytes,
    }
  }

  /** Refuses what is new, and ends the subscriptions. */
  stopAccepting(): void {
    this.#era.stopAccepting()
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    return this.#era.idle()
  }

  /** Fails what is left. */
  shutDown(): void {
    this.#era.shutDown()
    this.#streams.keepAlive.close()
  }
}
