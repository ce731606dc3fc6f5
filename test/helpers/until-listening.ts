/** Programs that say nothing when they listen are asked. */

import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const START_MS = 20_000

/**
 * Waits until something accepts connections on a port of this machine.
 *
 * @param hasEnded - asked meanwhile: whether the program is gone
 * @returns false: it has ended, or does not listen
 */
export async function untilListening(port: number, hasEnded: () => boolean = () => false): Promise<boolean> {
  const until = Date.now() + START_MS
  while (!hasEnded() && Date.now() < until) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return true
    await pause(20)
  }
  return false
}
