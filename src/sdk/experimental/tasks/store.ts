/** Where a program keeps its tasks, and the messages that it holds back for them. */

import type {
  JSONRPCErrorResponse,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResultResponse,
  Request,
  RequestId,
  Result,
  Task,
} from '../../types.ts'

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
