/**
 * The official TypeScript SDK, v2. Mode `handler`: `createMcpHandler` with `toNodeHandler`, which serves both eras,
 * 2025 clients without sessions. Mode `sessions`: `NodeStreamableHTTPServerTransport`, one server and transport for
 * each session.
 *
 * Set up as in the READMEs of @modelcontextprotocol/server, /node and /express ("Usage"), see
 * https://github.com/modelcontextprotocol/typescript-sdk; the session map as in its server guide, docs/server.md.
 */

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createMcpExpressApp } from '@modelcontextprotocol/express'
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as shared from './shared.mjs'

function getServer({ tools }) {
  const server = new McpServer(shared.SERVER_INFO)
  server.registerTool(
    'echo',
    { description: 'Returns the text that it is given', inputSchema: shared.echo },
    async (args) => shared.text(args.text),
  )
  server.registerTool(
    'checked',
    { description: 'Searches; its arguments are described in detail', inputSchema: shared.checked },
    async (args) => shared.text(shared.answerChecked(args)),
  )
  server.registerTool(
    'progress',
    { description: 'Reports progress a number of times', inputSchema: shared.progress },
    async ({ count }, { mcpReq }) =>
      shared.text(
        await shared.reportProgress(count, (progress, total) =>
          mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken: mcpReq._meta.progressToken, progress, total },
          }),
        ),
      ),
  )
  for (const { name, description } of shared.fillers(tools)) {
    server.registerTool(name, { description, inputSchema: shared.filler }, async () => shared.text(name))
  }
  return server
}

export function start(setup) {
  return setup.mode === 'sessions' ? withSessions(setup) : withHandler(setup)
}

/** As the README of /server mounts it where requests are those of fetch. */
export async function fetchHandler(setup) {
  const handler = createMcpHandler(() => getServer(setup))
  return (request) => handler.fetch(request)
}

/** As the README of /server, "stdio": one definition for both eras. */
export async function stdio(setup) {
  const { serveStdio } = await import('@modelcontextprotocol/server/stdio')
  serveStdio(() => getServer(setup))
}

async function withHandler(setup) {
  const handler = createMcpHandler(() => getServer(setup), {
    maxSubscriptions: Number.MAX_SAFE_INTEGER,
    keepAliveMs: setup.keepAliveMs,
  })
  const onRequest = toNodeHandler(handler)
  const validateHost = localhostHostValidation()
  const validateOrigin = localhostOriginValidation()
  const server = createServer((req, res) => {
    if (validateHost(req, res) && validateOrigin(req, res)) onRequest(req, res)
  })
  return { port: await shared.listen(server), change: () => handler.notify.toolsChanged() }
}

async function withSessions(setup) {
  const app = createMcpExpressApp()
  const sessions = new Map()
  app.all('/mcp', async (req, res) => {
    const known = sessions.get(req.headers['mcp-session-id'])
    if (known !== undefined) {
      await known.transport.handleRequest(req, res, req.body)
      return
    }
    if (req.body?.method !== 'initialize') {
      res
        .status(404)
        .json({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null })
      return
    }
    const server = getServer(setup)
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        sessions.set(id, { transport, server })
      },
    })
    transport.onclose = () => {
      sessions.delete(transport.sessionId)
    }
    await server.connect(transport)
    await transport.handleRequest(req, res, req.body)
  })
  return {
    port: await shared.listen(createServer(app)),
    sessions: () => sessions.size,
    change: () => {
      for (const { server } of sessions.values()) server.sendToolListChanged()
    },
  }
}
