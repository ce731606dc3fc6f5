/** A server that does not stop writing. */

import type { Exchange } from './scripted-server.ts'

/** Writes for as long as the client reads. */
export function flood({ response: reply }: Exchange, piece: Buffer, limit: number): void {
  let sent = 0
  const more = () => {
    while (sent < limit && !reply.destroyed) {
      sent += piece.length
      if (!reply.write(piece)) return reply.once('drain', more)
    }
    return reply.end()
  }
  more()
}
