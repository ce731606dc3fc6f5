/**
 * Encodes an outcome as the text of a response. Results are sent as the features made them, except for what the revision
 * of the session does not define, since its clients would reject the whole result:
 *
 *    structuredContent that is no object      omitted; its text stays in `content`
 *    a content block of a later revision      replaced by a text block
 *
 * Spec: 2025-11-25 tools {@link spec.tools}, "Structured Content"; the type ContentBlock of each published schema.
 */

import { isObject } from '../bounds/is-object.ts'
import { concealError, outputInfo } from '../dispatch/error-report.ts'
import { JsonText } from '../dispatch/json-text.ts'
import type { Outcome, RpcRequest } from '../dispatch/outcome.ts'
import type { McpServer } from '../features/server.ts'
import { WrittenResult } from '../features/written-result.ts'
import { encodeError, encodeResult, encodeResultText, resultJson } from '../jsonrpc/encode.ts'
import { McpError, type RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { CallToolResult, ContentBlock, GetPromptResult, PromptMessage } from '../protocol/wire-types.ts'
import type { Revision } from './revisions.ts'

/** Tools that were reported because sessions do not get their structured content. Lifecycle: as long as the server. */
const reported = new WeakMap<McpServer, Set<string>>()
/** Middleware may answer calls of any number of names. */
const MAX_REPORTED = 1000

/** @param revision - of the client */
export function encodeOutcome(
  request: RpcRequest,
  outcome: Outcome,
  revision: Revision,
  server: McpServer,
): string {
  if ('error' in outcome) return encodeFailure(request, outcome.error, server)
  const { result } = outcome
  if (result instanceof JsonText) return encodeResultText(request.id, result.text)
  try {
    const sent = inRevision(request, result, revision, server)
    // Middleware may have changed the result after its text was made.
    const isWritten = sent instanceof WrittenResult && server.middleware.length === 0
    return encodeResultText(request.id, isWritten ? sent.json : resultJson(sent))
  } catch (error) {
    const message = concealError(error, outputInfo(request), server)
    return encodeError(request.id, { code: ErrorCode.INTERNAL_ERROR, message })
  }
}

/** This era defines no error code for a missing client capability; for a tool the text goes to the model. */
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
 * The outcome of a call as that of its task. A client capability that is missing becomes a text for the model, as
 * in any other call.
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

function inRevision(request: RpcRequest, result: unknown, revision: Revision, server: McpServer): unknown {
  if (request.method === Method.toolsCall) {
    const sent = forSessions(result as CallToolResult)
    if (sent !== result) reportOnce(request, server)
    if (revision.missingBlockTypes.length === 0) return sent
    return { ...sent, content: sent.content.map((block) => blockInRevision(block, revision)) }
  }
  if (request.method !== Method.promptsGet || revision.missingBlockTypes.length === 0) return result
  const messageInRevision = (message: PromptMessage) => ({
    ...message,
    content: blockInRevision(message.content, revision),
  })
  const { messages, ...rest } = result as GetPromptResult
  return { ...rest, messages: messages.map(messageInRevision) }
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

/** A block whose type the revision does not define becomes a text block. */
function blockInRevision(block: ContentBlock, { missingBlockTypes }: Revision): ContentBlock {
  if (!missingBlockTypes.includes(block.type)) return block
  if (block.type === 'resource_link') {
    return { type: 'text', text: `${block.title ?? block.name}: ${block.uri}` }
  }
  return { type: 'text', text: `(${block.type}, which this version of the protocol cannot carry)` }
}
