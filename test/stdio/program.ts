/** A stdio server as people write it, with a stray line on standard output, for tests that start a process. */

import { McpServer } from '../../src/index.ts'
import { serveStdio } from '../../src/stdio.ts'

const server = new McpServer({ name: 'program', version: '1.0.0' })
const inputSchema = { type: 'object', properties: { count: { type: 'integer' } } } as const
server.registerTool('talk', {}, () => {
  console.log('a stray line')
  console.log('another one')
  return 'said'
})
server.registerTool('long', { inputSchema }, ({ count = 1 }) => 'x'.repeat(count))
server.registerTool('slow', {}, async (_, ctx) => {
  await ctx.progress(1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  process.stderr.write('slow is over\n')
  return 'slow'
})
console.log('before it serves')
const { closed } = serveStdio(server)
// Keeps the process alive, as a pool of connections does.
setInterval(() => {}, 1000)
await closed
process.stderr.write('closed\n')
