/**
 * Router: requests out and their answers in, by id; progress by token; what else the server sends, by kind. It knows no
 * transport and no lifecycle.
 *
 *    request --> waiting --+-- its answer                 resolves, or rejects with the server's RpcError
 *                          +-- the transport gives up     rejects
 *                          +-- signal, time limit         rejects, and the server is notified
 *                          +-- close                      rejects
 *
 * Invariant: each request leaves the map exactly once, and nothing of it remains. An answer counts only on the stream of
 * its own request, or on one that all share; a second one is reported and dropped.
 */

import { quote } from '../bounds/quote.ts'
import { type Decoded, decodeMessage } from '../jsonrpc/decode.ts'
import { encodeError, encodeNotification, encodeRequest, encodeResult } from '../jsonrpc/encode.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import { type McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Method, Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { abortError, invalidResponse, mcpError, reasonOf, rpcError } from './errors.ts'
import { abortable, onAbort } from './on-abort.ts'
import type { RequestOptions } from './options.ts'
import type { Asking } from './questions.ts'
import { Deadline } from './timing.ts'
import type { Outgoing, Receiver, Transport } from './transport.ts'
import type { Progress } from './wire.ts'

/** Questions of one server that are with the application at a time. */
const MAX_QUESTIONS = 100

/** Messages on their way to the server, above which what it asks is not answered: each answer takes a request of HTTP. */
const MAX_SENDING = 256

/** How long a request may go on after its answer came on another stream, until it is given up. */
const LINGER_MS = 1000

export interface Answered {
  readonly result: JsonObject
  /** Its length as text, about. */
  readonly bytes: number
  /** What is left of the time that the request may take at most. */
  readonly leftMs: number
  /** The server asked for input: the result depends on more than the request. */
  readonly asked?: boolean | undefined
}

export interface RouterOptions {
  readonly requestTimeoutMs: number
  readonly maxRequestTimeoutMs: number
  readonly onError: (error: unknown) => void
  /** Answers a request of the server; undefined: servers must not send any (2026-07-28). */
  readonly answer?:
    | ((method: string, params: JsonObject, signal: AbortSignal, asking: Asking) => Promise<unknown>)
    | undefined
  readonly onNotification: (method: string, params: JsonObject) => void
}

export interface SendOptions extends RequestOptions {
  /** Headers of this request alone. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** As of {@link Outgoing}. @defaultValue false */
  readonly begins?: boolean | undefined
  /** Notifications on the stream of the request. */
  readonly onNotification?: ((method: string, params: JsonObject) => void) | undefined
}

interface Waiting {
  readonly out: Outgoing
  readonly options: SendOptions
  readonly deadline: Deadline
  readonly resolve: (answered: Answered) => void
  readonly reject: (error: unknown) => void
  readonly abort: AbortController
  /** Removes the listener of the signal. */
  readonly release: () => void
  /** The transport has nothing more to do for it. */
  isSent: boolean
  /** Runs where the answer came first. */
  linger: ReturnType<typeof setTimeout> | undefined
}

export class Router implements Receiver {
  readonly #options: RouterOptions
  readonly #transport: Transport
  #lastId = 0
  /** Lifecycle of an entry: from its request to the first of the outcomes above. The id is the progress token too. */
  readonly #waiting = new Map<JsonRpcId, Waiting>()
  /** Requests of the server that the application is working on. */
  readonly #questions = new Map<JsonRpcId, AbortController>()
  /** What is being sent and nobody waits for as an answer. */
  readonly #sending = new Set<AbortController>()
  readonly #closing = new AbortController()

  constructor(transport: Transport, options: RouterOptions) {
    this.#transport = transport
    this.#options = options
  }

  /** How many requests wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Aborts with `close`, for what waits and is no request. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * @param paramsOf - makes the parameters; it is given the id of the request
   * @throws {RpcError} what the server answered
   * @throws {McpError} ERR_REQUEST_TIMEOUT, ERR_REQUEST_ABORTED, ERR_CLIENT_CLOSED, and what the transport throws
   */
  request(
    method: string,
    paramsOf: (id: number) => JsonObject | undefined,
    options: SendOptions,
  ): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const { signal, headers, begins = false } = options
      this.closed.throwIfAborted()
      if (signal?.aborted) throw abortError(method, signal)
      const id = ++this.#lastId
      const params = paramsOf(id)
      const text = encodeRequest(id, method, params)
      const abort = new AbortController()
      const { requestTimeoutMs, maxRequestTimeoutMs } = this.#options
      const { timeoutMs = requestTimeoutMs, maxTimeoutMs = maxRequestTimeoutMs } = options
      const deadline = new Deadline(timeoutMs, maxTimeoutMs, (limitMs) => {
        const problem = `The server did not answer ${method} within ${Math.round(limitMs)} ms`
        this.#abandon(id, mcpError('ERR_REQUEST_TIMEOUT', problem))
      })
      const pause = () => {
        deadline.pause()
        return () => deadline.resume()
      }
      const out: Outgoing = { id, method, params, text, headers, begins, signal: abort.signal, pause }
      const release = onAbort(signal, () => this.#abandon(id, abortError(method, signal)))
      const parts = { out, options, deadline, resolve, reject, abort, release }
      const waiting: Waiting = { ...parts, isSent: false, linger: undefined }
      this.#waiting.set(id, waiting)
      this.#transport.request(out, this).then(
        () => this.#sent(waiting),
        (error: unknown) => {
          this.#sent(waiting)
          this.#take(id)?.reject(error)
        },
      )
    })
  }

  /** @throws {McpError} it could not be sent, or not within `requestTimeoutMs` */
  async notify(method: string, params?: JsonObject, signal?: AbortSignal): Promise<void> {
    this.closed.throwIfAborted()
    await this.#send(encodeNotification(method, params), method, signal)
  }

  receive(value: unknown, bytes: number, from: Outgoing | undefined): boolean {
    const message = decodeMessage(value)
    switch (message.kind) {
      case 'response':
        return this.#settle(message, bytes, from)
      case 'notification':
        this.#notified(message.method, message.params ?? {}, from)
        return false
      case 'request':
        this.#asked(message.id, message.method, message.params ?? {}, from)
        return false
      default:
        throw invalidResponse(`The server sent what is no message: ${message.error.message}`)
    }
  }

  failed(error: Error): void {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error)
    for (const question of this.#questions.values()) question.abort(error)
    this.#questions.clear()
  }

  /** Nothing can be sent any more. */
  close(error: McpError): void {
    this.#closing.abort(error)
    for (const waiting of this.#waiting.values()) waiting.abort.abort(error)
    for (const sending of this.#sending) sending.abort(error)
    this.failed(error)
  }

  /** The time of a request stands still while the application works on a question of it. */
  async paused<T>(id: JsonRpcId | undefined, work: () => Promise<T>): Promise<T> {
    const waiting = id === undefined ? [...this.#waiting.values()] : [this.#waiting.get(id)]
    for (const each of waiting) each?.deadline.pause()
    try {
      return await work()
    } finally {
      for (const each of waiting) each?.deadline.resume()
    }
  }

  #settle(
    { id, result, error }: Extract<Decoded, { readonly kind: 'response' }>,
    bytes: number,
    from: Outgoing | undefined,
  ): boolean {
    // An error without an id is about the one request that its stream is for.
    const of = id === undefined && error !== undefined ? from?.id : id
    if (from !== undefined && of !== from.id) {
      throw invalidResponse(
        `The server answered ${from.method} with the id ${shownId(of)}, expected ${from.id}`,
      )
    }
    const waiting = of === undefined ? undefined : this.#take(of)
    if (waiting === undefined) {
      // Late answers to what was given up are usual.
      if (from === undefined ? !this.#wasOurs(of) : !from.signal.aborted) {
        const problem = `The server sent an answer with the id ${shownId(of)}, which no request waits for`
        this.#options.onError(invalidResponse(problem))
      }
      return true
    }
    const { out, deadline } = waiting
    if (from === undefined && !waiting.isSent) this.#linger(waiting)
    if (error !== undefined) waiting.reject(rpcError(error))
    else if (typeof result !== 'object' || result === null || Array.isArray(result)) {
      waiting.reject(invalidResponse(`The result of ${out.method} is not an object`))
    } else waiting.resolve({ result: result as JsonObject, bytes, leftMs: deadline.left })
    return true
  }

  /** The answer came on another stream, and its own may never end. */
  #linger(waiting: Waiting): void {
    const { abort, out } = waiting
    this.#sending.add(abort)
    const reason = () => invalidResponse(`The answer to ${out.method} came on another stream`)
    waiting.linger = setTimeout(() => abort.abort(reason()), LINGER_MS)
  }

  #sent(waiting: Waiting): void {
    waiting.isSent = true
    if (waiting.linger === undefined) return
    clearTimeout(waiting.linger)
    this.#sending.delete(waiting.abort)
  }

  #wasOurs(id: JsonRpcId | undefined): boolean {
    return typeof id === 'number' && id > 0 && id <= this.#lastId
  }

  #notified(method: string, params: JsonObject, from: Outgoing | undefined): void {
    if (method === Notify.progress) {
      this.#progressed(params)
      return
    }
    if (method === Notify.cancelled) {
      const id = params['requestId'] as JsonRpcId
      this.#questions.get(id)?.abort(mcpError('ERR_CANCELLED', 'The server cancelled its request'))
    }
    const meta = params['_meta'] as JsonObject | undefined
    const owner = this.#waiting.get((meta?.[MetaKey.SUBSCRIPTION_ID] as JsonRpcId) ?? from?.id)
    this.#guard(() => owner?.options.onNotification?.(method, params))
    this.#guard(() => this.#options.onNotification(method, params))
  }

  #progressed(params: JsonObject): void {
    const { progressToken, progress, total, message } = params as { readonly [key: string]: unknown }
    const waiting = this.#waiting.get(progressToken as JsonRpcId)
    // Late progress of what is over is usual.
    if (waiting === undefined || typeof progress !== 'number') return
    waiting.deadline.extend()
    const report: Progress = {
      progress,
      ...(typeof total === 'number' && { total }),
      ...(typeof message === 'string' && { message }),
    }
    this.#guard(() => waiting.options.onProgress?.(report))
  }

  #asked(id: JsonRpcId, method: string, params: JsonObject, from: Outgoing | undefined): void {
    const { answer, onError } = this.#options
    if (answer === undefined) {
      onError(
        invalidResponse(`The server sent the request ${quote(method)}, which this revision does not allow`),
      )
      return
    }
    if (this.#sending.size >= MAX_SENDING) {
      const problem = `${MAX_SENDING} messages are on their way to it`
      onError(invalidResponse(`The server sent ${quote(method)} too many, which is not answered: ${problem}`))
      return
    }
    if (this.#questions.has(id) || this.#questions.size >= MAX_QUESTIONS) {
      const problem = this.#questions.has(id)
        ? `A request with the id ${shownId(id)} is being answered`
        : `More than ${MAX_QUESTIONS} requests are being answered`
      onError(invalidResponse(`The server sent ${quote(method)} too many: ${problem}`))
      this.#reply(encodeError(id, { code: ErrorCode.INVALID_REQUEST, message: problem }))
      return
    }
    const question = new AbortController()
    this.#questions.set(id, question)
    const release = onAbort(from?.signal, () => question.abort(from?.signal.reason))
    const asking: Asking = (work) => this.paused(from?.id, work)
    const work = async () => {
      try {
        const result = await answer(method, params, question.signal, asking)
        return encodeResult(id, result, onError)
      } catch (error) {
        if (!(error instanceof RpcError)) onError(error)
        const known = error instanceof RpcError
        const told = known ? error : new RpcError(ErrorCode.INTERNAL_ERROR, 'The client could not answer')
        return encodeError(id, told, onError)
      }
    }
    void work().then((text) => {
      release()
      this.#questions.delete(id)
      // What was cancelled is not answered.
      if (!question.signal.aborted) this.#reply(text)
    })
  }

  #reply(text: string): void {
    this.#send(text, 'A response', undefined).catch((error: unknown) => this.#options.onError(error))
  }

  /** A server that accepts a message and never says so must not hold up anything. */
  async #send(text: string, what: string, signal: AbortSignal | undefined): Promise<void> {
    const { requestTimeoutMs } = this.#options
    const stop = new AbortController()
    const release = onAbort(signal, () => stop.abort(signal?.reason))
    const deadline = new Deadline(requestTimeoutMs, 0, () => {
      const problem = `${what} was not accepted within ${requestTimeoutMs} ms (option requestTimeoutMs)`
      stop.abort(mcpError('ERR_REQUEST_TIMEOUT', problem))
    })
    this.#sending.add(stop)
    try {
      const sent = this.#transport.send(text, stop.signal)
      await abortable(sent, stop.signal, () => stop.signal.reason)
    } finally {
      this.#sending.delete(stop)
      deadline.stop()
      release()
    }
  }

  /** A hook of the application must not stop the stream that it is called from. */
  #guard(hook: () => void): void {
    try {
      hook()
    } catch (error) {
      this.#options.onError(error)
    }
  }

  #abandon(id: number, error: McpError): void {
    const waiting = this.#take(id)
    if (waiting === undefined) return
    waiting.reject(error)
    // 2025-11-25 cancellation: `initialize` MUST NOT be cancelled.
    if (!this.#transport.abortCancels && waiting.out.method !== Method.initialize) {
      const params = { requestId: id, reason: reasonOf(error) }
      this.notify(Notify.cancelled, params).catch(() => {})
    }
    waiting.abort.abort(error)
  }

  /** The one way out of the map. */
  #take(id: JsonRpcId): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    waiting.deadline.stop()
    waiting.release()
    return waiting
  }
}

function shownId(id: JsonRpcId | undefined): string {
  return typeof id === 'string' ? quote(id) : String(id)
}
