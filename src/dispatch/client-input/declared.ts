/**
 * What a client must have declared before a handler's `inputRequired` may reach it.
 *
 * Spec: 2026-07-28 multi round-trip requests, "Server Requirements" {@link spec.mrtr}.
 * Not here: the same for `ctx.elicit` and its kind (ask.ts).
 */

import { Method } from '../../protocol/methods.ts'
import type { ClientCapabilities, JsonObject } from '../../protocol/wire-types.ts'
import { MissingCapabilityError } from './ask.ts'
import type { InputRequired } from './input-required.ts'

/**
 * A server MUST NOT ask for what the client did not declare.
 *
 * @throws {MissingCapabilityError} for the first request that needs more
 */
export function checkDeclared({ inputRequests }: InputRequired, declared: ClientCapabilities): void {
  for (const { method, params = {} } of inputRequests.values()) {
    if (method === Method.elicit) checkElicitation(params, declared.elicitation)
    else if (method === Method.createMessage) checkSampling(params, declared.sampling)
    else if (declared.roots === undefined) throw new MissingCapabilityError('roots', { roots: {} })
  }
}

function checkElicitation({ mode = 'form' }: JsonObject, declared: ClientCapabilities['elicitation']): void {
  // An empty declaration means form mode, as it did before there were modes.
  const forms = declared !== undefined && (declared.form !== undefined || declared.url === undefined)
  if (mode === 'url' ? declared?.url !== undefined : forms) return
  throw new MissingCapabilityError(`elicitation in ${mode} mode`, { elicitation: { [`${mode}`]: {} } })
}

function checkSampling(
  { tools, toolChoice, includeContext = 'none' }: JsonObject,
  declared: ClientCapabilities['sampling'],
): void {
  if (declared === undefined) throw new MissingCapabilityError('sampling', { sampling: {} })
  if ((tools !== undefined || toolChoice !== undefined) && declared.tools === undefined) {
    throw new MissingCapabilityError('sampling with tools', { sampling: { tools: {} } })
  }
  if (includeContext !== 'none' && declared.context === undefined) {
    throw new MissingCapabilityError(`includeContext ${includeContext}`, { sampling: { context: {} } })
  }
}
