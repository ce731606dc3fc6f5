/**
 * Elicitation in URL mode: its params, and the error that asks for it where a request cannot be served before.
 *
 * Spec: 2025-11-25 elicitation {@link spec.elicitation}, "URL Elicitation Required Error".
 */

import { randomUUID } from 'node:crypto'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { ElicitUrlParams, JsonObject } from '../../protocol/wire-types.ts'
import { checkMessage, checkUrl } from './elicitation-params.ts'

/**
 * Throw it where a request can be served only after the user has visited a URL: the client gets -32042 with what
 * to open, and tries again later. For clients that declare elicitation in URL mode (2025-11-25).
 */
export class UrlElicitationRequiredError extends RpcError {
  /** @param elicitations - at least one; an `elicitationId` is made for each that has none */
  constructor(elicitations: readonly ElicitUrlParams[], message = 'The user has to visit a URL first') {
    if (elicitations.length === 0) throw new TypeError('UrlElicitationRequiredError needs an elicitation')
    super(ErrorCode.URL_ELICITATION_REQUIRED, message, { elicitations: elicitations.map(urlParams) })
  }
}

/** @throws {TypeError} no message, or no absolute URL */
export function urlParams(params: ElicitUrlParams): JsonObject {
  checkMessage(params.message)
  checkUrl(params.url)
  return { ...params, mode: 'url', elicitationId: params.elicitationId ?? randomUUID() }
}
