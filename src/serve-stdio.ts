/**
 * serveStdio: a server definition for the one client that has started this process, on standard input and output.
 *
 *    stdin --> lines --> JSON --> the era that it belongs to --> lines --> stdout
 *
 *    serving --(the input ends, SIGTERM, SIGINT, close)--> draining --(calls have ended, or the time is up)--> closed
 *
 * Nothing but messages is written to standard output: what else is written there, by console.log as a rule, goes to
 * standard error.
 *
 * Spec: 2025-11-25 transports {@link spec.stdioSession}; 2026-07-28 stdio {@link spec.stdio}.
 */

import type { Buffer } from 'node:buffer'
import type { Readable, Writable } from 'node:stream'
import { checkAll, checkCount, checkTime, requireType } from './bounds/check-options.ts'
import { isObject } from './bounds/is-object.ts'
import { checkNames } from './bounds/option-names.ts'
import { kindOf } from './bounds/quote.ts'
import { warnOnce } from './bounds/warn-once.ts'
import { concealError } from './dispatch/error-report.ts'
import { InFlightCounter } from './dispatch/in-flight-counter.ts'
import { RateLimit } from './dispatch/rate-limit.ts'
import type { McpServer } from './features/server.ts'
import { requireServer } from './features/server-check.ts'
import { TaskTable } from './features/tasks/task-table.ts'
import { decodeBody } from './jsonrpc/decode-body.ts'
import { encodeError } from './jsonrpc/encode.ts'
import type { BodyLimits } from './jsonrpc/measure.ts'
import { RpcError } from './jsonrpc/rpc-error.ts'
import { checkOptions, type HandlerOptions, OPTION_NAMES, OTHER_WORDS } from './options.ts'
import { ErrorCode } from './protocol/error-codes.ts'
import { Notify } from './protocol/methods.ts'
import { selectEra } from './select-era.ts'
import { SessionLines } from './session-era/stdio/endpoint.ts'
import { StatelessLines } from './stateless-era/stdio/endpoint.ts'
import { LineReader } from './stdio/line-reader.ts'
import { LineWriter } from './stdio/line-writer.ts'

/** The options of `createMcpHandler` that do not concern HTTP, sessions or principals, and these. */
export interface StdioOptions
  extends Pick<
    HandlerOptions,
    | 'eras'
    | 'maxBodyDepth'
    | 'maxBodyValues'
    | 'maxBatch'
    | 'maxStreamBufferBytes'
    | 'messageRate'
    | 'maxInFlight'
    | 'maxSubscriptionsPerSession'
    | 'requestTimeoutMs'
    | 'elicitTimeoutMs'
    | 'subscriptions'
    | 'requestState'
    | 'tasks'
    | 'serverInfo'
  > {
  /** Largest message; an error above. @defaultValue 4 MiB */
  readonly maxLineBytes?: number | undefined
  /** How often the client may send a request. @defaultValue false: any number */
  readonly rateLimit?: HandlerOptions['rateLimit'] | undefined
  /** Milliseconds that calls in progress may take when the input has ended. @defaultValue 5 s */
  readonly drainMs?: number | undefined
  /** Whether the process ends with its connection. @defaultValue true; false with `input` or `output` */
  readonly exit?: boolean | undefined
  /** In place of standard input. */
  readonly input?: Readable | undefined
  /** In place of standard output. */
  readonly output?: Writable | undefined
}

export interface StdioServing {
  /** Resolves, and never rejects, when the connection is closed and all answers are written. */
  readonly closed: Promise<void>
  /** Waits at most `drainMs` for calls in flight, then fails the rest. A second call waits for the same shutdown. */
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>
}

const MiB = 1024 * 1024
const OWN_NAMES = ['maxLineBytes', 'drainMs', 'exit', 'input', 'output'] as const
const HTTP_NAMES: readonly string[] = [
  'path',
  'allowedHosts',
  'allowedOrigins',
  'auth',
  'sessions',
  'httpSse',
  'replay',
  'strictAccept',
  'duplicateIds',
  'store',
  'onSessionOpened',
  'onSessionClosed',
  'onRejected',
  'maxBodyBytes',
  'maxTotalBodyBytes',
  'maxPipelined',
  'maxInFlightPerSession',
  'maxInFlightPerPrincipal',
  'keepAliveMs',
  'sseAfterMs',
  'disconnectGraceMs',
]
const NAMES = [...OPTION_NAMES.filter((name) => !HTTP_NAMES.includes(name)), ...OWN_NAMES]

/**
 * Serves a definition on standard input and output, to the client that has started this process.
 *
 * @throws {TypeError} a wrong option, named
 *
 * @example
 * ```ts
 * serveStdio(server)
 * ```
 */
export function serveStdio(server: McpServer, options: StdioOptions = {}): StdioServing {
  requireServer('serveStdio', server)
  checkNames(options, NAMES, '', OTHER_WORDS)
  const { maxLineBytes: _line, drainMs: _drain, exit, input, output, ...others } = options
  const isOwn = input === undefined && output === undefined
  requireType('exit', exit, ['boolean', 'undefined'])
  for (const [name, stream] of Object.entries({ input, output })) {
    if (stream !== undefined && typeof stream?.on !== 'function')
      throw new TypeError(`${name} must be a stream; got ${kindOf(stream)}`)
  }
  const { maxLineBytes } = checkAll(options, { maxLineBytes: 4 * MiB }, '', checkCount)
  const { drainMs } = checkAll(options, { drainMs: 5000 }, '', checkTime)
  const settings = checkOptions({ rateLimit: false, ...others, sessions: { max: 2 }, replay: false })
  return new StdioConnection(server, settings, {
    maxLineBytes,
    drainMs,
    exit: exit ?? isOwn,
    input: input ?? process.stdin,
    output: output ?? process.stdout,
  })
}

interface ConnectionSettings {
  readonly maxLineBytes: number
  readonly drainMs: number
  readonly exit: boolean
  readonly input: Readable
  readonly output: Writable
}

class StdioConnection implements StdioServing {
  readonly closed: Promise<void>
  readonly #server: McpServer
  readonly #settings: ConnectionSettings
  readonly #eras: ReturnType<typeof checkOptions>['eras']
  readonly #limits: BodyLimits
  readonly #reader: LineReader
  readonly #writer: LineWriter
  readonly #session: SessionLines
  readonly #stateless: StatelessLines
  readonly #tasks: TaskTable
  readonly #restore: () => void
  #resolve: () => void = () => {}
  #closing: Promise<void> | undefined
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk)
  readonly #onEnd = (): void => {
    this.#reader.end()
    this.#session.inputEnded()
    void this.close()
  }
  readonly #onSignal = (): void => void this.close()

  constructor(server: McpServer, handler: ReturnType<typeof checkOptions>, settings: ConnectionSettings) {
    this.#server = server
    this.#settings = settings
    this.#eras = handler.eras
    this.#limits = handler.bodyLimits
    this.closed = new Promise((resolve) => {
      this.#resolve = resolve
    })
    const { input, output, maxLineBytes } = settings
    const { write, restore } = takeOutput(output)
    this.#restore = restore
    this.#writer = new LineWriter(output, write, handler.maxUnreadBytes, (tooSlow) => this.#lost(tooSlow))
    this.#reader = new LineReader(
      maxLineBytes,
      (line) => this.#line(line),
      () =>
        this.#refuse(
          new RpcError(
            ErrorCode.PARSE_ERROR,
            `Parse error: the line has more than ${maxLineBytes} bytes (maxLineBytes)`,
          ),
        ),
    )
    const { inFlight: limits, rateLimit: rate } = handler
    const inFlight = new InFlightCounter({ ...limits, maxInFlightPerPrincipal: Number.POSITIVE_INFINITY })
    const rateLimit = rate === undefined ? undefined : new RateLimit(rate, 'requests', 'rateLimit')
    const call = { inFlight, rateLimit }
    this.#tasks = new TaskTable(server, handler.tasks)
    const { sessionEra } = handler
    const { sessions } = sessionEra
    this.#session = new SessionLines(
      server,
      {
        ...sessionEra,
        maxInFlightPerSession: limits.maxInFlight,
        // The session is as old as its process, and ends with it.
        sessions: sessions === undefined ? undefined : { ...sessions, idleTimeoutMs: 0, keys: undefined },
      },
      call,
      this.#tasks,
      this.#writer,
    )
    this.#stateless = new StatelessLines(server, handler.statelessEra, call, this.#tasks, this.#writer)
    input.on('data', this.#onData)
    input.on('end', this.#onEnd)
    input.on('error', this.#onEnd)
    input.on('close', this.#onEnd)
    if (settings.exit) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, this.#onSignal)
  }

  close({ drainMs = this.#settings.drainMs } = {}): Promise<void> {
    checkTime('drainMs', drainMs)
    this.#closing ??= this.#close(drainMs)
    return this.#closing
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk)
    // A client that does not read its answers is not read either.
    const { drained } = this.#writer
    if (drained === undefined) return
    const { input } = this.#settings
    input.pause()
    void drained.then(() => input.resume())
  }

  #line(line: Buffer): void {
    try {
      const value = this.#decode(line)
      if (value === undefined || this.#cancels(value)) return
      const evidence = { protocolVersion: undefined, sessionId: undefined, body: value }
      if (selectEra(evidence, this.#eras) === 'session') this.#session.receive(value)
      else this.#stateless.receive(value)
    } catch (error) {
      const text = concealError(error, { phase: 'transport' }, this.#server)
      this.#refuse(new RpcError(ErrorCode.INTERNAL_ERROR, text))
    }
  }

  #decode(line: Buffer): unknown {
    try {
      return decodeBody(line, this.#limits)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      this.#refuse(error)
      return undefined
    }
  }

  /** A cancellation says only an id, and nothing of its era. */
  #cancels(value: unknown): boolean {
    if (!isObject(value) || value['method'] !== Notify.cancelled || !isObject(value['params'])) return false
    const { requestId } = value['params']
    if (!this.#session.has(requestId)) return this.#stateless.cancel(requestId)
    // Where both eras have it, the id does not say which is meant: none is cancelled.
    return this.#stateless.has(requestId)
  }

  #refuse(error: RpcError): void {
    this.#writer.write(encodeError(undefined, error))
  }

  /** The client cannot be reached any more. */
  #lost(tooSlow: boolean): void {
    if (tooSlow)
      console.error('barewire: the client does not read what it is sent (maxStreamBufferBytes): closing')
    this.#stateless.connectionClosed()
    void this.close({ drainMs: 0 })
  }

  async #close(drainMs: number): Promise<void> {
    const { input, exit } = this.#settings
    const eras = [this.#session.era, this.#stateless.era] as const
    for (const era of eras) era.stopAccepting()
    let timer: NodeJS.Timeout | undefined
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs)
    })
    const idle = [this.#session.era.calls.idle(), this.#stateless.era.idle(), this.#tasks.drain()]
    await Promise.race([Promise.all(idle), timeUp])
    clearTimeout(timer)
    for (const era of eras) era.shutDown()
    await this.#tasks.close()
    await this.#writer.close()
    input.off('data', this.#onData)
    input.off('end', this.#onEnd)
    input.off('close', this.#onEnd)
    input.pause()
    this.#restore()
    this.#resolve()
    if (!exit) return
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, this.#onSignal)
    // After what awaits `closed`.
    setImmediate(() => process.exit())
  }
}

/** Makes sure that nothing else writes to the output of the process. */
function takeOutput(output: Writable): { write: (text: string) => boolean; restore: () => void } {
  const own = output.write
  const write = (text: string): boolean => own.call(output, text, 'utf8')
  if (output !== process.stdout) return { write, restore: () => {} }
  const replaced = ((...args: Parameters<typeof process.stdout.write>) => {
    warnOnce(
      'Standard output is for messages of the protocol: what is written there, by console.log as a rule, goes to standard error',
      'BAREWIRE_STDOUT',
    )
    return process.stderr.write(...args)
  }) as typeof process.stdout.write
  process.stdout.write = replaced
  return {
    write,
    restore: () => {
      if (process.stdout.write === replaced) process.stdout.write = own as typeof process.stdout.write
    },
  }
}
