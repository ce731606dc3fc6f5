/**
 * `node:diagnostics_channel` names and payloads of what several nodes do together. Without subscribers nothing is published.
 *
 *   barewire:node:restored   { sessionId }               a session of another node was opened here, or one that was closed
 *   barewire:node:routed     { sessionId, node }         a response was sent to the node that waits for it
 *   barewire:node:followed   { sessionId, stream, node } a client has resumed the stream of a call on another node
 *
 * Not here: what the store itself does; `stats().store` has its figures.
 */

import { channel } from 'node:diagnostics_channel'

const restored = channel('barewire:node:restored')
const routed = channel('barewire:node:routed')
const followed = channel('barewire:node:followed')

export const nodeChannels = {
  restored(sessionId: string): void {
    if (restored.hasSubscribers) restored.publish({ sessionId })
  },

  routed(sessionId: string, node: string): void {
    if (routed.hasSubscribers) routed.publish({ sessionId, node })
  },

  followed(sessionId: string, stream: string, node: string): void {
    if (followed.hasSubscribers) followed.publish({ sessionId, stream, node })
  },
}
