/** What a client knows of tools whose calls are tasks, from the last list. */

import { ErrorCode, McpError, type ServerCapabilities, type Tool } from '../types.ts'

export class TaskTools {
  readonly #support = new Map<string, 'required' | 'optional'>()

  #isDeclared = false

  keep(tools: readonly Tool[], capabilities: ServerCapabilities | undefined): void {
    this.#isDeclared = capabilities?.tasks?.requests?.tools?.call !== undefined
    this.#support.clear()
    for (const { name, execution } of tools) {
      const { taskSupport = 'forbidden' } = execution ?? {}
      if (taskSupport !== 'forbidden') this.#support.set(name, taskSupport)
    }
  }

  /** Whether calls of a tool may be tasks, and the server has declared such tasks. */
  has(name: string): boolean {
    return this.#isDeclared && this.#support.has(name)
  }

  /** @throws {McpError} -32600, calls of the tool have to be tasks */
  assertNotRequired(name: string): void {
    if (this.#support.get(name) !== 'required') return
    throw new McpError(
      ErrorCode.InvalidRequest,
      `Tool "${name}" requires task-based execution. Use client.experimental.tasks.callToolStream() instead.`,
    )
  }
}
