/** A fetch handler behind a real server: Hono on `@hono/node-server`, where requests come over sockets. */

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import type { FetchHandler } from '../../src/fetch.ts'

/**
 * @param path - of the route
 * @returns the URL of the endpoint, and what closes it and the handler
 */
export async function listenHono(handler: FetchHandler, port = 0, path = '/mcp') {
  const app = new Hono().all(path, (c) => handler(c.req.raw))
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: async ({ drainMs = 0 } = {}) => {
      server.close()
      await handler.close({ drainMs })
      server.closeAllConnections()
    },
  }
}
