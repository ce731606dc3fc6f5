/**
 * xmcp, which builds a project (xmcp-build.mjs) into one file: https://github.com/basementstudio/xmcp. `npm run
 * bench:peers` builds it. It has no sessions, and serves both eras.
 */

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import * as shared from './shared.mjs'
import { SERVER } from './xmcp-build.mjs'

export async function start() {
  // It takes a port from the environment, and says on standard output that it listens.
  const probe = createServer()
  const port = await shared.listen(probe)
  await new Promise((resolve) => probe.close(resolve))
  process.env.PORT = String(port)
  await import(pathToFileURL(SERVER))
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return { port }
    } catch {
      await pause(1)
    } finally {
      socket.destroy()
    }
  }
}
