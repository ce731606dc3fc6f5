/**
 * The fastest stream that node:net can send: ready-made bytes for every request, whatever it asks. Not a contender: it
 * shows how much the load generator can take, so that a result near it is known to be the client's.
 */

import { createServer } from 'node:net'
import type { Running } from '../lib/setup.ts'

/** Progress messages of one answer, and its result. */
export const FIREHOSE_MESSAGES = 100

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'

export async function start(): Promise<Running> {
  let body = HEAD
  for (let i = 1; i <= FIREHOSE_MESSAGES + 1; i++) {
    const params = { progressToken: 't', progress: i, total: FIREHOSE_MESSAGES }
    const data = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })
    const frame = `event: message\nid: s_${i}\ndata: ${data}\n\n`
    body += `${frame.length.toString(16)}\r\n${frame}\r\n`
  }
  const answer = Buffer.from(`${body}0\r\n\r\n`)
  // A request of the load generator arrives whole, in one piece.
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(answer))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => {
    server.once('listening', resolve)
  })
  return { port: (server.address() as { port: number }).port }
}
