/**
 * After: all of http-sse.ts, sdk-v1.ts and sdk-v2.ts. The README of this folder shows it beside them.
 *
 * Run: `npx tsx scripts/examples/migration/barewire.ts`
 */

import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { McpServer, serve } from '../../../src/index.ts'

export async function start(port = 0) {
  // README: from here
  const server = new McpServer({ name: 'weather', version: '1.0.0' })
  server.registerTool('forecast', { inputSchema: { city: z.string() } }, async ({ city }, ctx) => {
    await ctx.progress(1, 2)
    return `Sun in ${city}`
  })
  server.registerTool('book', { inputSchema: { city: z.string() } }, async ({ city }, ctx) => {
    const { action } = await ctx.elicit('trip', {
      message: `Book a trip to ${city}?`,
      requestedSchema: { type: 'object', properties: {} },
    })
    return action === 'accept' ? 'Booked' : 'Not booked'
  })
  server.registerResource('units', 'weather://units', { mimeType: 'text/plain' }, () => 'metric')

  const { url, close } = await serve(server, { port, httpSse: true })
  // README: to here
  return { url, close }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await start(3000)).url)
