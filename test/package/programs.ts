/** Programs of users of the package, as text. */

export const EMBEDDED = `
import { McpServer, serve } from 'barewire'
const server = new McpServer({ name: 'embedded', version: '1.0.0' })
server.registerTool('add', {
  inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
}, async ({ a, b }) => String(a + b))
const { url, close } = await serve(server, { port: 0 })
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const post = (message) => fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) })
const clientInfo = { name: 'pack-test', version: '1.0.0' }
const opened = await post({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } })
Object.assign(headers, { 'mcp-session-id': opened.headers.get('mcp-session-id'), 'mcp-protocol-version': '2025-11-25' })
const { result: { serverInfo } } = await opened.json()
await post({ method: 'notifications/initialized' })
const { result } = await (await post({ id: 2, method: 'tools/call', params: { name: 'add', arguments: { a: 2, b: 40 } } })).json()
await close()
console.log(JSON.stringify({ name: serverInfo.name, text: result.content[0].text }))
`

export const CONSUMER = `
import { createServer } from 'node:http'
import { createMcpHandler, McpServer, serve, ToolError } from 'barewire'
const server = new McpServer({ name: 'typed', version: '1.0.0' })
const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const
server.registerTool('weather', { inputSchema }, async ({ city }) => {
  const name: string = city
  // @ts-expect-error city is a string: a package that infers nothing would let this pass.
  const wrong: number = city
  if (name === '') throw new ToolError('no city')
  return name + String(wrong)
})
createServer(createMcpHandler(server))
const { url }: { url: string } = await serve(server, { port: 0 })
console.log(url)
`

export const FACADE_CONSUMER = `
import { Client } from 'barewire/sdk/client/index.js'
import { StreamableHTTPClientTransport } from 'barewire/sdk/client/streamableHttp.js'
import { Server } from 'barewire/sdk/server/index'
import { McpServer, ResourceTemplate } from 'barewire/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from 'barewire/sdk/server/streamableHttp.js'
import { CallToolRequestSchema, type CallToolResult, type Tool } from 'barewire/sdk/types.js'
const server = new Server({ name: 'typed', version: '1.0.0' }, { capabilities: { tools: {} } })
server.setRequestHandler(CallToolRequestSchema, async (request, extra) => {
  const name: string = request.params.name
  // @ts-expect-error the name is a string: schemas without types would let this pass.
  const wrong: number = request.params.name
  const result: CallToolResult = { content: [{ type: 'text', text: name + String(wrong) + extra.sessionId }] }
  return result
})
const tool: Tool = { name: 'x', inputSchema: { type: 'object' } }
export const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => tool.name })
void server.connect(transport)
new McpServer({ name: 'x', version: '1' }).registerResource('r', new ResourceTemplate('a://{b}', { list: undefined }), {}, (uri) => ({
  contents: [{ uri: uri.href, text: '' }],
}))
const client = new Client({ name: 'c', version: '1' })
void client.connect(new StreamableHTTPClientTransport(new URL('http://localhost')))
`
