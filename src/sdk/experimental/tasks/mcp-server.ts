/** `experimental/tasks/mcp-server.js`: tools whose calls are tasks. */

import type { RegisteredTool } from '../../server/registered.ts'
import type { AnySchema, ZodRawShapeCompat } from '../../server/zod-compat.ts'
import type { ToolAnnotations, ToolExecution } from '../../types.ts'
import type { TaskToolExecution, ToolTaskHandler } from './interfaces.ts'

type Schema = ZodRawShapeCompat | AnySchema

interface ToolTaskConfig {
  title?: string
  description?: string
  annotations?: ToolAnnotations
  execution?: TaskToolExecution
  _meta?: Record<string, unknown>
}

type AddTool = (
  name: string,
  config: ToolTaskConfig & { execution: ToolExecution },
  handler: ToolTaskHandler<never>,
) => RegisteredTool

export class ExperimentalMcpServerTasks {
  readonly #addTool: AddTool

  constructor(addTool: AddTool) {
    this.#addTool = addTool
  }

  /** Registers a tool that answers with a task, whose result the client asks for later. */
  registerToolTask<OutputArgs extends undefined | Schema>(
    name: string,
    config: ToolTaskConfig & { outputSchema?: OutputArgs },
    handler: ToolTaskHandler<undefined>,
  ): RegisteredTool
  registerToolTask<InputArgs extends Schema, OutputArgs extends undefined | Schema>(
    name: string,
    config: ToolTaskConfig & { inputSchema: InputArgs; outputSchema?: OutputArgs },
    handler: ToolTaskHandler<InputArgs>,
  ): RegisteredTool
  registerToolTask(name: string, config: ToolTaskConfig, handler: ToolTaskHandler<never>): RegisteredTool {
    const execution: ToolExecution = { taskSupport: 'required', ...config.execution }
    if (execution.taskSupport === 'forbidden') {
      throw new Error(
        `Cannot register task-based tool '${name}' with taskSupport 'forbidden'. Use registerTool() instead.`,
      )
    }
    return this.#addTool(name, { ...config, execution } as never, handler)
  }
}
