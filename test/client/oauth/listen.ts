/** An HTTP server of a test, on a free port of this machine. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** Listens first and serves then, for what has to know its own URL. The server is closed with the test. */
export async function listen(
  t: TestContext,
  serve: (origin: string) => RequestListener | Promise<RequestListener>,
): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.on('request', await serve(origin))
  return origin
}
