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
import type { McpServer } from '../features/server.ts'
import { WrittenResult } from '../features/written-result.ts'
import { encodeError, encodeResult, encodeResultText, resultJson } from '../jsonrpc/encode.ts'
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
  try {
    const sent = sendable(request, result, revision, server)
    // Middleware can have changed what it saw.
    const isWritten = sent instanceof WrittenResult && server.middleware.length === 0
    return encodeResultText(request.id, isWritten ? sent.json : resultJson(sent))
  } catch (error) {
    const message = concealError(error, outputInfo(request), server)
    return encodeError(request.id, { code: ErrorCode.INTERNAL_ERROR, message })
  }
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
  return encodeResult(request.id, { content: [{ type: 'text', text: message }], isError: true })
}

function sendable(request: RpcRequest, result: unknown, revision: Revision, server: McpServer): unknown {
  if (request.method === Method.toolsCall) {
    let sent = result as CallToolResult
    const { structuredContent } = sent
    if (structuredContent !== undefined && !isObject(structuredContent)) {
      reportOnce(request, server)
      sent = withoutStructured(sent)
    }
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
