/** `experimental/tasks/client.js`: calls of tools that a server answers as tasks. */

import type { AnySchema, SchemaOutput } from '../../server/zod-compat.ts'
import type { RequestOptions } from '../../shared/protocol-types.ts'
import { type CallToolRequest, CallToolResultSchema } from '../../types.ts'
import { type Asking, type ResponseMessage, TaskCalls } from './calls.ts'

export class ExperimentalClientTasks extends TaskCalls {
  readonly #isTaskTool: (name: string) => boolean

  /** @param isTaskTool - whether the server has said that it makes tasks of the calls of a tool */
  constructor(side: Asking, isTaskTool: (name: string) => boolean) {
    super(side)
    this.#isTaskTool = isTaskTool
  }

  callToolStream<T extends AnySchema = typeof CallToolResultSchema>(
    params: CallToolRequest['params'],
    resultSchema?: T,
    options?: RequestOptions,
  ): AsyncGenerator<ResponseMessage<SchemaOutput<T>>, void, void> {
    const task = options?.task ?? (this.#isTaskTool(params.name) ? {} : undefined)
    const schema = (resultSchema ?? CallToolResultSchema) as T
    return this.requestStream({ method: 'tools/call', params }, schema, { ...options, ...(task && { task }) })
  }
}
