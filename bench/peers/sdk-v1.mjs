/**
 * The official TypeScript SDK, v1, on Express: one server and transport for each session, or for each request.
 *
 * Set up as in its own examples: src/examples/server/simpleStreamableHttp.ts (mode `sse`),
 * jsonResponseStreamableHttp.ts (mode `json`) and simpleStatelessStreamableHttp.ts (mode `stateless`) of
 * https://github.com/modelcontextprotocol/typescript-sdk (branch v1.x), without their logging, cap, event store and authorization.
 * Mode `http` is mode `sse` on node:http alone.
 */

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import * as shared from './shared.mjs'

function getServer({ tools }) {
  const server = new McpServer(shared.SERVER_INFO, { capabilities: { logging: {} } })
  server.registerTool(
    'echo',
    { description: 'Returns the text that it is given', inputSchema: shared.echo.shape },
    async (args) => shared.text(args.text),
  )
  server.registerTool(
    'checked',
    { description: 'Searches; its arguments are described in detail', inputSchema: shared.checked },
    async (args) => shared.text(shared.answerChecked(args)),
  )
  server.registerTool(
    'progress',
    { description: 'Reports progress a number of times', inputSchema: shared.progress.shape },
    async ({ count }, { sendNotification, _meta }) =>
      shared.text(
        await shared.reportProgress(count, (progress, total) =>
          sendNotification({
            method: 'notifications/progress',
            params: { progressToken: _meta.progressToken, progress, total },
          }),
        ),
      ),
  )
  for (const { name, description } of shared.fillers(tools)) {
    server.registerTool(name, { description, inputSchema: shared.filler.shape }, async () =>
      shared.text(name),
    )
  }
  return server
}

export async function stdio(setup) {
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js')
  await getServer(setup).connect(new StdioServerTransport())
}

async function open(setup, sessions) {
  const server = getServer(setup)
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    enableJsonResponse: setup.mode === 'json',
    onsessioninitialized: (id) => {
      sessions.set(id, { transport, server })
    },
  })
  transport.onclose = () => {
    sessions.delete(transport.sessionId)
  }
  await server.connect(transport)
  return transport
}

/** The transport reads the bodies itself. */
function onNodeHttp(setup, sessions) {
  return createServer(async (req, res) => {
    const id = req.headers['mcp-session-id']
    const transport = id === undefined ? await open(setup, sessions) : sessions.get(id)?.transport
    if (transport === undefined) res.writeHead(404).end()
    else await transport.handleRequest(req, res)
  })
}

export async function start(setup) {
  const sessions = new Map()
  return {
    port: await shared.listen(
      setup.mode === 'http' ? onNodeHttp(setup, sessions) : onExpress(setup, sessions),
    ),
    sessions: () => sessions.size,
    change: () => {
      for (const { server } of sessions.values()) server.sendToolListChanged()
    },
  }
}

function onExpress(setup, sessions) {
  const app = createMcpExpressApp()
  const sessionOf = (req) => sessions.get(req.headers['mcp-session-id'])

  app.post('/mcp', async (req, res) => {
    if (setup.mode === 'stateless') {
      const server = getServer(setup)
      const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
      await server.connect(transport)
      await transport.handleRequest(req, res, req.body)
      res.on('close', () => {
        transport.close()
        server.close()
      })
      return
    }
    const known = sessionOf(req)
    if (known !== undefined) {
      await known.transport.handleRequest(req, res, req.body)
      return
    }
    if (!isInitializeRequest(req.body)) {
      res
        .status(404)
        .json({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null })
      return
    }
    const transport = await open(setup, sessions)
    await transport.handleRequest(req, res, req.body)
  })
  const forward = async (req, res) => {
    const session = sessionOf(req)
    if (session === undefined) res.status(setup.mode === 'stateless' ? 405 : 404).end()
    else await session.transport.handleRequest(req, res)
  }
  app.get('/mcp', forward)
  app.delete('/mcp', forward)

  return createServer(app)
}
