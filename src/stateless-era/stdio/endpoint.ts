/**
 * The stateless era on a connection of lines.
 *
 *    request --> admitted --> exchange --> answer, a line
 *                     `--> subscriptions/listen --> its messages are lines between those of others
 *
 * A client cancels a request, or ends a subscription, with a notification that names its id.
 *
 * Spec: 2026-07-28 stdio {@link spec.stdio}.
 * Not here: lines (stdio/), what a request does (era.ts).
 */

import { quote } from '../../bounds/quote.ts'
import { InFlight } from '../../dispatch/in-flight.ts'
import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import type { McpServer } from '../../features/server.ts'
import type { TaskTable } from '../../features/tasks/task-table.ts'
import { type DecodedRequest, decodeMessage } from '../../jsonrpc/decode.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { LineSink } from '../../stdio/line-sink.ts'
import { readEnvelope } from '../envelope.ts'
import { StatelessEra } from '../era.ts'
import type { StatelessEraSettings } from '../options.ts'
import { findRevision } from '../revisions.ts'
import { refuseHandshake, unsupported } from '../unsupported.ts'
import { LineRequest } from './line-request.ts'

export class StatelessLines {
  readonly era: StatelessEra
  readonly #sink: LineSink
  /** Lifecycle: from the first turn without an answer to the answer; of a subscription, to its end. */
  readonly #open = new InFlight<LineRequest>()

  constructor(
    server: McpServer,
    settings: StatelessEraSettings,
    limits: CallLimits,
    tasks: TaskTable,
    sink: LineSink,
  ) {
    this.#sink = sink
    this.era = new StatelessEra(server, settings, limits, tasks, {
      frame: (json) => `${json}\n`,
      streamClosed: () => {},
    })
  }

  /** @param value - a line as parsed JSON */
  receive(value: unknown): void {
    if (Array.isArray(value)) {
      const problem = 'A line must be one message, not an array of them'
      this.#refuse(undefined, new RpcError(ErrorCode.INVALID_REQUEST, problem))
      return
    }
    const message = decodeMessage(value)
    if (message.kind === 'invalid') this.#refuse(message.id, message.error)
    // A response answers nothing: this era asks nothing. A notification that is no cancellation does nothing.
    if (message.kind !== 'request') return
    try {
      this.#run(message)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      this.#refuse(message.id, error)
    }
  }

  /** Whether one request in flight, or subscription, has this id. */
  has(requestId: unknown): boolean {
    return this.#open.findUnique(requestId) !== undefined
  }

  /** @returns whether one request, or subscription, has this id, and was cancelled */
  cancel(requestId: unknown): boolean {
    const request = this.#open.findUnique(requestId)
    request?.cancel()
    return request !== undefined
  }

  /** The connection is closed: nothing of what is open can be answered. */
  connectionClosed(): void {
    for (const request of this.#open.all()) request.cancel()
  }

  /** @throws {RpcError} why it is refused */
  #run(message: DecodedRequest): void {
    const { era } = this
    const { method, params } = message
    const { supported } = era.settings
    if (method === Method.initialize) refuseHandshake(params, undefined, supported)
    const envelope = readEnvelope(params)
    const revision = findRevision(envelope.protocolVersion)
    if (revision === undefined) throw unsupported(envelope.protocolVersion, supported)
    if (!era.methods.has(method)) {
      const problem = `Method not found: ${quote(method)} (this server speaks ${supported.join(', ')})`
      throw new RpcError(ErrorCode.METHOD_NOT_FOUND, problem)
    }
    if (era.closing) throw new ShutdownError()
    const { rateLimit, inFlight } = era.limits
    const limit = rateLimit?.take(undefined, undefined) ?? inFlight.refuse(undefined, 1)
    if (limit !== undefined) throw limit
    const request = new LineRequest(this.#sink, this.#open)
    era.run(era.receive(message, envelope, revision, request, undefined))
  }

  #refuse(id: string | number | undefined, error: RpcError): void {
    this.#sink.write(encodeError(id, error))
  }
}
