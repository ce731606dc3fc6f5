/** What the notifications of a client do. Those that nobody waits for, the unknown ones too, are taken and forgotten. */

import { ownText } from '../bounds/heap-size.ts'
import { runHook } from '../dispatch/hook.ts'
import type { McpServer } from '../features/server.ts'
import type { DecodedNotification } from '../jsonrpc/decode.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { Notify } from '../protocol/methods.ts'
import type { Session } from './session.ts'

export function onNotification(message: DecodedNotification, session: Session, server: McpServer): void {
  const { onClientNotification } = server
  if (onClientNotification !== undefined) {
    runHook(
      () => onClientNotification(message.method, message.params, session.id),
      (error) => server.reportError(error, { phase: 'hook', sessionId: session.id }),
    )
  }
  if (message.method !== Notify.cancelled) return
  const requestId = message.params?.['requestId']
  const reason = message.params?.['reason']
  // Clients that give all their requests the same id cannot say which one they mean: none of them is cancelled.
  const exchange = session.inFlight?.findUnique(requestId)
  if (exchange === undefined) return
  // A text of its own: the handler may keep it for long, and the reason can be as long as a body.
  const text = typeof reason === 'string' ? `: ${ownText(reason.slice(0, 200))}` : ''
  exchange.cancel(new McpError('ERR_CANCELLED', `The client cancelled the request${text}`))
}
