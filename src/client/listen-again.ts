/**
 * Listening over all losses of the connection: each end but the caller's own is followed by another try, after a growing
 * delay while nothing succeeds.
 *
 * A server that refuses for good (it does not know the method, or announces nothing of what is asked for) ends it.
 */

import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { mcpError, statusOf } from './errors.ts'
import { backOff, sleep } from './timing.ts'

export interface ListenAgainOptions {
  readonly signal: AbortSignal
  readonly retryDelayMs: number
  readonly onError: (error: unknown) => void
}

/**
 * @param listen - one try; it calls `onOpen` once it listens, which returns whether an earlier try did
 * @throws {McpError} ERR_NOT_SUPPORTED; what the server refused for good
 */
export async function listenAgain(
  { signal, retryDelayMs, onError }: ListenAgainOptions,
  listen: (onOpen: () => boolean) => Promise<void>,
): Promise<void> {
  let opened = false
  for (let failures = 0; ; ) {
    let isOpen = false
    try {
      await listen(() => {
        const again = opened
        opened = true
        isOpen = true
        return again
      })
    } catch (error) {
      if (signal.aborted) return
      if (isFinal(error)) throw refusal(error)
      if (failures === 0) onError(error)
    }
    if (signal.aborted) return
    failures = isOpen ? 0 : failures + 1
    try {
      await sleep(backOff(retryDelayMs, Math.max(0, failures - 1)), signal)
    } catch {
      return
    }
  }
}

/** Whether trying again would only give the same. */
function isFinal(error: unknown): boolean {
  const status = statusOf(error)
  if (status !== undefined && (status >= 500 || status === 429 || status === 408)) return false
  if (error instanceof RpcError) return true
  return error instanceof McpError && error.code !== 'ERR_CONNECTION' && error.code !== 'ERR_STREAM_CUT'
}

function refusal(error: unknown): unknown {
  if (!(error instanceof RpcError)) return error
  return mcpError(
    'ERR_NOT_SUPPORTED',
    `The server does not let us listen for changes: ${error.message}`,
    error,
  )
}
