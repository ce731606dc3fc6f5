/**
 * Input requests as handlers make them: elicitation, sampling and roots, in straight-line code.
 *
 * Each checks first that the client declared what it needs (client-capabilities.ts) and that the request is well-formed,
 * and checks the response before the handler gets it.
 *
 * Spec: 2025-11-25 elicitation {@link spec.elicitation}, sampling {@link spec.sampling}, roots {@link spec.roots}.
 */

import { isObject } from '../../bounds/is-object.ts'
import { excerpt, shown } from '../../bounds/quote.ts'
import type { SchemaLike } from '../../json-schema/adapter/standard-schema.ts'
import { formatErrors } from '../../json-schema/explain/result.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { Method } from '../../protocol/methods.ts'
import type {
  CreateMessageParams,
  CreateMessageResult,
  ElicitFormParams,
  ElicitResult,
  ElicitUrlParams,
  Root,
} from '../../protocol/wire-types.ts'
import type { RpcExchange, SendRequest } from '../rpc-exchange.ts'
import { requireDeclared } from './client-capabilities.ts'
import type { AskOptions } from './client-input.ts'
import { checkMessage, checkUrl, formOf } from './elicitation-params.ts'
import { checkParams } from './handler-calls.ts'
import type { InputRequest } from './input-required.ts'
import { checkSamplingParams, checkToolUses } from './sampling-params.ts'
import { urlParams } from './url-elicitation.ts'

/** Characters of a client's error message that ours repeats. */
const MAX_CLIENT_MESSAGE = 500

export async function elicit(
  exchange: RpcExchange,
  key: string,
  params: ElicitFormParams<SchemaLike> | ElicitUrlParams,
  options?: AskOptions,
): Promise<ElicitResult<unknown>> {
  checkParams('elicit', params, 'an object, { message, requestedSchema } or { message, url },')
  const mode = isByUrl(params) ? 'url' : 'form'
  requireDeclared({ method: Method.elicit, params: { mode } }, exchange.peer.capabilities)
  checkMessage(params.message)
  if (isByUrl(params)) {
    checkUrl(params.url)
    // The id is for the notification of completion, which only a client with a session can get.
    const sent = exchange.sessionId === undefined ? { ...params, mode } : urlParams(params)
    return ask(exchange, key, options, { method: Method.elicit, params: sent }, (response) => {
      const { action } = readElicitResult(response)
      return action === 'accept' ? { action, content: undefined } : { action }
    })
  }
  const { requestedSchema, answer: schema } = formOf(params.requestedSchema)
  const request = { method: Method.elicit, params: { message: params.message, requestedSchema } }
  return ask(exchange, key, options, request, async (response) => {
    const { action, content } = readElicitResult(response)
    if (action !== 'accept') return { action }
    const checked = await schema.validate(content ?? {})
    if (checked.valid) return { action, content: checked.value }
    const problems = formatErrors(checked.errors, '; ')
    throw invalidResponse(Method.elicit, `content as requested (${problems})`)
  })
}

export async function sample(
  exchange: RpcExchange,
  key: string,
  params: CreateMessageParams,
  options?: AskOptions,
): Promise<CreateMessageResult> {
  checkParams('sample', params, 'an object, { messages, maxTokens },')
  const request = { method: Method.createMessage, params: { ...params } }
  requireDeclared(request, exchange.peer.capabilities)
  checkSamplingParams(params)
  checkToolUses(params.messages)
  return ask(exchange, key, options, request, (response) => {
    if (
      !isObject(response) ||
      typeof response['model'] !== 'string' ||
      (response['role'] !== 'assistant' && response['role'] !== 'user') ||
      !(Array.isArray(response['content']) ? response['content'] : [response['content']]).every(isContent)
    ) {
      throw invalidResponse(Method.createMessage, '"model", "role" and "content"')
    }
    return response as unknown as CreateMessageResult
  })
}

export async function listRoots(
  exchange: RpcExchange,
  key: string,
  options?: AskOptions,
): Promise<readonly Root[]> {
  const request = { method: Method.listRoots, params: {} }
  requireDeclared(request, exchange.peer.capabilities)
  return ask(exchange, key, options, request, (response) => {
    const roots = isObject(response) ? response['roots'] : undefined
    if (!Array.isArray(roots) || !roots.every((root) => isObject(root) && isFileUri(root['uri']))) {
      throw invalidResponse(Method.listRoots, '"roots", each with a file:// "uri"')
    }
    return roots as readonly Root[]
  })
}

function isByUrl(params: ElicitFormParams<SchemaLike> | ElicitUrlParams): params is ElicitUrlParams {
  return 'url' in params && params.url !== undefined
}

function readElicitResult(response: unknown): { action: ElicitResult['action']; content?: unknown } {
  const { action, content } = isObject(response) ? response : {}
  if (action === 'accept' || action === 'decline' || action === 'cancel') return { action, content }
  throw invalidResponse(Method.elicit, '"action" accept, decline or cancel')
}

/**
 * Sends a request on the stream of the call where there is one, and otherwise asks with an `InputRequiredResult`.
 *
 * @param check - makes of the response what the handler gets; throws when it is not usable
 */
async function ask<T>(
  exchange: RpcExchange,
  key: string,
  options: AskOptions | undefined,
  request: InputRequest,
  check: (response: unknown) => T | Promise<T>,
): Promise<T> {
  const timeoutMs = checkTimeout(options?.timeoutMs)
  if (exchange.clientInput !== undefined) return exchange.clientInput.ask(key, request, check, options)
  const { method, params = {} } = request
  let response: unknown
  try {
    const waitsForUser = method !== Method.listRoots
    const { asTask } = options ?? {}
    response = await senderOf(exchange)(method, params, { waitsForUser, timeoutMs, asTask })
  } catch (cause) {
    if (!(cause instanceof RpcError)) throw cause
    // A client's error is for the handler: it must not become, by itself, our error to the same client.
    const problem = `The client answered ${method} with an error: ${excerpt(cause.message, MAX_CLIENT_MESSAGE)} (${cause.code})`
    throw new McpError('ERR_CLIENT_ANSWER', problem, { cause })
  }
  return check(response)
}

function senderOf(exchange: RpcExchange): SendRequest {
  if (exchange.request !== undefined) return exchange.request
  throw new McpError(
    'ERR_NO_CLIENT_CHANNEL',
    'The client cannot be asked during this call: it has no session, or its Accept header excludes text/event-stream',
  )
}

/** @throws {TypeError} not a time */
function checkTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs >= 0)) return timeoutMs
  throw new TypeError(`timeoutMs must be 0 (no limit) or a number of milliseconds; got ${shown(timeoutMs)}`)
}

function invalidResponse(method: string, expected: string): McpError {
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
