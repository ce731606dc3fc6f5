/** What responses and notifications of a client do. Notifications without effect here, also unknown ones, are ignored. */

import { ownText } from '../bounds/heap-size.ts'
import { runHook } from '../dispatch/hook.ts'
import type { McpServer } from '../features/server.ts'
import type { Decoded, DecodedNotification } from '../jsonrpc/decode.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { Notify } from '../protocol/methods.ts'
import type { Session } from './session.ts'

/** Where a call may run that does not run here. */
interface OtherNodes {
  cancelElsewhere(message: DecodedNotification, session: Session): void
}

/**
 * Processes a message that is no request: a response settles the request that it answers.
 *
 * @param others - undefined: all calls of the session run here
 */
export function onMessage(message: Decoded, session: Session, server: McpServer, others?: OtherNodes): void {
  if (message.kind === 'response') session.pending.settle(message)
  else if (message.kind === 'notification') onNotification(message, session, server, others)
}

function onNotification(
  message: DecodedNotification,
  session: Session,
  server: McpServer,
  others?: OtherNodes,
): void {
  const { onClientNotification } = server
  if (onClientNotification !== undefined) {
    runHook(
      () => onClientNotification(message.method, message.params, session.id),
      (error) => server.reportError(error, { phase: 'hook', sessionId: session.id }),
    )
  }
  if (message.method !== Notify.cancelled) return
  const requestId = message.params?.['requestId']
  if (others !== undefined && session.inFlight?.has(requestId as JsonRpcId) !== true) {
    others.cancelElsewhere(message, session)
  } else {
    cancelCall(session, requestId, message.params?.['reason'])
  }
}

/** Cancels the call of a request, if there is one. */
export function cancelCall(session: Session, requestId: unknown, reason: unknown): void {
  // Clients that give all their requests the same id cannot say which one they mean: none of them is cancelled.
  const exchange = session.inFlight?.findUnique(requestId)
  if (exchange === undefined) return
  // A text of its own: the handler may keep it for long, and the reason can be as long as a body.
  const text = typeof reason === 'string' ? `: ${ownText(reason.slice(0, 200))}` : ''
  exchange.cancel(new McpError('ERR_CANCELLED', `The client cancelled the request${text}`))
}
