/** As a guide writes it: a weather tool with `server.tool`, a dataset tool with progress; stateless, a server for each request. */

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { z } from 'zod'

function getServer(): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.0.0' })
  server.tool('ping_tool', async () => ({ content: [{ type: 'text', text: 'pong' }] }))
  server.tool(
    'get-forecast',
    'Get the forecast of a city',
    { city: z.string().describe('Name of the city'), days: z.number().int().min(1).max(7).optional() },
    { readOnlyHint: true, openWorldHint: true },
    async ({ city, days }) => ({ content: [{ type: 'text', text: `${city}: sun for ${days ?? 1} days` }] }),
  )
  server.tool('process-dataset', 'Works in steps', { steps: z.number() }, async ({ steps }, extra) => {
    const progressToken = extra._meta?.progressToken
    for (let step = 1; step <= steps; step++) {
      if (progressToken !== undefined) {
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress: step, total: steps, message: `Step ${step}` },
        })
      }
    }
    return { content: [{ type: 'text', text: `${steps} steps done` }] }
  })
  server.prompt('forecast-prompt', 'Asks for a forecast', { city: z.string() }, ({ city }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `How is ${city}?` } }],
  }))
  server.resource('cities', 'weather://cities', { mimeType: 'text/plain' }, async (uri) => ({
    contents: [{ uri: uri.href, text: 'Bern\nOslo' }],
  }))
  return server
}

const app = express()
app.use(express.json())
app.post('/mcp', async (req, res) => {
  const server = getServer()
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined } as never)
  await server.connect(transport as never)
  res.on('close', () => {
    void transport.close()
    void server.close()
  })
  await transport.handleRequest(req, res, req.body)
})
app.get('/mcp', (_req, res) => void res.status(405).set('Allow', 'POST').send('Method Not Allowed'))
app.listen(3000)
