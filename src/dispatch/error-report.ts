/**
 * Errors that are reported to the application (`onError`): what a report says, and what the client gets in place of an
 * error that it must not see.
 */

import { randomUUID } from 'node:crypto'
import { excerpt } from '../bounds/quote.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { RpcRequest } from './outcome.ts'

/** Where an error arose, and what was being done. */
export interface ErrorInfo {
  /**
   * A handler that failed, a result that cannot be sent, a `subscribe` function, a hook (`onError`, `visible`, ...), or
   * barewire and what it runs on.
   */
  readonly phase: 'handler' | 'output' | 'subscription' | 'hook' | 'transport'
  /** The JSON-RPC method of the request. */
  readonly method?: string | undefined
  /** Name or URI of the tool, prompt or resource. */
  readonly name?: string | undefined
  /** The id that the client gave the request. */
  readonly requestId?: string | number | undefined
  /** The session of the request. */
  readonly sessionId?: string | undefined
  /** Also in the text that the client got, so that a report can be matched with this error. */
  readonly correlationId?: string | undefined
}

/** Who gets the reports. Never throws. */
export interface ErrorReporter {
  reportError(error: unknown, info: ErrorInfo): void
}

/**
 * Reports an error that the client must not see and makes the text that it sees instead.
 *
 * @returns a sentence with a correlation id that is also in the report
 */
export function concealError(error: unknown, info: ErrorInfo, reporter: ErrorReporter): string {
  const correlationId = randomUUID()
  reporter.reportError(error, { ...info, correlationId })
  return `Internal error (reference ${correlationId})`
}

/** What a report says about a result that cannot be sent. */
export function outputInfo(request: RpcRequest): ErrorInfo {
  const { method, id } = request
  const name = entryNameOf(request)
  return { phase: 'output', method, requestId: id, ...(name !== undefined && { name }) }
}

/** What a function of the application belongs to, where the request does not name it. */
const entryNames = new WeakMap<RpcRequest, string>()

export function setEntryName(request: RpcRequest, name: string): void {
  entryNames.set(request, name)
}

/** The tool, prompt or resource that a request is about. */
export function entryNameOf(request: RpcRequest): string | undefined {
  return entryNames.get(request) ?? entryName(request.params)
}

/** The tool, prompt or resource that a request names, as the client wrote it. */
export function entryName(params: JsonObject | undefined): string | undefined {
  const name = params?.['name'] ?? params?.['uri']
  return typeof name === 'string' ? excerpt(name) : undefined
}
