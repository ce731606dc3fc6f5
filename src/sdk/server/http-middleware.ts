/** The part of Express that middleware of this folder uses, as types: Express itself is not imported. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthInfo } from '../types/auth-info.ts'

export type MiddlewareRequest = IncomingMessage & { auth?: AuthInfo; originalUrl?: string }
export type Middleware = (
  request: MiddlewareRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** Sends JSON, with the headers that were set before. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
}
