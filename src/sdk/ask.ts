/**
 * Requests of the program to its client, and notifications, within a call and outside of one.
 *
 *    of a call, session          on the stream of the call
 *    of a call, 2026-07-28       the round trip ends, and the handler runs again with the answer
 *    of no call                  on the stream of the only call that runs, if there is one; else on the standalone stream
 *                                of the session, which keeps it until its client listens
 *
 * Not here: what such requests are about (server/index.ts).
 */

import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { encodeNotification, encodeRequest } from '../jsonrpc/encode.ts'
import { McpError as LocalError, RpcError } from '../jsonrpc/rpc-error.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { SessionExchange } from '../session-era/exchange.ts'
import type { Session } from '../session-era/session.ts'
import type { Call, Peer } from './peer.ts'
import { closeStoredStream } from './server/stored-exchange.ts'
import { type AnySchema, type SchemaOutput, safeParse } from './server/zod-compat.ts'
import { DEFAULT_REQUEST_TIMEOUT_MSEC, type RequestOptions } from './shared/protocol-types.ts'
import { ErrorCode, McpError } from './types/errors.ts'

interface Message {
  readonly method: string
  readonly params?: object | undefined
}

let lastToken = 0

/**
 * Sends a request, and waits for its answer.
 *
 * @param call - whose handler asks
 * @throws {McpError} the client's error, a time limit, or the end of its connection
 */
export async function ask<S extends AnySchema>(
  peer: Peer,
  call: Call | undefined,
  { method, params }: Message,
  schema: S,
  options: RequestOptions = {},
): Promise<SchemaOutput<S>> {
  options.signal?.throwIfAborted()
  const waiting = new Waiting(peer, options)
  try {
    const sent = waiting.paramsOf(params) as JsonObject
    const result = await send(peer, call, method, sent, waiting.signal)
    const parsed = safeParse(schema, result)
    if (parsed.success) return parsed.data
    throw parsed.error
  } catch (error) {
    throw waiting.explain(error)
  } finally {
    waiting.end()
  }
}

function send(
  peer: Peer,
  call: Call | undefined,
  method: string,
  params: JsonObject,
  signal: AbortSignal,
): Promise<unknown> {
  const own = call ?? onlyCall(peer)
  if (own !== undefined) {
    const { clientInput, request } = own.exchange
    if (clientInput !== undefined) {
      const key = own.nextKey(method)
      return clientInput.ask(key, { method: method as 'roots/list', params }, (response) => response)
    }
    if (request !== undefined && !peer.jsonOnly) {
      return (own.exchange as SessionExchange).ask(method, params, { timeoutMs: 0, signal })
    }
  }
  const { session } = peer
  if (session === undefined) {
    const why = 'it has no session (sessionIdGenerator is undefined), or its call is over'
    return Promise.reject(new Error(`Not connected: the client cannot be sent ${method}, since ${why}`))
  }
  return sendAlone(peer, session, method, params, signal)
}

/** On the standalone stream. */
function sendAlone(
  peer: Peer,
  session: Session,
  method: string,
  params: JsonObject,
  signal: AbortSignal,
): Promise<unknown> {
  const { pending } = session
  const id = pending.nextId()
  return pending.send(id, {
    method,
    timeoutMs: 0,
    signal,
    write: () => {
      const problem = sendTo(peer, session, method, encodeRequest(id, method, params))
      if (problem !== undefined) throw new Error(`${method} was not sent: ${problem}`)
    },
    onAbandon: ({ message }) => {
      const cancelled = encodeNotification(Notify.cancelled, { requestId: id, reason: message })
      sendTo(peer, session, Notify.cancelled, cancelled)
    },
  })
}

function onlyCall(peer: Peer): Call | undefined {
  let only: Call | undefined
  for (const call of peer.server.calls) {
    if (call.peer !== peer) continue
    if (only !== undefined) return undefined
    only = call
  }
  return only
}

/** Sends a notification on the stream of a call. */
export async function notifyInCall(call: Call, { method, params }: Message): Promise<void> {
  const { exchange, peer } = call
  if (exchange.aborted || peer.jsonOnly) return
  await exchange.notify(method, params as JsonObject)
}

/** Sends a notification on the standalone stream of a session; without a session there is nowhere to send it. */
export function notifySession(peer: Peer, { method, params }: Message): void {
  const { session } = peer
  if (session === undefined) return
  sendTo(peer, session, method, encodeNotification(method, params as JsonObject))
}

/** @returns why it cannot reach the client; undefined: it is sent, or kept for it */
function sendTo(peer: Peer, session: Session, method: string, json: string): string | undefined {
  const { standalone } = peer
  if (standalone !== undefined) {
    standalone.send(json)
    return undefined
  }
  const message = { method, json, level: undefined, session: session.id, principal: undefined }
  const { streams, kept, reason } = peer.host.messages.send(message)
  return streams > 0 || kept ? undefined : reason
}

/** Ends the connection of a call's stream: its client comes back for the rest. */
export function closeStream({ exchange, peer }: Call): void {
  if (!closeStoredStream(exchange.headers)) exchange.closeStream(peer.retryMs)
}

/** How long a request waits, and the callback of its progress. */
class Waiting {
  readonly #peer: Peer
  readonly #options: RequestOptions
  readonly #controller = new AbortController()
  readonly #timeoutMs: number
  readonly #began = Date.now()
  #token: number | undefined
  #timer: NodeJS.Timeout | undefined
  #timedOut: McpError | undefined
  readonly #onAbort = () => this.#controller.abort(this.#options.signal?.reason)

  constructor(peer: Peer, options: RequestOptions) {
    this.#peer = peer
    this.#options = options
    this.#timeoutMs = options.timeout ?? DEFAULT_REQUEST_TIMEOUT_MSEC
    options.signal?.addEventListener('abort', this.#onAbort)
    this.#start()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  paramsOf(given: object = {}): object {
    const { onprogress, task } = this.#options
    const params = task === undefined ? given : { ...given, task }
    if (onprogress === undefined) return params
    lastToken += 1
    this.#token = lastToken
    this.#peer.progress ??= new Map()
    this.#peer.progress.set(this.#token, ({ progressToken: _, ...progress }) => {
      if (this.#options.resetTimeoutOnProgress === true) this.#start()
      onprogress(progress)
    })
    const { _meta: meta } = params as { readonly _meta?: object }
    return { ...params, _meta: { ...meta, progressToken: this.#token } }
  }

  explain(error: unknown): unknown {
    if (this.#timedOut !== undefined) return this.#timedOut
    if (this.#options.signal?.aborted === true) {
      const { reason } = this.#options.signal
      return reason instanceof McpError ? reason : new McpError(ErrorCode.RequestTimeout, String(reason))
    }
    if (error instanceof RpcError) return McpError.fromError(error.code, error.message, error.data)
    if (error instanceof LocalError) return new McpError(ErrorCode.ConnectionClosed, error.message)
    return error
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    if (this.#token !== undefined) this.#peer.progress?.delete(this.#token)
  }

  #start(): void {
    clearTimeout(this.#timer)
    const { maxTotalTimeout } = this.#options
    const left = maxTotalTimeout === undefined ? Number.POSITIVE_INFINITY : maxTotalTimeout - this.#elapsed
    this.#timer = setTimeout(
      () => this.#expire(left <= this.#timeoutMs),
      Math.max(0, Math.min(this.#timeoutMs, left, MAX_TIMER_MS)),
    )
  }

  get #elapsed(): number {
    return Date.now() - this.#began
  }

  #expire(isTotal: boolean): void {
    const { maxTotalTimeout } = this.#options
    this.#timedOut = isTotal
      ? new McpError(ErrorCode.RequestTimeout, 'Maximum total timeout exceeded', {
          maxTotalTimeout,
          totalElapsed: this.#elapsed,
        })
      : new McpError(ErrorCode.RequestTimeout, 'Request timed out', { timeout: this.#timeoutMs })
    this.#controller.abort(this.#timedOut)
  }
}
