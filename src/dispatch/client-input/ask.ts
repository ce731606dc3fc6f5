/**
 * Questions that a server puts to its client in the middle of a call: elicitation, sampling, roots.
 *
 * Each checks first that the client declared the capability (a server MUST NOT send what was not declared), and
 * checks the answer before the handler sees it.
 *
 * Spec: 2025-11-25 elicitation {@link spec.elicitation}, sampling {@link spec.sampling}, roots {@link spec.roots}.
 */

import { randomUUID } from 'node:crypto'
import { isObject } from '../../bounds/is-object.ts'
import { excerpt } from '../../bounds/quote.ts'
import type { SchemaLike } from '../../json-schema/adapter/standard-schema.ts'
import { formatErrors } from '../../json-schema/explain/result.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type {
  CreateMessageParams,
  CreateMessageResult,
  ElicitFormParams,
  ElicitResult,
  ElicitUrlParams,
  JsonObject,
  Root,
} from '../../protocol/wire-types.ts'
import type { RpcExchange, SendRequest } from '../rpc-exchange.ts'
import type { AskOptions, InputRequest } from './input-required.ts'
import { checkSamplingParams } from './request-params.ts'
import { checkMessage, checkTimeout, checkToolUses, checkUrl, formOf } from './rules.ts'

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

/**
 * Throw it where a request can be served only after the user has visited a URL: the client gets -32042 with what
 * to open, and tries again later. For clients that declare elicitation in URL mode (2025-11-25).
 */
export class UrlElicitationRequiredError extends RpcError {
  /** @param elicitations - at least one; an `elicitationId` is made for each that has none */
  constructor(elicitations: readonly ElicitUrlParams[], message = 'The user has to visit a URL first') {
    if (elicitations.length === 0) throw new TypeError('UrlElicitationRequiredError needs an elicitation')
    super(ErrorCode.URL_ELICITATION_REQUIRED, message, { elicitations: elicitations.map(urlParams) })
  }
}

/** Characters of a client's error message that our own repeats. */
const MAX_CLIENT_MESSAGE = 500

export async function elicit(
  exchange: RpcExchange,
  key: string,
  params: ElicitFormParams<SchemaLike> | ElicitUrlParams,
  options?: AskOptions,
): Promise<ElicitResult<unknown>> {
  const declared = exchange.peer.capabilities.elicitation
  const byUrl = 'url' in params
  if (byUrl ? declared?.url === undefined : !supportsForms(declared)) {
    const mode = byUrl ? 'url' : 'form'
    throw new MissingCapabilityError(`elicitation in ${mode} mode`, { elicitation: { [mode]: {} } })
  }
  checkMessage(params.message)
  if (byUrl) {
    checkUrl(params.url)
    // The id is for a notice of completion, which only a client with a session can get.
    const sent = exchange.sessionId === undefined ? { mode: 'url', ...params } : urlParams(params)
    return ask(exchange, key, options, { method: Method.elicit, params: sent }, (answer) => {
      const { action } = readElicitAnswer(answer)
      return action === 'accept' ? { action, content: undefined } : { action }
    })
  }
  const { requestedSchema, answer: schema } = formOf(params.requestedSchema)
  const request = { method: Method.elicit, params: { message: params.message, requestedSchema } }
  return ask(exchange, key, options, request, async (answer) => {
    const { action, content } = readElicitAnswer(answer)
    if (action !== 'accept') return { action }
    const checked = await schema.validate(content ?? {})
    if (checked.valid) return { action, content: checked.value }
    const problems = formatErrors(checked.errors, '; ')
    throw invalidAnswer(Method.elicit, `content as requested (${problems})`)
  })
}

export async function sample(
  exchange: RpcExchange,
  key: string,
  params: CreateMessageParams,
  options?: AskOptions,
): Promise<CreateMessageResult> {
  const declared = exchange.peer.capabilities.sampling
  if (declared === undefined) throw new MissingCapabilityError('sampling', { sampling: {} })
  if ((params.tools !== undefined || params.toolChoice !== undefined) && declared.tools === undefined) {
    throw new MissingCapabilityError('sampling with tools', { sampling: { tools: {} } })
  }
  const context = params.includeContext
  if (context !== undefined && context !== 'none' && declared.context === undefined) {
    throw new MissingCapabilityError(`includeContext ${context}`, { sampling: { context: {} } })
  }
  checkSamplingParams(params)
  checkToolUses(params.messages)
  return ask(exchange, key, options, { method: Method.createMessage, params: { ...params } }, (answer) => {
    if (
      !isObject(answer) ||
      typeof answer['model'] !== 'string' ||
      (answer['role'] !== 'assistant' && answer['role'] !== 'user') ||
      !(Array.isArray(answer['content']) ? answer['content'] : [answer['content']]).every(isContent)
    ) {
      throw invalidAnswer(Method.createMessage, '"model", "role" and "content"')
    }
    return answer as unknown as CreateMessageResult
  })
}

export async function listRoots(
  exchange: RpcExchange,
  key: string,
  options?: AskOptions,
): Promise<readonly Root[]> {
  if (exchange.peer.capabilities.roots === undefined) throw new MissingCapabilityError('roots', { roots: {} })
  return ask(exchange, key, options, { method: Method.listRoots, params: {} }, (answer) => {
    const roots = isObject(answer) ? answer['roots'] : undefined
    if (!Array.isArray(roots) || !roots.every((root) => isObject(root) && isFileUri(root['uri']))) {
      throw invalidAnswer(Method.listRoots, '"roots", each with a file:// "uri"')
    }
    return roots as readonly Root[]
  })
}

function readElicitAnswer(answer: unknown): { action: ElicitResult['action']; content?: unknown } {
  const action = isObject(answer) ? answer['action'] : undefined
  if (action === 'accept' || action === 'decline' || action === 'cancel') {
    return { action, content: (answer as JsonObject)['content'] }
  }
  throw invalidAnswer(Method.elicit, '"action" accept, decline or cancel')
}

/** An empty declaration means form mode, as it did before there were modes. */
function supportsForms(declared: RpcExchange['peer']['capabilities']['elicitation']): boolean {
  return declared !== undefined && (declared.form !== undefined || declared.url === undefined)
}

function urlParams(params: ElicitUrlParams): JsonObject {
  checkMessage(params.message)
  checkUrl(params.url)
  return { mode: 'url', ...params, elicitationId: params.elicitationId ?? randomUUID() }
}

/**
 * Asks on the call's stream where there is one, and otherwise by ending the round.
 *
 * @param check - makes of the answer what the handler gets; throws when it is not usable
 */
async function ask<T>(
  exchange: RpcExchange,
  key: string,
  options: AskOptions | undefined,
  request: InputRequest,
  check: (answer: unknown) => T | Promise<T>,
): Promise<T> {
  const timeoutMs = checkTimeout(options?.timeoutMs)
  if (exchange.inputs !== undefined) return exchange.inputs.ask(key, request, check, options)
  const { method, params = {} } = request
  let answer: unknown
  try {
    const waitsForUser = method !== Method.listRoots
    answer = await channel(exchange)(method, params, { waitsForUser, timeoutMs })
  } catch (cause) {
    if (!(cause instanceof RpcError)) throw cause
    // A client's error is for the handler: it must not become, by itself, our error to the same client.
    const problem = `The client answered ${method} with an error: ${excerpt(cause.message, MAX_CLIENT_MESSAGE)} (${cause.code})`
    throw new McpError('ERR_CLIENT_ANSWER', problem, { cause })
  }
  return check(answer)
}

function channel(exchange: RpcExchange): SendRequest {
  if (exchange.request !== undefined) return exchange.request
  throw new McpError(
    'ERR_NO_CLIENT_CHANNEL',
    'The client cannot be asked during this call: it has no session, or its Accept header excludes text/event-stream',
  )
}

function invalidAnswer(method: string, expected: string): McpError {
  return new McpError(
    'ERR_INVALID_ANSWER',
    `The client's answer to ${method} is not usable: expected ${expected}`,
  )
}

function isContent(value: unknown): boolean {
  return isObject(value) && typeof value['type'] === 'string'
}

function isFileUri(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('file://')
}
