/**
 * What a client must have declared before it is asked for input: a server MUST NOT send a request that needs more.
 *
 * Spec: 2025-11-25 elicitation {@link spec.elicitation}, sampling {@link spec.sampling}, roots {@link spec.roots};
 * 2026-07-28 multi round-trip requests, "Server Requirements (Basic Workflow)" {@link spec.mrtr}.
 */

import { McpError } from '../../jsonrpc/rpc-error.ts'
import { Method } from '../../protocol/methods.ts'
import type { ClientCapabilities, JsonObject } from '../../protocol/wire-types.ts'
import type { InputRequest } from './input-required.ts'

/** The handler wants something of the client that the client did not declare. Nothing was sent. */
export class MissingCapabilityError extends McpError {
  /** In the form of `ClientCapabilities`: what the client would have to declare. */
  readonly requiredCapabilities: object

  constructor(what: string, requiredCapabilities: object) {
    super(
      'ERR_CLIENT_CAPABILITY',
      `This needs a client that supports ${what}, and the client does not declare it`,
    )
    this.requiredCapabilities = requiredCapabilities
  }
}

/** @throws {MissingCapabilityError} the client did not declare what the request needs */
export function requireDeclared({ method, params = {} }: InputRequest, declared: ClientCapabilities): void {
  if (method === Method.elicit) requireElicitation(params, declared)
  else if (method === Method.createMessage) requireSampling(params, declared.sampling)
  else if (declared.roots === undefined) throw new MissingCapabilityError('roots', { roots: {} })
}

/** An empty declaration of elicitation means form mode, as it did before there were modes. */
export function supportsElicitation({ elicitation }: ClientCapabilities, mode: 'form' | 'url'): boolean {
  if (elicitation === undefined) return false
  const { form, url } = elicitation
  return mode === 'url' ? url !== undefined : form !== undefined || url === undefined
}

function requireElicitation({ mode = 'form' }: JsonObject, declared: ClientCapabilities): void {
  if (supportsElicitation(declared, mode === 'url' ? 'url' : 'form')) return
  throw new MissingCapabilityError(`elicitation in ${mode} mode`, { elicitation: { [`${mode}`]: {} } })
}

function requireSampling(
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
