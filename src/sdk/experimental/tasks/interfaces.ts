/** `experimental/tasks/interfaces.js`: the handlers of a tool whose calls are tasks, and where a program keeps these. */

import type { BaseToolCallback } from '../../server/registered.ts'
import type { AnySchema, ZodRawShapeCompat } from '../../server/zod-compat.ts'
import type { RequestHandlerExtra, RequestTaskStore } from '../../shared/protocol-types.ts'
import type {
  CallToolResult,
  CreateTaskResult,
  GetTaskResult,
  Result,
  ServerNotification,
  ServerRequest,
  ToolExecution,
} from '../../types.ts'

export * from './store.ts'

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
