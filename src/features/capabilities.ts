/**
 * The capabilities that a server declares: only for what is registered, and only what the era supports.
 *
 * Not here: how a capability is negotiated, which is each era's own.
 */

import { TASKS_EXTENSION } from '../protocol/meta-keys.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { completes } from './completion.ts'
import type { McpServer } from './server.ts'

export interface EraAbilities {
  /** There is a stream for change notifications. */
  readonly notifies: boolean
  /** Clients can request log messages. */
  readonly logs: boolean
  /** Extensions can be declared, and their methods called; calls can become tasks. */
  readonly extensions?: boolean
  /** The tasks of 2025-11-25; `list`: callers can list their own. */
  readonly tasks?: { readonly list: boolean } | undefined
}

interface Configured {
  readonly config: { readonly subscribe?: unknown }
}

export function offeredCapabilities(server: McpServer, era: EraAbilities): JsonObject {
  const { tools, prompts, resources, resourceTemplates } = server
  const listChanged = era.notifies ? { listChanged: true } : {}
  const found: Record<string, JsonObject> = {}
  if (tools.size > 0) found['tools'] = listChanged
  if (prompts.size > 0) found['prompts'] = listChanged
  if (resources.size > 0 || resourceTemplates.size > 0) {
    const subscribe = era.notifies && (resources.some(canSubscribe) || resourceTemplates.some(canSubscribe))
    found['resources'] = subscribe ? { ...listChanged, subscribe } : listChanged
  }
  if (prompts.some(completes) || resourceTemplates.some(completes)) found['completions'] = {}
  if (era.logs && server.defaultLogLevel !== undefined) found['logging'] = {}
  if (era.tasks !== undefined && server.hasTaskTools) {
    const list = era.tasks.list ? { list: {} } : {}
    found['tasks'] = { ...list, cancel: {}, requests: { tools: { call: {} } } }
  }
  if (era.extensions === true && (server.hasTaskTools || server.extensions.settings.size > 0)) {
    const tasks = server.hasTaskTools ? { [TASKS_EXTENSION]: {} } : {}
    found['extensions'] = { ...tasks, ...Object.fromEntries(server.extensions.settings) }
  }
  return found
}

function canSubscribe({ config }: Configured): boolean {
  return config.subscribe !== undefined && config.subscribe !== false
}
