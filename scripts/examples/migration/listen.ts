/** What the servers of the official SDK need beside themselves: a port, and an end. */

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export async function listen(server: Server, port: number, path: string) {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: actual } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${actual}${path}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
