/** What a handler threw, as the error of its response: its code where it has one, its message and its data. */

import { UrlElicitationRequiredError } from '../dispatch/client-input/url-elicitation.ts'
import { StatusError } from '../dispatch/status-error.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from './types/errors.ts'

export function wireError(error: unknown): unknown {
  if (error instanceof RpcError || error instanceof StatusError) return error
  const { code, message, data } = (error ?? {}) as {
    readonly code?: unknown
    readonly message?: unknown
    readonly data?: unknown
  }
  const text = typeof message === 'string' ? message : 'Internal error'
  if (code === ErrorCode.UrlElicitationRequired) {
    const { elicitations } = (data ?? {}) as { readonly elicitations?: unknown }
    if (Array.isArray(elicitations) && elicitations.length > 0) {
      return new UrlElicitationRequiredError(elicitations, text)
    }
  }
  return new RpcError(Number.isSafeInteger(code) ? (code as number) : ErrorCode.InternalError, text, data)
}
