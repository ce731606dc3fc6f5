/** Lists that are asked for again when the server says that they have changed. */

import type { AnySchema } from '../server/zod-compat.ts'
import type {
  ListChangedHandlers,
  ListChangedOptions,
  Prompt,
  Resource,
  ServerCapabilities,
  Tool,
} from '../types.ts'
import {
  ListChangedOptionsBaseSchema,
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '../types.ts'

/** The part of a client that is used. */
interface ListClient {
  listTools(): Promise<{ tools: Tool[] }>
  listPrompts(): Promise<{ prompts: Prompt[] }>
  listResources(): Promise<{ resources: Resource[] }>
  setNotificationHandler(schema: AnySchema, handler: () => void): void
}

/** @throws {Error} a wrong option, named */
export function watchLists(
  client: ListClient,
  handlers: ListChangedHandlers,
  offered: ServerCapabilities,
): void {
  const { tools, prompts, resources } = handlers
  if (tools && offered.tools?.listChanged) {
    const refresh = refresher('tools', tools, async () => (await client.listTools()).tools)
    client.setNotificationHandler(ToolListChangedNotificationSchema, refresh)
  }
  if (prompts && offered.prompts?.listChanged) {
    const refresh = refresher('prompts', prompts, async () => (await client.listPrompts()).prompts)
    client.setNotificationHandler(PromptListChangedNotificationSchema, refresh)
  }
  if (resources && offered.resources?.listChanged) {
    const refresh = refresher('resources', resources, async () => (await client.listResources()).resources)
    client.setNotificationHandler(ResourceListChangedNotificationSchema, refresh)
  }
}

function refresher<T>(name: string, options: ListChangedOptions<T>, list: () => Promise<T[]>): () => void {
  const checked = ListChangedOptionsBaseSchema.safeParse(options)
  if (!checked.success) throw new Error(`Invalid ${name} listChanged options: ${checked.error.message}`)
  const { onChanged } = options
  if (typeof onChanged !== 'function') {
    throw new Error(`Invalid ${name} listChanged options: onChanged must be a function`)
  }
  const { autoRefresh, debounceMs } = checked.data
  const refresh = () => {
    if (!autoRefresh) onChanged(null, null)
    else
      list().then(
        (items) => onChanged(null, items),
        (error) => onChanged(error, null),
      )
  }
  let timer: NodeJS.Timeout | undefined
  return () => {
    clearTimeout(timer)
    if (debounceMs === 0) refresh()
    else timer = setTimeout(refresh, debounceMs)
  }
}
