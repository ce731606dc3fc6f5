/** `shared/responseMessage.js`: what comes for a request that may become a task. */

import type { McpError, Result, Task } from '../types.ts'

export interface BaseResponseMessage {
  type: string
}
export interface TaskStatusMessage extends BaseResponseMessage {
  type: 'taskStatus'
  task: Task
}
export interface TaskCreatedMessage extends BaseResponseMessage {
  type: 'taskCreated'
  task: Task
}
export interface ResultMessage<T extends Result> extends BaseResponseMessage {
  type: 'result'
  result: T
}
export interface ErrorMessage extends BaseResponseMessage {
  type: 'error'
  error: McpError
}
export type ResponseMessage<T extends Result> =
  | TaskStatusMessage
  | TaskCreatedMessage
  | ResultMessage<T>
  | ErrorMessage
export type AsyncGeneratorValue<T> = T extends AsyncGenerator<infer U> ? U : never

/** All messages. */
export async function toArrayAsync<T extends AsyncGenerator<unknown>>(
  it: T,
): Promise<AsyncGeneratorValue<T>[]> {
  const all: AsyncGeneratorValue<T>[] = []
  for await (const each of it) all.push(each as AsyncGeneratorValue<T>)
  return all
}

/** The result. @throws {McpError} the error that came in its place @throws {Error} neither came */
export async function takeResult<T extends Result, U extends AsyncGenerator<ResponseMessage<T>>>(
  it: U,
): Promise<T> {
  for await (const message of it) {
    if (message.type === 'result') return message.result
    if (message.type === 'error') throw message.error
  }
  throw new Error('No result in stream.')
}
