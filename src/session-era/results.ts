/** From an outcome to the text of a response. The session era sends results as the features made them. */

import type { DispatchHost, Outcome, RpcRequest } from '../dispatch/dispatcher.ts'
import { JsonText } from '../dispatch/json-text.ts'
import { encodeError, encodeResult, encodeResultText } from '../jsonrpc/encode.ts'
import type { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'

export function encodeOutcome(request: RpcRequest, outcome: Outcome, host: DispatchHost): string {
  if ('error' in outcome) return encodeFailure(request, outcome.error, report)
  const { result } = outcome
  if (result instanceof JsonText) return encodeResultText(request.id, result.text)
  return encodeResult(request.id, result, report)

  function report(error: Error): void {
    host.reportError(error, { phase: 'output', method: request.method, requestId: request.id })
  }
}

/** This era has no code for a capability that the client lacks; a model can be told in words. */
function encodeFailure(request: RpcRequest, error: RpcError, report: (error: Error) => void): string {
  if (error.code !== ErrorCode.MISSING_CLIENT_CAPABILITY) return encodeError(request.id, error, report)
  const { message } = error
  if (request.method !== Method.toolsCall) {
    return encodeError(request.id, { code: ErrorCode.INVALID_REQUEST, message }, report)
  }
  return encodeResult(request.id, { content: [{ type: 'text', text: message }], isError: true }, report)
}
