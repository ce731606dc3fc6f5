/**
 * The methods of the stateless era. What it has removed (`initialize`, `ping`, `logging/setLevel`, resource
 * subscriptions by request) is not there.
 *
 * Not here: `subscriptions/listen` (subscriptions.ts) and the methods of tasks (tasks.ts), which need the state of the
 * era, and are added to these (era.ts).
 */

import type { MethodHandler, MethodTable } from '../dispatch/dispatcher.ts'
import { complete } from '../features/completion.ts'
import { getPrompt, listPrompts } from '../features/prompts.ts'
import { listResources, listResourceTemplates, readResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { listTools } from '../features/tool-lists.ts'
import { callTool } from '../features/tools.ts'
import { Method } from '../protocol/methods.ts'
import { discover } from './discover.ts'

export const STATELESS_METHODS: MethodTable<McpServer> = new Map<string, MethodHandler<McpServer>>([
  [Method.discover, discover],
  [Method.toolsList, listTools],
  [Method.toolsCall, callTool],
  [Method.resourcesList, listResources],
  [Method.resourceTemplatesList, listResourceTemplates],
  [Method.resourcesRead, readResource],
  [Method.promptsList, listPrompts],
  [Method.promptsGet, getPrompt],
  [Method.complete, complete],
])

/** The method whose calls may become tasks. */
export const TASK_METHODS: MethodTable<McpServer> = new Map<string, MethodHandler<McpServer>>([
  [Method.toolsCall, callTool],
])

/** The requests that may be answered with `input_required`. */
export const TAKES_INPUT: ReadonlySet<string> = new Set([
  Method.toolsCall,
  Method.promptsGet,
  Method.resourcesRead,
])
