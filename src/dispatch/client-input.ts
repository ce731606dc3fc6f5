/**
 * Questions that a server puts to its client in the middle of a call: elicitation, sampling, roots.
 *
 * Each checks first that the client declared the capability (a server MUST NOT send what was not declared), and
 * checks the answer before the handler sees it.
 *
 * Spec: 2025-11-25 elicitation {@link spec.elicitation}, sampling {@link spec.sampling}, roots {@link spec.roots}.
 */

import { randomUUID } from 'node:crypto'
import { compile, type Validator } from '../json-schema/compile.ts'
import { formatError } from '../json-schema/result.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { Method } from '../protocol/methods.ts'
import type {
  CreateMessageParams,
  CreateMessageResult,
  ElicitFormParams,
  ElicitResult,
  ElicitUrlParams,
  JsonObject,
  Root,
} from '../protocol/wire-types.ts'
import type { Exchange, SendRequest } from './exchange.ts'

/** The handler wants something of the client that the client did not declare. Nothing was sent. */
export class MissingCapabilityError extends McpError {
  /** In the form of `ClientCapabilities`: what the client would have to declare. */
  readonly requiredCapabilities: JsonObject

  constructor(what: string, requiredCapabilities: JsonObject) {
    super(
      'ERR_CLIENT_CAPABILITY',
      `This needs a client that supports ${what}, and the client does not declare it`,
    )
    this.requiredCapabilities = requiredCapabilities
  }
}

/** Lifecycle: one entry for each `requestedSchema` object that is still referenced by its handler. */
const validators = new WeakMap<object, Validator>()

export async function elicit(
  exchange: Exchange,
  params: ElicitFormParams | ElicitUrlParams,
): Promise<ElicitResult> {
  const declared = exchange.peer.capabilities.elicitation
  const byUrl = 'url' in params
  if (byUrl ? declared?.url === undefined : !supportsForms(declared)) {
    const mode = byUrl ? 'url' : 'form'
    throw new MissingCapabilityError(`elicitation in ${mode} mode`, { elicitation: { [mode]: {} } })
  }
  const send = channel(exchange)
  const sent = byUrl
    ? { mode: 'url', elicitationId: randomUUID(), ...params }
    : { message: params.message, requestedSchema: params.requestedSchema }
  const validator = byUrl ? undefined : validatorOf(params.requestedSchema)
  const answer = await send(Method.elicit, sent, { waitsForUser: true })
  if (!isObject(answer)) throw invalidAnswer(Method.elicit, 'an object with an "action"')
  const action = answer['action']
  if (action !== 'accept' && action !== 'decline' && action !== 'cancel') {
    throw invalidAnswer(Method.elicit, '"action" accept, decline or cancel')
  }
  if (action !== 'accept' || validator === undefined) return { action }
  const content = answer['content'] ?? {}
  const checked = validator(content)
  if (!checked.valid) {
    throw invalidAnswer(Method.elicit, `content as requested (${checked.errors.map(formatError).join('; ')})`)
  }
  return { action, content: content as JsonObject }
}

export async function sample(exchange: Exchange, params: CreateMessageParams): Promise<CreateMessageResult> {
  const declared = exchange.peer.capabilities.sampling
  if (declared === undefined) throw new MissingCapabilityError('sampling', { sampling: {} })
  if ((params.tools !== undefined || params.toolChoice !== undefined) && declared.tools === undefined) {
    throw new MissingCapabilityError('sampling with tools', { sampling: { tools: {} } })
  }
  const context = params.includeContext
  if (context !== undefined && context !== 'none' && declared.context === undefined) {
    throw new MissingCapabilityError(`includeContext ${context}`, { sampling: { context: {} } })
  }
  const answer = await channel(exchange)(Method.createMessage, { ...params }, { waitsForUser: true })
  if (
    !isObject(answer) ||
    typeof answer['model'] !== 'string' ||
    (answer['role'] !== 'assistant' && answer['role'] !== 'user') ||
    !(Array.isArray(answer['content']) ? answer['content'] : [answer['content']]).every(isContent)
  ) {
    throw invalidAnswer(Method.createMessage, '"model", "role" and "content"')
  }
  return answer as unknown as CreateMessageResult
}

export async function listRoots(exchange: Exchange): Promise<readonly Root[]> {
  if (exchange.peer.capabilities.roots === undefined) throw new MissingCapabilityError('roots', { roots: {} })
  const answer = await channel(exchange)(Method.listRoots, {})
  const roots = isObject(answer) ? answer['roots'] : undefined
  if (!Array.isArray(roots) || !roots.every((root) => isObject(root) && isFileUri(root['uri']))) {
    throw invalidAnswer(Method.listRoots, '"roots", each with a file:// "uri"')
  }
  return roots as readonly Root[]
}

/** An empty declaration means form mode, as it did before there were modes. */
function supportsForms(declared: Exchange['peer']['capabilities']['elicitation']): boolean {
  return declared !== undefined && (declared.form !== undefined || declared.url === undefined)
}

function channel(exchange: Exchange): SendRequest {
  if (exchange.request !== undefined) return exchange.request
  throw new McpError(
    'ERR_NO_CLIENT_CHANNEL',
    'The client cannot be asked during this call: it has no session, or its Accept header excludes text/event-stream',
  )
}

function validatorOf(schema: JsonObject): Validator {
  let validator = validators.get(schema)
  if (validator === undefined) {
    validator = compile(schema, { defaults: true })
    validators.set(schema, validator)
  }
  return validator
}

function invalidAnswer(method: string, expected: string): McpError {
  return new McpError(
    'ERR_INVALID_ANSWER',
    `The client's answer to ${method} is not usable: expected ${expected}`,
  )
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isContent(value: unknown): boolean {
  return isObject(value) && typeof value['type'] === 'string'
}

function isFileUri(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('file://')
}
