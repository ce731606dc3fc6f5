/** The refusal of what comes while the server shuts down, or is still in progress when the time to drain is over. */

import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'

export class ShutdownError extends RpcError {
  constructor() {
    super(ErrorCode.SERVER_ERROR, 'The server is shutting down')
  }
}
