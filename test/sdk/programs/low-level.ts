/** As a guide writes it: a low-level `Server` with a handler for each method, and raw JSON Schema. */

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CallToolRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'

function makeServer(): Server {
  const server = new Server(
    { name: 'notes', version: '0.1.0' },
    { capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, logging: {} } },
  )
  const notes = new Map([['first', 'Hello']])
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [
      {
        name: 'add_note',
        description: 'Adds a note',
        inputSchema: {
          type: 'object',
          properties: { name: { type: 'string' }, text: { type: 'string' } },
          required: ['name', 'text'],
        },
      },
      { name: 'ask_user', inputSchema: { type: 'object' } },
      { name: 'ask_model', inputSchema: { type: 'object' } },
      { name: 'roots', inputSchema: { type: 'object' } },
    ],
  }))
  server.setRequestHandler(CallToolRequestSchema, async (request, extra) => {
    const { name, arguments: args = {} } = request.params
    switch (name) {
      case 'add_note': {
        notes.set(String(args['name']), String(args['text']))
        await server.sendResourceUpdated({ uri: `note:///${args['name']}` })
        return { content: [{ type: 'text', text: `Added ${args['name']}` }] }
      }
      case 'ask_user': {
        const answer = await server.elicitInput({
          message: 'Your name?',
          requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        })
        return { content: [{ type: 'text', text: `${answer.action} ${JSON.stringify(answer.content)}` }] }
      }
      case 'ask_model': {
        const answer = await server.createMessage({
          messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }],
          maxTokens: 10,
        })
        return { content: [{ type: 'text', text: JSON.stringify(answer.content) }] }
      }
      case 'roots': {
        const { roots } = await server.listRoots()
        const client = server.getClientVersion()?.name
        return {
          content: [
            { type: 'text', text: `${client} ${JSON.stringify(roots)} ${extra.sessionId !== undefined}` },
          ],
        }
      }
      default:
        throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${name}`)
    }
  })
  server.setRequestHandler(ListResourcesRequestSchema, async () => ({
    resources: [...notes.keys()].map((name) => ({ uri: `note:///${name}`, name, mimeType: 'text/plain' })),
  }))
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params }) => {
    const text = notes.get(params.uri.slice('note:///'.length))
    if (text === undefined) throw new Error(`Note ${params.uri} not found`)
    return { contents: [{ uri: params.uri, mimeType: 'text/plain', text }] }
  })
  server.setRequestHandler(SubscribeRequestSchema, async () => ({}))
  server.setRequestHandler(UnsubscribeRequestSchema, async () => ({}))
  server.setRequestHandler(ListPromptsRequestSchema, async () => ({ prompts: [{ name: 'summarize' }] }))
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Prompt ${params.name}` } }],
  }))
  return server
}

const transports = new Map<string, StreamableHTTPServerTransport>()

createServer(async (req, res) => {
  const id = req.headers['mcp-session-id']
  let transport = transports.get(String(id))
  if (transport === undefined) {
    if (id !== undefined) {
      res.writeHead(404).end()
      return
    }
    const created = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: async (session) => {
        await Promise.resolve()
        transports.set(session, created)
      },
      onsessionclosed: (session) => void transports.delete(session),
    })
    await makeServer().connect(created as never)
    transport = created
  }
  await transport.handleRequest(req, res)
}).listen(3000)
