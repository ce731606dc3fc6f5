/**
 * `shared/protocol.js`: types of handlers and options, and Protocol, for programs that are neither a client nor a server: a
 * page and the frame in it, for example. It is the client's end of a connection without its handshake.
 */

import { Link } from '../client/link.ts'
import { HandlerTable, type Message, type RequestHandler } from '../handler-table.ts'
import { type AnySchema, methodOf, type SchemaOutput } from '../server/zod-compat.ts'
import {
  ErrorCode,
  type JSONRPCRequest,
  McpError,
  type Notification,
  type Request,
  type Result,
} from '../types.ts'
import type {
  NotificationOptions,
  ProtocolOptions,
  RequestHandlerExtra,
  RequestOptions,
} from './protocol-types.ts'
import type { Transport } from './transport.ts'

export * from './protocol-types.ts'

export abstract class Protocol<
  SendRequestT extends Request,
  SendNotificationT extends Notification,
  SendResultT extends Result,
> {
  onclose?: () => void
  onerror?: (error: Error) => void
  fallbackRequestHandler?: (
    request: JSONRPCRequest,
    extra: RequestHandlerExtra<SendRequestT, SendNotificationT>,
  ) => Promise<SendResultT>
  fallbackNotificationHandler?: (notification: Notification) => Promise<void>
  readonly #handlers = new HandlerTable()
  readonly #strict: boolean
  #link: Link | undefined

  /** @throws {Error} a task store: Server has one */
  constructor(options: ProtocolOptions = {}) {
    this.#strict = options.enforceStrictCapabilities === true
    if (options.taskStore !== undefined) {
      throw new Error('Protocol with a taskStore is not supported here: use Server, which has it')
    }
  }

  get transport(): Transport | undefined {
    return this.#link?.transport
  }

  async connect(transport: Transport): Promise<void> {
    if (this.#link !== undefined) {
      throw new Error(
        'Already connected to a transport. Call close() before connecting to a new transport, or use a separate Protocol instance per connection.',
      )
    }
    this.#link = new Link(transport, {
      handlers: this.#handlers,
      onerror: (error) => this.onerror?.(error),
      onclose: () => {
        this.#link = undefined
        this.onclose?.()
      },
      fallbackRequest: (message, extra) => {
        if (this.fallbackRequestHandler === undefined) {
          throw new McpError(ErrorCode.MethodNotFound, 'Method not found')
        }
        const request = { jsonrpc: '2.0', id: extra.requestId, ...message } as JSONRPCRequest
        return this.fallbackRequestHandler(request, extra as never)
      },
      fallbackNotification: (message) => this.fallbackNotificationHandler?.(message as Notification),
    })
    await transport.start()
  }

  async close(): Promise<void> {
    await this.#link?.close()
  }

  protected abstract assertCapabilityForMethod(method: SendRequestT['method']): void
  protected abstract assertNotificationCapability(method: SendNotificationT['method']): void
  protected abstract assertRequestHandlerCapability(method: string): void
  protected abstract assertTaskCapability(method: string): void
  protected abstract assertTaskHandlerCapability(method: string): void

  /** @throws {McpError} the other side's error, or a time limit */
  async request<T extends AnySchema>(
    request: SendRequestT,
    resultSchema: T,
    options?: RequestOptions,
  ): Promise<SchemaOutput<T>> {
    if (this.#link === undefined) throw new Error('Not connected')
    if (this.#strict) {
      this.assertCapabilityForMethod(request.method)
      if (options?.task !== undefined) this.assertTaskCapability(request.method)
    }
    return await this.#link.request(request as Message, resultSchema, options)
  }

  async notification(notification: SendNotificationT, _options?: NotificationOptions): Promise<void> {
    if (this.#link === undefined) throw new Error('Not connected')
    this.assertNotificationCapability(notification.method)
    await this.#link.notify(notification as Message)
  }

  setRequestHandler<T extends AnySchema>(
    requestSchema: T,
    handler: (
      request: SchemaOutput<T>,
      extra: RequestHandlerExtra<SendRequestT, SendNotificationT>,
    ) => SendResultT | Promise<SendResultT>,
  ): void {
    this.assertRequestHandlerCapability(methodOf(requestSchema))
    this.#handlers.setRequest(requestSchema, handler as unknown as RequestHandler)
  }

  setNotificationHandler<T extends AnySchema>(
    notificationSchema: T,
    handler: (notification: SchemaOutput<T>) => void | Promise<void>,
  ): void {
    this.#handlers.setNotification(notificationSchema, handler as (notification: never) => unknown)
  }

  removeRequestHandler(method: string): void {
    this.#handlers.removeRequest(method)
  }

  removeNotificationHandler(method: string): void {
    this.#handlers.removeNotification(method)
  }

  assertCanSetRequestHandler(method: string): void {
    if (!this.#handlers.hasRequest(method)) return
    throw new Error(`A request handler for ${method} already exists, which would be overridden`)
  }
}
