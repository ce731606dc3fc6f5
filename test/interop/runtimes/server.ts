/**
 * What runtimes.test.ts runs under Node, Bun and Deno: `RUNTIME server.ts serve|mount|fetch`. `mount` is
 * `createMcpHandler` in a server of node:http, `fetch` is `createFetchHandler` in the runtime's own server. SIGTERM
 * closes it.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFetchHandler, type FetchHandler } from '../../../src/fetch.ts'
import { createMcpHandler, serve } from '../../../src/index.ts'
import { createPortableServer } from '../portable-server.ts'

interface OwnServer {
  readonly Bun?: { serve(options: object): { readonly port: number; stop(closeAll: boolean): void } }
  readonly Deno?: {
    serve(
      options: object,
      handler: FetchHandler,
    ): { readonly addr: { readonly port: number }; shutdown(): void }
  }
}

const definition = createPortableServer()
const how = process.argv[2]
if (how === 'serve') {
  const { url, close } = await serve(definition, { port: 0 })
  process.on('SIGTERM', () => void close({ drainMs: 0 }))
  console.log(`listening on ${url}`)
} else if (how === 'mount') {
  const handler = createMcpHandler(definition)
  const server = createServer(handler).listen(0, '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
  })
  process.on('SIGTERM', async () => {
    server.close()
    await handler.close({ drainMs: 0 })
    server.closeIdleConnections()
  })
} else {
  const handler = createFetchHandler(definition)
  const { Bun, Deno } = globalThis as OwnServer
  let port: number
  let stop: () => void
  if (Bun !== undefined) {
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: handler })
    port = server.port
    stop = () => server.stop(false)
  } else if (Deno !== undefined) {
    const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: () => {} }, handler)
    port = server.addr.port
    stop = () => server.shutdown()
  } else {
    const { createAdaptorServer } = await import('@hono/node-server')
    const server = createAdaptorServer({ fetch: handler })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
    stop = () => server.close()
  }
  console.log(`listening on http://127.0.0.1:${port}/mcp`)
  process.on('SIGTERM', async () => {
    await handler.close({ drainMs: 0 })
    stop()
  })
}
