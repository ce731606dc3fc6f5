/**
 * tmcp, with its HTTP transport on @remix-run/node-fetch-server and its zod adapter. Set up as in the README of
 * @tmcp/transport-http, "Basic Setup": https://github.com/paoloricciuti/tmcp. It serves both eras.
 */

import { createServer } from 'node:http'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { ZodJsonSchemaAdapter } from '@tmcp/adapter-zod'
import { HttpTransport } from '@tmcp/transport-http'
import { McpServer } from 'tmcp'
import * as shared from './shared.mjs'

function getServer(setup) {
  const server = new McpServer(shared.SERVER_INFO, {
    adapter: new ZodJsonSchemaAdapter(),
    capabilities: { tools: { listChanged: true } },
  })
  server.tool(
    { name: 'echo', description: 'Returns the text that it is given', schema: shared.echo },
    async ({ text }) => shared.text(text),
  )
  server.tool(
    {
      name: 'checked',
      description: 'Searches; its arguments are described in detail',
      schema: shared.checked,
    },
    async (args) => shared.text(shared.answerChecked(args)),
  )
  server.tool(
    { name: 'progress', description: 'Reports progress a number of times', schema: shared.progress },
    async ({ count }) =>
      shared.text(await shared.reportProgress(count, (progress, total) => server.progress(progress, total))),
  )
  for (const { name, description } of shared.fillers(setup.tools)) {
    server.tool({ name, description, schema: shared.filler }, async () => shared.text(name))
  }
  return server
}

export async function fetchHandler(setup) {
  const transport = new HttpTransport(getServer(setup), { path: '/mcp' })
  return async (request) => (await transport.respond(request)) ?? new Response(null, { status: 404 })
}

export async function stdio(setup) {
  const { StdioTransport } = await import('@tmcp/transport-stdio')
  new StdioTransport(getServer(setup)).listen()
}

export async function start(setup) {
  const server = getServer(setup)
  const transport = new HttpTransport(server, { path: '/mcp' })
  const httpServer = createServer(
    createRequestListener(
      async (request) => (await transport.respond(request)) ?? new Response(null, { status: 404 }),
    ),
  )
  return { port: await shared.listen(httpServer), change: () => server.changed('tools') }
}
