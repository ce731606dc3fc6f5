/** A program's own node:http server, on a free port, until the test ends. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** @returns the URL of its path /mcp */
export async function listen(
  t: TestContext,
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<URL> {
  const http = createServer((req, res) => void handler(req, res))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    http.closeAllConnections()
    http.close()
  })
  return new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`)
}
