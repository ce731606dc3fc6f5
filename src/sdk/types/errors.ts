/** Errors as programs throw and catch them. Each is sent to the other side with its code, message and data. */

import type { ElicitRequestURLParams } from './names.ts'

export const ErrorCode = {
  ConnectionClosed: -32000,
  RequestTimeout: -32001,
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  UrlElicitationRequired: -32042,
} as const
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

export class McpError extends Error {
  override name = 'McpError'
  readonly code: number
  readonly data?: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(`MCP error ${code}: ${message}`)
    this.code = code
    this.data = data
  }

  static fromError(code: number, message: string, data?: unknown): McpError {
    const { elicitations } = (data ?? {}) as { readonly elicitations?: ElicitRequestURLParams[] }
    if (code === ErrorCode.UrlElicitationRequired && elicitations !== undefined) {
      return new UrlElicitationRequiredError(elicitations, message)
    }
    return new McpError(code, message, data)
  }
}

export class UrlElicitationRequiredError extends McpError {
  constructor(
    elicitations: ElicitRequestURLParams[],
    message = `URL elicitation${elicitations.length > 1 ? 's' : ''} required`,
  ) {
    super(ErrorCode.UrlElicitationRequired, message, { elicitations })
  }

  get elicitations(): ElicitRequestURLParams[] {
    return (this.data as { readonly elicitations?: ElicitRequestURLParams[] } | undefined)?.elicitations ?? []
  }
}
