/**
 * The session era on standard input and output: one client, whose messages are lines.
 *
 * Spec: 2025-11-25 transports, "stdio" {@link spec.transports}.
 * Not here: lines (stdio/), the session (connection.ts).
 */

import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import type { McpServer } from '../../features/server.ts'
import type { TaskTable } from '../../features/tasks/task-table.ts'
import type { LineSink } from '../../stdio/line-sink.ts'
import { type ConnectionHost, SessionOnConnection } from '../connection.ts'
import type { ConnectionSink, MessageSource } from '../connection-response.ts'
import { SessionEra } from '../era.ts'
import type { SessionEraSettings } from '../options.ts'
import type { StreamEvent } from '../standalone-stream.ts'

/** Nothing is kept for a client that comes back: it starts the process anew. */
const NOTHING_KEPT = { size: 0, dropOlderThan: () => {} }

/** Nothing is known of a line but its text, and nothing is counted for it once it is parsed. */
const LINE: MessageSource = {
  principal: undefined,
  headers: {},
  holdBody: () => {},
  releaseBody: () => {},
  detachBody: () => () => {},
  refuse: () => false,
}

export class SessionLines implements ConnectionHost {
  readonly era: SessionEra
  readonly limitName = 'maxInFlight'
  readonly otherWay = ', or what 2026-07-28 asks for in _meta'
  readonly #connection: SessionOnConnection

  constructor(
    server: McpServer,
    settings: SessionEraSettings,
    limits: CallLimits,
    tasks: TaskTable,
    sink: LineSink,
  ) {
    this.era = new SessionEra(server, settings, limits, tasks, NOTHING_KEPT)
    this.#connection = new SessionOnConnection(this, new Lines(sink))
  }

  /** @param value - a line as parsed JSON */
  receive(value: unknown): void {
    this.#connection.receive(value, LINE)
  }

  /** Whether one request in flight has this id. */
  has(requestId: unknown): boolean {
    return this.#connection.has(requestId)
  }

  /** The client sends nothing more: what it was asked is not answered. */
  inputEnded(): void {
    this.#connection.inputEnded()
  }
}

class Lines implements ConnectionSink {
  readonly #sink: LineSink

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  get closed(): boolean {
    return this.#sink.closed
  }

  get drained(): Promise<void> | undefined {
    return this.#sink.drained
  }

  write(json: string): boolean {
    return this.#sink.write(json)
  }

  /** What an event stream has as data is the message itself, in one line. */
  notify({ data }: StreamEvent): boolean {
    return this.#sink.write(data)
  }
}
