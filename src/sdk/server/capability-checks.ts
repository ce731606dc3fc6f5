/** What each side has declared, asked before something is sent. */

import { Method, Notify } from '../../protocol/methods.ts'
import type { ClientCapabilities, ServerCapabilities } from '../types.ts'

/** @throws {Error} the server has not declared what a notification is about */
export function assertDeclared(method: string, capabilities: ServerCapabilities): void {
  const { logging, resources, tools, prompts } = capabilities
  const lacks = (what: string) => new Error(`Server does not support ${what} (required for ${method})`)
  if (method === Notify.message && !logging) throw lacks('logging')
  if (method.startsWith('notifications/resources/') && !resources) throw lacks('notifying about resources')
  if (method === Notify.toolsChanged && !tools) throw lacks('notifying of tool list changes')
  if (method === Notify.promptsChanged && !prompts) throw lacks('notifying of prompt list changes')
}

/** @throws {Error} the client has not declared that it can be asked this */
export function assertClientSupports(method: string, capabilities: ClientCapabilities = {}): void {
  const { sampling, elicitation, roots } = capabilities
  const lacks = (what: string) => new Error(`Client does not support ${what} (required for ${method})`)
  if (method === Method.createMessage && !sampling) throw lacks('sampling')
  if (method === Method.elicit && !elicitation) throw lacks('elicitation')
  if (method === Method.listRoots && !roots) throw lacks('listing roots')
}
