/** From an outcome to the text of a response. The session era sends results as the features made them. */

import type { DispatchHost, Outcome, RpcRequest } from '../dispatch/dispatcher.ts'
import { JsonText } from '../dispatch/json-text.ts'
import { encodeError, encodeResult, encodeResultText } from '../jsonrpc/encode.ts'

export function encodeOutcome(request: RpcRequest, outcome: Outcome, host: DispatchHost): string {
  if ('error' in outcome) return encodeError(request.id, outcome.error, report)
  const { result } = outcome
  if (result instanceof JsonText) return encodeResultText(request.id, result.text)
  return encodeResult(request.id, result, report)

  function report(error: Error): void {
    host.reportError(error, { phase: 'output', method: request.method, requestId: request.id })
  }
}
