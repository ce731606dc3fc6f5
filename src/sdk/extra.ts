/** The second argument of handlers: what a program sees of the request that it answers. */

import { ask, closeStream, notifyInCall } from './ask.ts'
import type { Call } from './peer.ts'
import type { AnySchema, SchemaOutput } from './server/zod-compat.ts'
import type { RequestHandlerExtra, TaskRequestOptions } from './shared/protocol-types.ts'
import type { Notification, Request, RequestMeta } from './types.ts'

export type Extra = RequestHandlerExtra<Request, Notification>

/** Whose signal it is. Not enumerable: no part of what a program copies or prints. */
const EXCHANGE = Symbol('exchange')
type WithExchange = { [EXCHANGE]?: Call['exchange'] }

/**
 * The signal is made when it is read, which most handlers do not: to make one is dear on Node 20
 * (bench: latency, facade-http).
 * One accessor for all of them: one in an object literal is a new function, and a new shape, for each object.
 */
const SIGNAL: PropertyDescriptor & ThisType<WithExchange> = {
  get() {
    return this[EXCHANGE]?.signal
  },
  set(value) {
    Object.defineProperty(this, 'signal', { value, enumerable: true, configurable: true, writable: true })
  },
  enumerable: true,
  configurable: true,
}

/** Members of its own, so that it can be spread into another object. */
export function extraOf(call: Call, params: object | undefined): Extra {
  const { exchange, peer, id, authInfo, requestInfo } = call
  const { _meta: meta } = (params ?? {}) as { readonly _meta?: RequestMeta }
  const extra = {
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
  }
  Object.defineProperty(extra, EXCHANGE, { value: exchange })
  return Object.defineProperty(extra, 'signal', SIGNAL) as unknown as Extra
}
