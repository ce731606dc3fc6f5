/** The second argument of handlers: what a program sees of the request that it answers. */

import { ask, closeStream, notifyInCall } from './ask.ts'
import type { Call } from './peer.ts'
import type { AnySchema, SchemaOutput } from './server/zod-compat.ts'
import type { RequestHandlerExtra, TaskRequestOptions } from './shared/protocol-types.ts'
import type { Notification, Request, RequestMeta } from './types.ts'

export type Extra = RequestHandlerExtra<Request, Notification>

/**
 * Members of its own, so that it can be spread into another object. An accessor for the signal, which most handlers do
 * not read, would cost more than the signal.
 */
export function extraOf(call: Call, params: object | undefined): Extra {
  const { exchange, peer, id, authInfo, requestInfo } = call
  const { _meta: meta } = (params ?? {}) as { readonly _meta?: RequestMeta }
  return {
    signal: exchange.signal,
    sessionId: exchange.sessionId,
    _meta: meta,
    sendNotification: (notification: Notification) => notifyInCall(call, notification),
    sendRequest: <S extends AnySchema>(
      request: Request,
      schema: S,
      options?: TaskRequestOptions,
    ): Promise<SchemaOutput<S>> => ask(peer, call, request, schema, options),
    authInfo,
    requestId: id,
    requestInfo,
    closeSSEStream: () => closeStream(call),
    closeStandaloneSSEStream: () => peer.session?.standaloneStream?.disconnect(peer.retryMs),
  } as Extra
}
