/**
 * Servers that people use today, with three tools each: `add`, `count` (reports progress) and `ask` (elicits), set up as
 * their documentation does. As a program: `node servers.mjs NAME`, which prints the URL that it listens on.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { z } from 'zod'

const INFO = { name: 'peer', version: '1.0.0' }
const NUMBERS = z.object({ a: z.number(), b: z.number() })
const SUM = z.object({ sum: z.number() })
const FORM = z.object({ name: z.string() })
const NONE = z.object({})
const COUNT = [1, 2, 3]
const text = (value) => ({ content: [{ type: 'text', text: value }] })
const sum = ({ a, b }) => ({ ...text(String(a + b)), structuredContent: { sum: a + b } })

async function listening(server, path = '/mcp') {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}${path}`
}

/** @param sessions - an SSE server for each session; without: both eras, 2025 clients without sessions */
async function sdkV2(sessions) {
  const { randomUUID } = await import('node:crypto')
  const { NodeStreamableHTTPServerTransport, toNodeHandler } = await import('@modelcontextprotocol/node')
  const { acceptedContent, createMcpHandler, inputRequired, McpServer } = await import(
    '@modelcontextprotocol/server'
  )
  const make = () => {
    const server = new McpServer(INFO)
    server.registerTool('add', { inputSchema: NUMBERS, outputSchema: SUM }, async (args) => sum(args))
    server.registerTool('count', { inputSchema: NONE }, async (_, { mcpReq }) => {
      const { progressToken } = mcpReq._meta ?? {}
      for (const progress of progressToken === undefined ? [] : COUNT)
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 3 },
        })
      return text('counted')
    })
    server.registerTool('ask', { inputSchema: NONE }, async (_, { mcpReq }) => {
      const answer = acceptedContent(mcpReq.inputResponses, 'who', FORM)
      if (answer !== undefined) return text(answer.name)
      return inputRequired({
        inputRequests: { who: inputRequired.elicit({ message: 'who?', requestedSchema: FORM }) },
      })
    })
    return server
  }
  if (!sessions) return await listening(createServer(toNodeHandler(createMcpHandler(make))))
  const transports = new Map()
  const server = createServer(async (request, response) => {
    const id = request.headers['mcp-session-id']
    const known = transports.get(id)
    if (known === undefined && id !== undefined) return response.writeHead(404).end()
    if (known !== undefined) return await known.handleRequest(request, response)
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (newId) => {
        transports.set(newId, transport)
      },
    })
    await make().connect(transport)
    await transport.handleRequest(request, response)
  })
  return await listening(server)
}

async function fastmcp() {
  const { FastMCP } = await import('fastmcp')
  const server = new FastMCP(INFO)
  server.addTool({ name: 'add', parameters: NUMBERS, execute: async ({ a, b }) => String(a + b) })
  server.addTool({
    name: 'count',
    parameters: NONE,
    execute: async (_, { reportProgress }) => {
      for (const progress of COUNT) await reportProgress({ progress, total: 3 })
      return 'counted'
    },
  })
  server.addTool({
    name: 'ask',
    parameters: NONE,
    execute: async (_, { elicit }) => {
      const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
      return (await elicit({ message: 'who?', requestedSchema })).content?.name
    },
  })
  // It does not say which port it took.
  const probe = createServer()
  const { port, pathname } = new URL(await listening(probe))
  await new Promise((resolve) => probe.close(resolve))
  await server.start({ transportType: 'httpStream', httpStream: { port: Number(port), host: '127.0.0.1' } })
  return `http://127.0.0.1:${port}${pathname}`
}

async function tmcp() {
  const { createRequestListener } = await import('@remix-run/node-fetch-server')
  const { ZodJsonSchemaAdapter } = await import('@tmcp/adapter-zod')
  const { HttpTransport } = await import('@tmcp/transport-http')
  const { McpServer } = await import('tmcp')
  const server = new McpServer(INFO, {
    adapter: new ZodJsonSchemaAdapter(),
    capabilities: { tools: { listChanged: true } },
  })
  server.tool({ name: 'add', description: 'adds', schema: NUMBERS, outputSchema: SUM }, async (args) =>
    sum(args),
  )
  server.tool({ name: 'count', description: 'counts' }, async () => {
    for (const progress of COUNT) await server.progress(progress, 3)
    return text('counted')
  })
  server.tool({ name: 'ask', description: 'asks', replayable: true }, async () => {
    const { content } = await server.elicitation('who?', FORM)
    return text(String(content?.name))
  })
  const transport = new HttpTransport(server, { path: '/mcp' })
  const respond = async (request) => (await transport.respond(request)) ?? new Response(null, { status: 404 })
  return await listening(createServer(createRequestListener(respond)))
}

const SERVERS = {
  'sdk-v2': () => sdkV2(false),
  'sdk-v2-sessions': () => sdkV2(true),
  fastmcp,
  tmcp,
}
console.log(`listening on ${await SERVERS[process.argv[2]]()}`)
