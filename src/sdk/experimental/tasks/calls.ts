/** Requests to the other side about its tasks: of a client and of a server alike. */

import type { AnySchema, SchemaOutput } from '../../server/zod-compat.ts'
import type { RequestOptions } from '../../shared/protocol-types.ts'
import {
  type CancelTaskResult,
  CancelTaskResultSchema,
  CreateTaskResultSchema,
  ErrorCode,
  type GetTaskResult,
  GetTaskResultSchema,
  type ListTasksResult,
  ListTasksResultSchema,
  McpError,
  ResultSchema,
  type Task,
} from '../../types.ts'
import { isTerminal } from './interfaces.ts'

const DEFAULT_POLL_MS = 1000

export type TaskMessage = { type: 'taskCreated'; task: Task } | { type: 'taskStatus'; task: Task }
export type ResponseMessage<R> =
  | TaskMessage
  | { type: 'result'; result: R }
  | { type: 'error'; error: McpError }

/** What sends requests: a Client or a Server. */
export interface Asking {
  request(request: never, resultSchema: AnySchema, options?: RequestOptions): Promise<unknown>
}

export class TaskCalls {
  readonly #side: Asking

  constructor(side: Asking) {
    this.#side = side
  }

  async getTask(taskId: string, options?: RequestOptions): Promise<GetTaskResult> {
    return (await this.#ask('tasks/get', { taskId }, GetTaskResultSchema, options)) as GetTaskResult
  }

  /** Waits until the task has ended. */
  async getTaskResult<T extends AnySchema>(
    taskId: string,
    resultSchema?: T,
    options?: RequestOptions,
  ): Promise<SchemaOutput<T>> {
    const schema = resultSchema ?? ResultSchema
    return (await this.#ask('tasks/result', { taskId }, schema, options)) as SchemaOutput<T>
  }

  async listTasks(cursor?: string, options?: RequestOptions): Promise<ListTasksResult> {
    const params = cursor ? { cursor } : undefined
    return (await this.#ask('tasks/list', params, ListTasksResultSchema, options)) as ListTasksResult
  }

  async cancelTask(taskId: string, options?: RequestOptions): Promise<CancelTaskResult> {
    return (await this.#ask('tasks/cancel', { taskId }, CancelTaskResultSchema, options)) as CancelTaskResult
  }

  /** Sends a request, and yields what becomes of it: with `options.task` a task, its states and its result. */
  requestStream<T extends AnySchema>(
    request: object,
    resultSchema: T,
    options: RequestOptions = {},
  ): AsyncGenerator<ResponseMessage<SchemaOutput<T>>, void, void> {
    return requestStream(this.#side, this, request, resultSchema, options)
  }

  #ask(
    method: string,
    params: object | undefined,
    schema: AnySchema,
    options: RequestOptions = {},
  ): Promise<unknown> {
    // A question about a task makes no task.
    const { task: _, ...others } = options
    return this.#side.request({ method, ...(params && { params }) } as never, schema, others)
  }
}

async function* requestStream<T extends AnySchema>(
  side: Asking,
  calls: TaskCalls,
  request: object,
  resultSchema: T,
  options: RequestOptions,
): AsyncGenerator<ResponseMessage<SchemaOutput<T>>, void, void> {
  try {
    if (options.task === undefined) {
      const result = (await side.request(request as never, resultSchema, options)) as SchemaOutput<T>
      yield { type: 'result', result }
      return
    }
    const created = await side.request(request as never, CreateTaskResultSchema, options)
    const { task } = created as { readonly task: Task }
    yield { type: 'taskCreated', task }
    const { taskId } = task
    for (;;) {
      const now = await calls.getTask(taskId, options)
      yield { type: 'taskStatus', task: now }
      if (now.status === 'failed') throw new McpError(ErrorCode.InternalError, `Task ${taskId} failed`)
      if (now.status === 'cancelled')
        throw new McpError(ErrorCode.InternalError, `Task ${taskId} was cancelled`)
      // What it needs comes on the way of its result.
      if (isTerminal(now.status) || now.status === 'input_required') {
        yield { type: 'result', result: await calls.getTaskResult(taskId, resultSchema, options) }
        return
      }
      await new Promise((resolve) => setTimeout(resolve, now.pollInterval ?? DEFAULT_POLL_MS))
      options.signal?.throwIfAborted()
    }
  } catch (error) {
    yield {
      type: 'error',
      error: error instanceof McpError ? error : new McpError(ErrorCode.InternalError, String(error)),
    }
  }
}
