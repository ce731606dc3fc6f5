/** `experimental/tasks/index.js`: tasks as the SDK has them on the sessions of 2025-11-25. */

export type { ResponseMessage, TaskMessage } from './calls.ts'
export { ExperimentalClientTasks } from './client.ts'
export * from './interfaces.ts'
export { ExperimentalMcpServerTasks } from './mcp-server.ts'
export { ExperimentalServerTasks } from './server.ts'
export { InMemoryTaskMessageQueue, InMemoryTaskStore } from './stores/in-memory.ts'
export * from './types.ts'
