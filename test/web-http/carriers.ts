/** A fetch handler behind a real server: Hono on `@hono/node-server`, where requests come over sockets. */

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import type { FetchHandler } from '../../src/fetch.ts'

/** @returns the URL of the endpoint */
export async function serveHono(t: Pick<TestContext, 'after'>, handler: FetchHandler): Promise<string> {
  const app = new Hono().all('/mcp', (c) => handler(c.req.raw))
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
  if (!server.listening) await once(server, 'listening')
  t.after(async () => {
    await handler.close({ drainMs: 0 })
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}
