/**
 * The session era on a connection of lines: one client, whose session begins with `initialize` and ends with the
 * connection.
 *
 *    initialize --> session --> requests, notifications, responses
 *                       `--> changes and messages outside of calls, on the same channel
 *
 * Spec: 2025-11-25 transports, "stdio" {@link spec.transports}; lifecycle {@link spec.lifecycle}.
 * Not here: lines (stdio/), how an answer is written (line-response.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import { isPromise } from '../../bounds/is-promise.ts'
import { dispatch, type MethodTable } from '../../dispatch/dispatcher.ts'
import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import { LimitError } from '../../dispatch/limit-error.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import type { McpServer } from '../../features/server.ts'
import type { TaskTable } from '../../features/tasks/task-table.ts'
import { type Decoded, type DecodedRequest, decodeBatch, decodeMessage } from '../../jsonrpc/decode.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { LineSink } from '../../stdio/line-sink.ts'
import { SessionEra } from '../era.ts'
import { SessionExchange } from '../exchange.ts'
import { HANDSHAKE_METHODS, Handshake, tryInitializeParams } from '../handshake.ts'
import { TASK_CALLS } from '../methods.ts'
import { onNotification } from '../notifications.ts'
import type { SessionEraSettings } from '../options.ts'
import { LATEST } from '../revisions.ts'
import type { Session } from '../session.ts'
import type { SessionRecord } from '../session-record.ts'
import type { StandaloneStream, StreamEvent } from '../standalone-stream.ts'
import { TaskCall } from '../task-call.ts'
import { LineResponse } from './line-response.ts'

const UNKNOWN_PEER = { info: { name: 'unknown', version: '' }, capabilities: {} }
/** Nothing is kept for a client that comes back: it starts the process anew. */
const NOTHING_KEPT = { size: 0, dropOlderThan: () => {} }

export class SessionLines {
  readonly era: SessionEra
  readonly #sink: LineSink
  #session: Session | undefined

  constructor(
    server: McpServer,
    settings: SessionEraSettings,
    limits: CallLimits,
    tasks: TaskTable,
    sink: LineSink,
  ) {
    this.era = new SessionEra(server, settings, limits, tasks, NOTHING_KEPT)
    this.#sink = sink
  }

  /** @param value - a line as parsed JSON */
  receive(value: unknown): void {
    if (!Array.isArray(value)) {
      this.#take([decodeMessage(value)], undefined)
      return
    }
    const messages = this.#batchOf(value)
    if (messages instanceof RpcError) this.#sink.write(encodeError(undefined, messages))
    else this.#take(messages, [])
  }

  /** Whether one request in flight has this id. */
  has(requestId: unknown): boolean {
    return this.#session?.inFlight?.findUnique(requestId) !== undefined
  }

  /** The client sends nothing more: what it was asked is not answered. */
  inputEnded(): void {
    const ended = new McpError('ERR_CLIENT_GONE', 'The client closed the connection')
    if (this.#session?.hasPending) this.#session.pending.rejectAll(ended)
  }

  #batchOf(values: readonly unknown[]): readonly Decoded[] | RpcError {
    const { revision } = this.#session ?? {}
    if (revision?.batches !== true) {
      const problem =
        'Several messages in one line are not part of this protocol version: send one message a line'
      return new RpcError(ErrorCode.INVALID_REQUEST, problem)
    }
    const messages = decodeBatch(values, this.era.settings.maxBatch)
    const isHandshake = (message: Decoded) =>
      message.kind === 'request' && message.method === Method.initialize
    if (messages instanceof RpcError || !messages.some(isHandshake)) return messages
    return new RpcError(ErrorCode.INVALID_REQUEST, 'initialize must not be part of a batch')
  }

  #take(messages: readonly Decoded[], batch: string[] | undefined): void {
    const requests: DecodedRequest[] = []
    for (const message of messages) {
      if (message.kind === 'request') requests.push(message)
      else if (message.kind === 'invalid') this.#refuse(message.id, message.error, batch)
      else if (this.#session === undefined) continue
      else if (message.kind === 'response') this.#session.pending.settle(message)
      else onNotification(message, this.#session)
    }
    const [first] = requests
    if (first?.method === Method.initialize && batch === undefined) this.#initialize(first)
    else if (requests.length > 0) this.#run(requests, batch)
    else if (batch !== undefined && batch.length > 0) this.#sink.write(`[${batch.join(',')}]`)
  }

  #run(requests: readonly DecodedRequest[], batch: string[] | undefined): void {
    const { era } = this
    const session = this.#session
    const { revision, peer } = session ?? { revision: LATEST, peer: UNKNOWN_PEER }
    const response = new LineResponse(era, this.#sink, session, revision, peer, batch)
    const admitted = requests.filter((request) => {
      const refusal = this.#refusalOf(request, session)
      if (refusal === undefined) return true
      // Only alone it is a line of its own.
      this.#refuse(request.id, refusal, batch)
      return false
    })
    if (admitted.length === 0 && batch !== undefined) this.#sink.write(`[${batch.join(',')}]`)
    const exchanges = admitted.map((request) => new SessionExchange(request, response, era))
    for (const exchange of exchanges) response.add(exchange)
    for (const [index, exchange] of exchanges.entries()) {
      const request = admitted[index] as DecodedRequest
      const task = request.method === Method.toolsCall ? request.params?.['task'] : undefined
      if (isObject(task) && era.offersTasks(revision)) {
        this.#dispatch(request, response, new TaskCall(era.tasks, exchange, task), TASK_CALLS)
      } else {
        this.#dispatch(request, response, exchange, era.methods(session, revision))
      }
    }
  }

  #initialize(request: DecodedRequest): void {
    const params = tryInitializeParams(request.params)
    const { revision, peer } = params instanceof RpcError ? { revision: LATEST, peer: UNKNOWN_PEER } : params
    const { era } = this
    if (era.closing) {
      this.#refuse(request.id, new ShutdownError(), undefined)
      return
    }
    const opened = (session: Session) => this.#opened(session)
    const response = new LineResponse(era, this.#sink, undefined, revision, peer, undefined, opened)
    const exchange = new Handshake(request, params, response, era)
    response.add(exchange)
    this.#dispatch(request, response, exchange, HANDSHAKE_METHODS)
  }

  /** One that is opened again takes the place of the one before. */
  #opened(session: Session): void {
    if (this.#session !== undefined) this.era.table.close(this.#session, 'deleted')
    this.#session = session
    const stream = new LineStream(this.era, session, this.#sink)
    session.standaloneStream = stream
    this.era.streamConnected(session, stream)
  }

  #refusalOf({ method }: DecodedRequest, session: Session | undefined): RpcError | undefined {
    const { closing, limits, settings } = this.era
    if (closing) return new ShutdownError()
    if (session === undefined && method !== Method.ping) {
      const problem = `${method} came before initialize: send that first, or what 2026-07-28 asks for in _meta`
      return new RpcError(ErrorCode.INVALID_REQUEST, problem)
    }
    const calls = session?.inFlight?.size ?? 0
    const { maxInFlightPerSession } = settings
    if (calls >= maxInFlightPerSession) {
      const problem = `Too many calls at once: ${calls} are in progress (maxInFlight is ${maxInFlightPerSession})`
      return new LimitError(429, problem)
    }
    return limits.rateLimit?.take(undefined, session?.id, 1) ?? limits.inFlight.refuse(undefined, 1)
  }

  #refuse(id: JsonRpcId | undefined, error: RpcError, batch: string[] | undefined): void {
    const json = encodeError(id, error)
    if (batch === undefined) this.#sink.write(json)
    else batch.push(json)
  }

  #dispatch<E extends SessionExchange | TaskCall>(
    request: DecodedRequest,
    response: LineResponse,
    exchange: E,
    methods: MethodTable<McpServer, E>,
  ): void {
    const outcome = dispatch(request, exchange, methods, this.era.server)
    if (!isPromise(outcome)) {
      exchange.complete(outcome)
      return
    }
    response.defer()
    outcome.then((settled) => exchange.complete(settled))
  }
}

/** What a session is notified of outside of calls. It ends with the connection. */
class LineStream implements StandaloneStream {
  readonly #era: SessionEra
  readonly #session: Session
  readonly #sink: LineSink
  #attached = true

  constructor(era: SessionEra, session: Session, sink: LineSink) {
    this.#era = era
    this.#session = session
    this.#sink = sink
  }

  get record(): SessionRecord {
    return this.#session.record
  }

  get attached(): boolean {
    return this.#attached
  }

  /** What an event stream has as data is the message itself, in one line. */
  /** There is one process, and nothing is missed. */
  catchUp(): void {}

  notify({ data }: StreamEvent): boolean {
    return this.#attached && this.#sink.write(data)
  }

  /** There is no other connection to come back on. */
  disconnect(): void {}

  finish(): void {
    if (!this.#attached) return
    this.#attached = false
    this.#era.streamDisconnected(this.#session, this)
  }
}
