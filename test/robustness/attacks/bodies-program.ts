/**
 * Uploads that come in chunks of one byte and never end. Prints what they cost as JSON; bodies.test.ts runs it with
 * little memory and --expose-gc in a process of its own. `verify` as an argument: the uploads wait for their token.
 */

import { connect } from 'node:net'
import { McpServer, serve } from '../../../src/index.ts'

const UPLOADS = 2
const BYTES = 1_000_000
const waits = process.argv.includes('verify')

const server = new McpServer({ name: 'uploads', version: '1' })
let release = () => {}
const wait = new Promise<void>((resolve) => {
  release = resolve
})
const serving = await serve(server, {
  port: 0,
  ...(waits && {
    auth: { verify: (token) => (token === 'slow' ? wait.then(() => ({ id: 'a' })) : { id: 'b' }) },
  }),
})

function memory(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}

async function ping(): Promise<number> {
  const response = await fetch(serving.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer quick',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'server/discover',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'server/discover',
      params: {
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  })
  await response.text()
  return response.status
}

await ping()
const before = memory()
const head =
  'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer slow\r\nTransfer-Encoding: chunked\r\n\r\n'
const piece = Buffer.from('1\r\n \r\n'.repeat(10_000))
const sockets = Array.from({ length: UPLOADS }, () =>
  connect({ port: serving.port, host: '127.0.0.1' }).on('error', () => {}),
)
let sent = 0
const uploads = sockets.map(async (socket) => {
  socket.write(head)
  for (let bytes = 0; bytes < BYTES; bytes += 10_000) {
    sent += 10_000
    // Where the server stops reading, this never comes true.
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
  }
})
if (!waits) await Promise.all(uploads)
// All of it has arrived, or the server reads no further.
let bodyBytes = -1
while (bodyBytes !== serving.stats().bodyBytes) {
  ;({ bodyBytes } = serving.stats())
  await new Promise((resolve) => setTimeout(resolve, 300))
}
const during = memory()
const status = await ping()
for (const socket of sockets) socket.destroy()
release()
while (serving.stats().bodyBytes > 0) await new Promise((resolve) => setTimeout(resolve, 5))
const after = memory()
await serving.close({ drainMs: 0 })
console.log(JSON.stringify({ sent, bodyBytes, status, grown: during - before, left: after - before }))
