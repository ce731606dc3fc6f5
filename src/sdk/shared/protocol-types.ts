/** Types of handlers and options, and what is merged of capabilities. */

import type { CreateTaskOptions, TaskMessageQueue, TaskStore } from '../experimental/tasks/store.ts'
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
  Result,
  ServerCapabilities,
  Task,
  TaskCreationParams,
} from '../types.ts'
import type { TransportSendOptions } from './transport.ts'

export const DEFAULT_REQUEST_TIMEOUT_MSEC = 60_000

export type ProgressCallback = (progress: Progress) => void

export type ProtocolOptions = {
  enforceStrictCapabilities?: boolean
  /** Accepted. Notifications of one turn of the event loop leave together in any case. */
  debouncedNotificationMethods?: string[]
  /** Of a Server: it answers `tasks/...` from this store. */
  taskStore?: TaskStore
  /** What a handler asks for a task is held back for `tasks/result`. The messages themselves are kept by the server. */
  taskMessageQueue?: TaskMessageQueue
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

/** The store of a server, as the handlers of one request have it. */
export interface RequestTaskStore {
  createTask(taskParams: CreateTaskOptions): Promise<Task>
  getTask(taskId: string): Promise<Task>
  storeTaskResult(taskId: string, status: 'completed' | 'failed', result: Result): Promise<void>
  getTaskResult(taskId: string): Promise<Result>
  updateTaskStatus(taskId: string, status: Task['status'], statusMessage?: string): Promise<void>
  listTasks(cursor?: string): Promise<{ tasks: Task[]; nextCursor?: string }>
}

export type RequestHandlerExtra<SendRequestT extends Request, SendNotificationT extends Notification> = {
  signal: AbortSignal
  authInfo?: AuthInfo
  sessionId?: string
  _meta?: RequestMeta
  requestId: RequestId
  taskId?: string
  taskStore?: RequestTaskStore
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
