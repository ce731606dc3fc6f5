/**
 * What runtimes.test.ts runs under Node, Bun and Deno: `RUNTIME server.ts serve|mount`. `mount` is `createMcpHandler`
 * in a server of node:http. SIGTERM closes it.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMcpHandler, serve } from '../../../src/index.ts'
import { createPortableServer } from '../portable-server.ts'

const definition = createPortableServer()
if (process.argv[2] === 'serve') {
  const { url, close } = await serve(definition, { port: 0 })
  process.on('SIGTERM', () => void close({ drainMs: 0 }))
  console.log(`listening on ${url}`)
} else {
  const handler = createMcpHandler(definition)
  const server = createServer(handler).listen(0, '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
  })
  process.on('SIGTERM', async () => {
    server.close()
    await handler.close({ drainMs: 0 })
    server.closeIdleConnections()
  })
}
