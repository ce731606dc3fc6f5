/**
 * The client's end of a connection: requests with their answers, and the questions of the server, over any transport of
 * messages. It is the router of barewire/client, with errors as programs of the SDK know them.
 */

import { OpenChannel } from '../../client/channel.ts'
import { Router } from '../../client/router.ts'
import type { Outgoing } from '../../client/transport.ts'
import { McpError as LocalError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { Method, Notify } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import type { Extra } from '../extra.ts'
import type { HandlerTable, Message } from '../handler-table.ts'
import { type AnySchema, type SchemaOutput, safeParse } from '../server/zod-compat.ts'
import { DEFAULT_REQUEST_TIMEOUT_MSEC, type RequestOptions } from '../shared/protocol-types.ts'
import type { Transport, TransportSendOptions } from '../shared/transport.ts'
import { ErrorCode, type JSONRPCMessage, McpError } from '../types.ts'
import { wireError } from '../wire-error.ts'

export interface LinkHooks {
  readonly handlers: HandlerTable
  onerror(error: Error): void
  onclose(): void
  fallbackRequest(message: Message, extra: Extra): unknown
  fallbackNotification(message: Message): unknown
}

/** A transport of the SDK, as one of barewire/client. */
class MessageChannel extends OpenChannel {
  readonly #transport: Transport
  /** Lifecycle of an entry: until its request is sent. */
  readonly sendOptions = new Map<number, TransportSendOptions>()

  constructor(transport: Transport) {
    super()
    this.#transport = transport
  }

  override async request({ id, text }: Outgoing): Promise<void> {
    const options = this.sendOptions.get(id)
    this.sendOptions.delete(id)
    await this.#transport.send(JSON.parse(text), options)
  }

  async send(text: string): Promise<void> {
    await this.#transport.send(JSON.parse(text))
  }

  close(): Promise<void> {
    return this.#transport.close()
  }
}

export class Link {
  readonly transport: Transport
  readonly #channel: MessageChannel
  readonly #router: Router
  readonly #hooks: LinkHooks
  #isOver = false

  constructor(transport: Transport, hooks: LinkHooks) {
    this.transport = transport
    this.#hooks = hooks
    this.#channel = new MessageChannel(transport)
    this.#router = new Router(this.#channel, {
      requestTimeoutMs: DEFAULT_REQUEST_TIMEOUT_MSEC,
      maxRequestTimeoutMs: 0,
      onError: (error) => hooks.onerror(error instanceof Error ? error : new Error(String(error))),
      answer: (method, params, signal) => this.#answer({ method, params }, signal),
      onNotification: (method, params) => {
        const message = { method, params }
        const fallback = () => method !== Notify.cancelled && hooks.fallbackNotification(message)
        hooks.handlers.notified(message, (error) => hooks.onerror(error), fallback)
      },
    })
    const { onclose, onerror, onmessage } = transport
    transport.onmessage = (message: JSONRPCMessage, extra) => {
      onmessage?.(message, extra)
      try {
        this.#router.receive(message, 0, undefined)
      } catch (error) {
        hooks.onerror(error as Error)
      }
    }
    transport.onerror = (error) => {
      onerror?.(error)
      hooks.onerror(error)
    }
    transport.onclose = () => {
      onclose?.()
      this.#over()
    }
  }

  /** @throws {McpError} the server's error, a time limit, or the end of the connection */
  async request<S extends AnySchema>(
    { method, params }: Message,
    schema: S,
    options: RequestOptions = {},
  ): Promise<SchemaOutput<S>> {
    const { timeout = DEFAULT_REQUEST_TIMEOUT_MSEC, maxTotalTimeout, onprogress, signal } = options
    signal?.throwIfAborted()
    const { resumptionToken, onresumptiontoken, relatedRequestId, task } = options
    const paramsOf = (id: number): JsonObject | undefined => {
      this.#channel.sendOptions.set(id, { resumptionToken, onresumptiontoken, relatedRequestId })
      if (onprogress === undefined && task === undefined) return params as JsonObject | undefined
      const { _meta: meta } = (params ?? {}) as { readonly _meta?: object }
      return {
        ...params,
        ...(task && { task }),
        ...(onprogress && { _meta: { ...meta, progressToken: id } }),
      }
    }
    // Progress gives the router more time, as far as the maximum.
    const longest = options.resetTimeoutOnProgress === true ? (maxTotalTimeout ?? 0) : timeout
    try {
      const { result } = await this.#router.request(method, paramsOf, {
        timeoutMs: timeout,
        maxTimeoutMs: Math.min(
          longest || Number.POSITIVE_INFINITY,
          maxTotalTimeout ?? Number.POSITIVE_INFINITY,
        ),
        ...(signal && { signal }),
        ...(onprogress && { onProgress: onprogress }),
      })
      const parsed = safeParse(schema, result)
      if (parsed.success) return parsed.data
      throw parsed.error
    } catch (error) {
      throw explain(error, timeout, signal)
    }
  }

  async notify({ method, params }: Message): Promise<void> {
    await this.#router.notify(method, params as JsonObject | undefined)
  }

  async close(): Promise<void> {
    await this.transport.close()
    this.#over()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#router.close(new LocalError('ERR_CLIENT_CLOSED', 'Connection closed'))
    this.#hooks.onclose()
  }

  async #answer(message: Message, signal: AbortSignal): Promise<unknown> {
    const { handlers } = this.#hooks
    const extra = {
      signal,
      sessionId: this.transport.sessionId,
      _meta: (message.params as { readonly _meta?: object } | undefined)?._meta,
      requestId: 0,
      sendNotification: (notification: Message) => this.notify(notification),
      sendRequest: (request: Message, schema: AnySchema, options?: RequestOptions) =>
        this.request(request, schema, options),
    } as unknown as Extra
    try {
      if (handlers.hasRequest(message.method)) return await handlers.answer(message, extra)
      if (message.method === Method.ping) return {}
      return await this.#hooks.fallbackRequest(message, extra)
    } catch (error) {
      throw wireError(error)
    }
  }
}

function explain(error: unknown, timeout: number, signal: AbortSignal | undefined): unknown {
  if (error instanceof RpcError) return McpError.fromError(error.code, error.message, error.data)
  if (!(error instanceof LocalError)) return error
  if (error.code === 'ERR_REQUEST_TIMEOUT') {
    return McpError.fromError(ErrorCode.RequestTimeout, 'Request timed out', { timeout })
  }
  if (error.code === 'ERR_REQUEST_ABORTED') {
    const reason: unknown = signal?.reason
    return reason instanceof McpError ? reason : new McpError(ErrorCode.RequestTimeout, String(reason))
  }
  return new McpError(ErrorCode.ConnectionClosed, error.message)
}
