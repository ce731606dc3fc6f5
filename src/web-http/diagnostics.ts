/**
 * `node:diagnostics_channel` names and payloads of exchanges with a `Request`. No subscriber, no cost.
 *
 *   barewire:http:start   { request }             it reached the handler
 *   barewire:http:end     { request, response }   its response is made; a stream goes on
 *   barewire:http:error   { request, error }      it was refused
 *
 * The names are those of node-http/diagnostics.ts.
 */

import { channel } from 'node:diagnostics_channel'

const httpStart = channel('barewire:http:start')
const httpEnd = channel('barewire:http:end')
const httpError = channel('barewire:http:error')

export const httpChannels = {
  start(request: Request): void {
    if (httpStart.hasSubscribers) httpStart.publish({ request })
  },

  end(request: Request, response: Response): void {
    if (httpEnd.hasSubscribers) httpEnd.publish({ request, response })
  },

  rejected(request: Request, error: Error): void {
    if (httpError.hasSubscribers) httpError.publish({ request, error })
  },
}
