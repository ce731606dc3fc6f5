/** Handlers of requests and notifications by the name of their method, as a program sets them with schema objects. */

import type { Extra } from './extra.ts'
import { type AnySchema, getParseErrorMessage, methodOf, safeParse } from './server/zod-compat.ts'
import { ErrorCode, McpError } from './types/errors.ts'

export interface Message {
  readonly method: string
  readonly params?: object | undefined
}

export type RequestHandler = (request: never, extra: Extra) => unknown
type NotificationHandler = (notification: never) => unknown

interface Entry<H> {
  readonly schema: AnySchema
  readonly handler: H
}

export class HandlerTable {
  readonly #requests = new Map<string, Entry<RequestHandler>>()
  readonly #notifications = new Map<string, Entry<NotificationHandler>>()

  /** @returns the method */
  setRequest(schema: AnySchema, handler: RequestHandler): string {
    const method = methodOf(schema)
    this.#requests.set(method, { schema, handler })
    return method
  }

  setNotification(schema: AnySchema, handler: NotificationHandler): void {
    this.#notifications.set(methodOf(schema), { schema, handler })
  }

  hasRequest(method: string): boolean {
    return this.#requests.has(method)
  }

  removeRequest(method: string): void {
    this.#requests.delete(method)
  }

  removeNotification(method: string): void {
    this.#notifications.delete(method)
  }

  /**
   * @returns what the handler returns
   * @throws {McpError} -32602, the request does not fit its schema; and what the handler throws
   */
  answer(message: Message, extra: Extra): unknown {
    const entry = this.#requests.get(message.method)
    if (entry === undefined) return undefined
    return entry.handler(parsed(entry.schema, message), extra)
  }

  /**
   * Calls the handler at once: a request that came in one piece with the notification is answered after it.
   *
   * @param fallback - called where no handler is set
   */
  notified(message: Message, onError: (error: Error) => void, fallback: () => unknown): void {
    const entry = this.#notifications.get(message.method)
    new Promise((resolve) => {
      resolve(entry === undefined ? fallback() : entry.handler(parsed(entry.schema, message)))
    }).catch((error: unknown) => onError(new Error(`Uncaught error in notification handler: ${error}`)))
  }
}

function parsed(schema: AnySchema, message: Message): never {
  const result = safeParse(schema, message)
  if (result.success) return result.data as never
  throw new McpError(
    ErrorCode.InvalidParams,
    `Invalid ${message.method} request: ${getParseErrorMessage(result.error)}`,
  )
}
