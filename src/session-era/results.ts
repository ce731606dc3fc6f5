/**
 * From an outcome to the text of a response. Results are sent as the features made them, but for what this era, or the
 * revision of the session, has no place for: its clients would throw the whole result away.
 *
 *    structuredContent that is no object      left out; its text stays in `content`
 *    a content block that came later          said in words
 *
 * Spec: 2025-11-25 tools {@link spec.tools}, "Structured Content"; the type ContentBlock of each published schema.
 */

import { isObject } from '../bounds/is-object.ts'
import { concealError, outputInfo } from '../dispatch/error-report.ts'
import { JsonText } from '../dispatch/json-text.ts'
import type { Outcome, RpcRequest } from '../dispatch/outcome.ts'
import { MirroredResult } from '../features/mirror.ts'
import type { McpServer } from '../features/server.ts'
import { encodeError, encodeResult, encodeResultText } from '../jsonrpc/encode.ts'
import { McpError, type RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { CallToolResult, ContentBlock, GetPromptResult, PromptMessage } from '../protocol/wire-types.ts'
import type { Revision } from './revisions.ts'

/** Tools whose owner knows that sessions do not get their structured content. Lifecycle: as long as the server. */
const reported = new WeakMap<McpServer, Set<string>>()
/** Middleware may answer for any number of names. */
const MAX_REPORTED = 1000

/** @param revision - of the client that gets it */
export function encodeOutcome(
  request: RpcRequest,
  outcome: Outcome,
  revision: Revision,
  server: McpServer,
): string {
  if ('error' in outcome) return encodeFailure(request, outcome.error, server)
  const { result } = outcome
  if (result instanceof JsonText) return encodeResultText(request.id, result.text)
  const conceal = (error: unknown) => concealError(error, outputInfo(request), server)
  let sent: unknown
  try {
    sent = sendable(request, result, revision, server)
  } catch (error) {
    return encodeError(request.id, { code: ErrorCode.INTERNAL_ERROR, message: conceal(error) })
  }
  // Middleware can have changed what it saw.
  if (sent instanceof MirroredResult && server.middleware.length === 0) {
    return encodeResultText(request.id, sent.json)
  }
  return encodeResult(request.id, sent, conceal)
}

/** This era has no code for a capability that the client lacks; a model can be told in words. */
function encodeFailure(request: RpcRequest, error: RpcError, server: McpServer): string {
  const { message } = error
  if (error.code !== ErrorCode.MISSING_CLIENT_CAPABILITY) {
    return encodeError(request.id, error, (failure) => server.reportError(failure, outputInfo(request)))
  }
  if (request.method !== Method.toolsCall) {
    return encodeError(request.id, { code: ErrorCode.INVALID_REQUEST, message })
  }
  return encodeResult(request.id, inText(error))
}

/**
 * The outcome of a call as that of its task. A capability that the client lacks is told to a model in words, as it is to
 * that of any other call.
 */
export function asTaskOutcome(outcome: Outcome): Outcome {
  if (!('error' in outcome) || outcome.error.code !== ErrorCode.MISSING_CLIENT_CAPABILITY) return outcome
  return { result: inText(outcome.error) }
}

/** The result of a tool, without what this era has no place for. */
export function forSessions(result: CallToolResult): CallToolResult {
  const { structuredContent } = result
  return structuredContent === undefined || isObject(structuredContent) ? result : withoutStructured(result)
}

function inText({ message }: RpcError): CallToolResult {
  return { content: [{ type: 'text', text: message }], isError: true }
}

function sendable(request: RpcRequest, result: unknown, revision: Revision, server: McpServer): unknown {
  if (request.method === Method.toolsCall) {
    const sent = forSessions(result as CallToolResult)
    if (sent !== result) reportOnce(request, server)
    if (revision.lacks.length === 0) return sent
    return { ...sent, content: sent.content.map((block) => inWords(block, revision)) }
  }
  if (request.method !== Method.promptsGet || revision.lacks.length === 0) return result
  const inWordsToo = (message: PromptMessage) => ({ ...message, content: inWords(message.content, revision) })
  const { messages, ...rest } = result as GetPromptResult
  return { ...rest, messages: messages.map(inWordsToo) }
}

function withoutStructured({ structuredContent, content, ...rest }: CallToolResult): CallToolResult {
  if (content.length > 0) return { ...rest, content }
  return { ...rest, content: [{ type: 'text', text: JSON.stringify(structuredContent) }] }
}

function reportOnce(request: RpcRequest, server: McpServer): void {
  const names = reported.get(server) ?? new Set()
  reported.set(server, names)
  const info = outputInfo(request)
  const { name = '' } = info
  if (names.has(name) || names.size === MAX_REPORTED) return
  names.add(name)
  const problem = `tool ${JSON.stringify(name)}: structuredContent must be an object for clients before 2026-07-28; they get its text only`
  server.reportError(new McpError('ERR_RESULT', problem), info)
}

/** What a revision cannot carry is still there to be read. */
function inWords(block: ContentBlock, { lacks }: Revision): ContentBlock {
  if (!lacks.includes(block.type)) return block
  if (block.type === 'resource_link') {
    return { type: 'text', text: `${block.title ?? block.name}: ${block.uri}` }
  }
  return { type: 'text', text: `(${block.type}, which this version of the protocol cannot carry)` }
}
