/** `shared/protocol.js`: types of handlers and options, for programs that name them. */

import type { AnySchema, SchemaOutput } from '../server/zod-compat.ts'
import type {
  AuthInfo,
  ClientCapabilities,
  Notification,
  Progress,
  RelatedTaskMetadata,
  Request,
  RequestId,
  RequestInfo,
  RequestMeta,
  ServerCapabilities,
  TaskCreationParams,
} from '../types.ts'
import type { TransportSendOptions } from './transport.ts'

export const DEFAULT_REQUEST_TIMEOUT_MSEC = 60_000

export type ProgressCallback = (progress: Progress) => void

export type ProtocolOptions = {
  enforceStrictCapabilities?: boolean
  /** Accepted. Notifications of one turn of the event loop leave together in any case. */
  debouncedNotificationMethods?: string[]
  /** Not supported: the `task` option of barewire's own `registerTool` makes tasks of calls. */
  taskStore?: unknown
  taskMessageQueue?: unknown
  defaultTaskPollInterval?: number
  maxTaskQueueSize?: number
}

export type RequestOptions = {
  onprogress?: ProgressCallback
  signal?: AbortSignal
  /** Milliseconds. @defaultValue 60 s */
  timeout?: number
  resetTimeoutOnProgress?: boolean
  /** Milliseconds, whatever progress there is. */
  maxTotalTimeout?: number
  task?: TaskCreationParams
  relatedTask?: RelatedTaskMetadata
} & TransportSendOptions

export type TaskRequestOptions = Omit<RequestOptions, 'relatedTask'>

export type NotificationOptions = {
  relatedRequestId?: RequestId
  relatedTask?: RelatedTaskMetadata
}

export type RequestHandlerExtra<SendRequestT extends Request, SendNotificationT extends Notification> = {
  signal: AbortSignal
  authInfo?: AuthInfo
  sessionId?: string
  _meta?: RequestMeta
  requestId: RequestId
  taskId?: string
  taskStore?: never
  taskRequestedTtl?: number
  requestInfo?: RequestInfo
  sendNotification: (notification: SendNotificationT) => Promise<void>
  sendRequest: <U extends AnySchema>(
    request: SendRequestT,
    resultSchema: U,
    options?: TaskRequestOptions,
  ) => Promise<SchemaOutput<U>>
  closeSSEStream?: () => void
  closeStandaloneSSEStream?: () => void
}

export function mergeCapabilities(
  base: ServerCapabilities,
  additional: Partial<ServerCapabilities>,
): ServerCapabilities
export function mergeCapabilities(
  base: ClientCapabilities,
  additional: Partial<ClientCapabilities>,
): ClientCapabilities
export function mergeCapabilities(base: object, additional: object): object {
  const merged: Record<string, unknown> = { ...base }
  for (const [name, value] of Object.entries(additional)) {
    if (value === undefined) continue
    const own = merged[name]
    const both = isPlain(own) && isPlain(value)
    merged[name] = both ? { ...own, ...value } : value
  }
  return merged
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
