/** `experimental/tasks/interfaces.js`: where a program keeps its tasks, and the handlers of a tool whose calls are tasks. */

import type { BaseToolCallback } from '../../server/registered.ts'
import type { AnySchema, ZodRawShapeCompat } from '../../server/zod-compat.ts'
import type { RequestHandlerExtra, RequestTaskStore } from '../../shared/protocol.ts'
import type {
  CallToolResult,
  CreateTaskResult,
  GetTaskResult,
  JSONRPCErrorResponse,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResultResponse,
  Request,
  RequestId,
  Result,
  ServerNotification,
  ServerRequest,
  Task,
  ToolExecution,
} from '../../types.ts'

type InputSchema = undefined | ZodRawShapeCompat | AnySchema

export interface CreateTaskRequestHandlerExtra
  extends RequestHandlerExtra<ServerRequest, ServerNotification> {
  taskStore: RequestTaskStore
}

export interface TaskRequestHandlerExtra extends RequestHandlerExtra<ServerRequest, ServerNotification> {
  taskId: string
  taskStore: RequestTaskStore
}

export type CreateTaskRequestHandler<
  SendResultT extends Result,
  Args extends InputSchema = undefined,
> = BaseToolCallback<SendResultT, CreateTaskRequestHandlerExtra, Args>

export type TaskRequestHandler<
  SendResultT extends Result,
  Args extends InputSchema = undefined,
> = BaseToolCallback<SendResultT, TaskRequestHandlerExtra, Args>

/** `getTask` and `getTaskResult` are accepted. As with the SDK, the store answers in their place. */
export interface ToolTaskHandler<Args extends InputSchema = undefined> {
  createTask: CreateTaskRequestHandler<CreateTaskResult, Args>
  getTask: TaskRequestHandler<GetTaskResult, Args>
  getTaskResult: TaskRequestHandler<CallToolResult, Args>
}

export type TaskToolExecution<TaskSupport = ToolExecution['taskSupport']> = Omit<
  ToolExecution,
  'taskSupport'
> & {
  taskSupport: TaskSupport extends 'forbidden' | undefined ? never : TaskSupport
}

export interface BaseQueuedMessage {
  type: string
  timestamp: number
}

export interface QueuedRequest extends BaseQueuedMessage {
  type: 'request'
  message: JSONRPCRequest
}

export interface QueuedNotification extends BaseQueuedMessage {
  type: 'notification'
  message: JSONRPCNotification
}

export interface QueuedResponse extends BaseQueuedMessage {
  type: 'response'
  message: JSONRPCResultResponse
}

export interface QueuedError extends BaseQueuedMessage {
  type: 'error'
  message: JSONRPCErrorResponse
}

export type QueuedMessage = QueuedRequest | QueuedNotification | QueuedResponse | QueuedError

export interface TaskMessageQueue {
  enqueue(taskId: string, message: QueuedMessage, sessionId?: string, maxSize?: number): Promise<void>
  dequeue(taskId: string, sessionId?: string): Promise<QueuedMessage | undefined>
  dequeueAll(taskId: string, sessionId?: string): Promise<QueuedMessage[]>
}

export interface CreateTaskOptions {
  /** Milliseconds. null: for ever. */
  ttl?: number | null
  /** Milliseconds. */
  pollInterval?: number
  context?: Record<string, unknown>
}

export interface TaskStore {
  createTask(
    taskParams: CreateTaskOptions,
    requestId: RequestId,
    request: Request,
    sessionId?: string,
  ): Promise<Task>
  getTask(taskId: string, sessionId?: string): Promise<Task | null>
  storeTaskResult(
    taskId: string,
    status: 'completed' | 'failed',
    result: Result,
    sessionId?: string,
  ): Promise<void>
  getTaskResult(taskId: string, sessionId?: string): Promise<Result>
  updateTaskStatus(
    taskId: string,
    status: Task['status'],
    statusMessage?: string,
    sessionId?: string,
  ): Promise<void>
  listTasks(cursor?: string, sessionId?: string): Promise<{ tasks: Task[]; nextCursor?: string }>
}

/** Whether a task has ended. */
export function isTerminal(status: Task['status']): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}
