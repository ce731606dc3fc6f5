/**
 * mcp-lite on Hono and @hono/node-server. Set up as in its README, "Quick Start" (mode `stateless`) and "Adapter
 * Configuration" (mode `sessions`): https://github.com/fiberplane/mcp-lite.
 */

import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { InMemorySessionAdapter, McpServer, StreamableHttpTransport } from 'mcp-lite'
import { z } from 'zod'
import * as shared from './shared.mjs'

export async function fetchHandler(setup) {
  const mcp = new McpServer({
    ...shared.SERVER_INFO,
    schemaAdapter: (schema) => z.toJSONSchema(schema),
  })
  mcp.tool('echo', {
    description: 'Returns the text that it is given',
    inputSchema: shared.echo,
    handler: ({ text }) => shared.text(text),
  })
  mcp.tool('checked', {
    description: 'Searches; its arguments are described in detail',
    inputSchema: shared.checked,
    handler: (args) => shared.text(shared.answerChecked(args)),
  })
  mcp.tool('progress', {
    description: 'Reports progress a number of times',
    inputSchema: shared.progress,
    handler: async ({ count }, ctx) =>
      shared.text(
        await shared.reportProgress(count, (progress, total) => ctx.progress?.({ progress, total })),
      ),
  })
  for (const { name, description } of shared.fillers(setup.tools)) {
    mcp.tool(name, { description, inputSchema: shared.filler, handler: () => shared.text(name) })
  }
  const transport = new StreamableHttpTransport(
    setup.mode === 'sessions'
      ? { sessionAdapter: new InMemorySessionAdapter({ maxEventBufferSize: 1024 }) }
      : {},
  )
  return transport.bind(mcp)
}

export async function start(setup) {
  const handle = await fetchHandler(setup)
  const app = new Hono()
  app.all('/mcp', (c) => handle(c.req.raw))
  return { port: await shared.listen(createServer(getRequestListener(app.fetch))) }
}
