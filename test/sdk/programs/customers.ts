/** As a guide writes it: customer tools, behind a token, that answer 400 for a lost session; a handle that is updated. */

import { randomUUID } from 'node:crypto'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { completable } from '@modelcontextprotocol/sdk/server/completable.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { type CallToolResult, isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import express from 'express'
import { z } from 'zod'

const app = express()
app.use(express.json())
const auth = requireBearerAuth({
  requiredScopes: ['mcp:tools'],
  verifier: {
    verifyAccessToken: async (token) => ({
      token,
      clientId: token,
      scopes: token === 'weak' ? [] : ['mcp:tools'],
      expiresAt: Math.floor(Date.now() / 1000) + 3600,
    }),
  },
})

const transports: Record<string, StreamableHTTPServerTransport> = {}

function makeServer(): McpServer {
  const server = new McpServer({ name: 'customers', version: '2.0.0' })
  const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] })
  const secret = server.registerTool('secret', { description: 'Hidden at first' }, async () => text('seen'))
  secret.disable()
  server.registerTool('unlock', {}, async () => {
    secret.enable()
    secret.update({ description: 'Shown now' })
    return text('unlocked')
  })
  server.registerTool(
    'find_customer',
    { inputSchema: z.object({ id: z.string().regex(/^c-\d+$/) }) },
    async ({ id }, { authInfo, requestInfo, sessionId }) =>
      text(`${id} for ${authInfo?.clientId} ${requestInfo?.headers['x-test']} ${sessionId !== undefined}`),
  )
  server.registerPrompt(
    'greet',
    {
      argsSchema: {
        name: completable(z.string(), (value) => ['Ann', 'Bob'].filter((name) => name.startsWith(value))),
      },
    },
    ({ name }) => ({ messages: [{ role: 'user', content: { type: 'text', text: `Hello ${name}` } }] }),
  )
  return server
}

app.all('/mcp', auth, async (req, res) => {
  const id = req.headers['mcp-session-id'] as string | undefined
  if (id !== undefined && transports[id] !== undefined) {
    await transports[id].handleRequest(req, res, req.body)
    return
  }
  if (id === undefined && isInitializeRequest(req.body)) {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: true,
      onsessioninitialized: (session) => {
        transports[session] = transport
      },
    })
    await makeServer().connect(transport as never)
    await transport.handleRequest(req, res, req.body)
    return
  }
  res
    .status(400)
    .json({ jsonrpc: '2.0', error: { code: -32000, message: 'Bad Request: session lost' }, id: null })
})
app.listen(3000)
