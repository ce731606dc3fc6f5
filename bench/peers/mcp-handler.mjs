/**
 * mcp-handler, which answers a `Request`, on @remix-run/node-fetch-server. Set up as in its README, "Quick Start":
 * https://github.com/vercel/mcp-handler. It has no sessions, and serves both eras.
 */

import { createServer } from 'node:http'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { createMcpHandler } from 'mcp-handler'
import * as shared from './shared.mjs'

export async function start(setup) {
  const handler = createMcpHandler(
    (server) => {
      server.registerTool(
        'echo',
        { description: 'Returns the text that it is given', inputSchema: shared.echo },
        async ({ text }) => shared.text(text),
      )
      server.registerTool(
        'checked',
        { description: 'Searches; its arguments are described in detail', inputSchema: shared.checked },
        async (args) => shared.text(shared.answerChecked(args)),
      )
      server.registerTool(
        'progress',
        { description: 'Reports progress a number of times', inputSchema: shared.progress },
        async ({ count }) => shared.text(`${count} done`),
      )
      for (const { name, description } of shared.fillers(setup.tools)) {
        server.registerTool(name, { description, inputSchema: shared.filler }, async () => shared.text(name))
      }
    },
    { serverInfo: shared.SERVER_INFO },
  )
  return { port: await shared.listen(createServer(createRequestListener((request) => handler(request)))) }
}
