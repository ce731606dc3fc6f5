/** The recipe for Cloudflare Workers, as a module that workerd runs. */

import { createFetchHandler } from '../../../src/fetch.ts'
import { createPortableServer } from '../portable-server.ts'

const server = createPortableServer()
/** A promise of one request cannot be awaited in another one there, so a test asks again. */
let left = 0
server.registerTool('hold', {}, async (_, ctx) => {
  await ctx.progress(1)
  // A request that waits for nothing outside is taken for one that hangs, and ended by the platform.
  const timer = setTimeout(() => {}, 60_000)
  await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
  clearTimeout(timer)
  left += 1
})
server.registerTool('left', {}, () => `${left}`)

const handler = createFetchHandler(server, {
  eras: ['stateless'],
  sessions: false,
  keepAliveMs: 0,
  allowedHosts: ['mcp.example.com', '127.0.0.1'],
})
export default { fetch: handler }
