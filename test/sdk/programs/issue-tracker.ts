/** As a guide writes it: an issue tracker with Express, one transport for each session in a map. */

import { randomUUID } from 'node:crypto'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import express from 'express'
import { z } from 'zod'

const app = express()
app.use(express.json())

interface Issue {
  id: number
  title: string
  open: boolean
}
const issues: Issue[] = [
  { id: 1, title: 'Login fails', open: true },
  { id: 2, title: 'Typo', open: false },
]

function createServer(): McpServer {
  const server = new McpServer(
    { name: 'issue-tracker', version: '1.2.3' },
    { capabilities: { logging: {} }, instructions: 'Ask for the open issues first.' },
  )
  server.registerTool(
    'list_issues',
    {
      title: 'List issues',
      description: 'All issues, or the open ones',
      inputSchema: { onlyOpen: z.boolean().default(false).describe('Leave out what is closed') },
      outputSchema: {
        issues: z.array(z.object({ id: z.number(), title: z.string(), open: z.boolean() })),
      },
      annotations: { readOnlyHint: true },
    },
    async ({ onlyOpen }) => {
      const found = issues.filter(({ open }) => open || !onlyOpen)
      return {
        content: [{ type: 'text', text: found.map(({ title }) => title).join('\n') }],
        structuredContent: { issues: found },
      }
    },
  )
  server.registerTool(
    'create_issue',
    {
      description: 'Files an issue',
      inputSchema: { title: z.string().min(3), labels: z.array(z.enum(['bug', 'idea'])).optional() },
    },
    async ({ title, labels }, extra) => {
      if (title.includes('duplicate')) throw new Error(`There is an issue "${title}" already`)
      await server.sendLoggingMessage({ level: 'info', data: `created ${title}` }, extra.sessionId)
      return { content: [{ type: 'text', text: `Created ${title} (${(labels ?? []).join(', ')})` }] }
    },
  )
  server.registerTool('broken_output', { outputSchema: { n: z.number() } }, async () => ({
    content: [],
    structuredContent: { n: 'not a number' },
  }))
  server.registerResource(
    'issue',
    new ResourceTemplate('issues://{id}', {
      list: async () => ({
        resources: issues.map(({ id, title }) => ({ uri: `issues://${id}`, name: title })),
      }),
      complete: { id: (value) => issues.map(({ id }) => String(id)).filter((id) => id.startsWith(value)) },
    }),
    { title: 'Issue', description: 'One issue', mimeType: 'application/json' },
    async (uri, { id }) => {
      const issue = issues.find((each) => String(each.id) === id)
      return { contents: [{ uri: uri.href, text: JSON.stringify(issue ?? null) }] }
    },
  )
  server.registerResource('readme', 'docs://readme', { mimeType: 'text/plain' }, async (uri) => ({
    contents: [{ uri: uri.href, text: 'How to file an issue' }],
  }))
  server.registerPrompt(
    'triage',
    {
      title: 'Triage',
      description: 'Sorts issues',
      argsSchema: { area: z.string(), hint: z.string().optional() },
    },
    ({ area, hint }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `Triage ${area}${hint ?? ''}` } }],
    }),
  )
  return server
}

const transports: Record<string, StreamableHTTPServerTransport> = {}

app.post('/mcp', async (req, res) => {
  const sessionId = req.headers['mcp-session-id'] as string | undefined
  let transport = sessionId === undefined ? undefined : transports[sessionId]
  if (transport === undefined && sessionId === undefined && isInitializeRequest(req.body)) {
    const created = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        transports[id] = created
      },
    })
    created.onclose = () => {
      if (created.sessionId) delete transports[created.sessionId]
    }
    await createServer().connect(created as never)
    transport = created
  }
  if (transport === undefined) {
    res.status(400).json({
      jsonrpc: '2.0',
      error: { code: -32000, message: 'Bad Request: No valid session ID provided' },
      id: null,
    })
    return
  }
  await transport.handleRequest(req, res, req.body)
})

const bySession = async (req: express.Request, res: express.Response) => {
  const transport = transports[String(req.headers['mcp-session-id'])]
  if (transport === undefined) res.status(400).send('Invalid or missing session ID')
  else await transport.handleRequest(req, res)
}
app.get('/mcp', bySession)
app.delete('/mcp', bySession)
app.get('/open-sessions', (_req, res) => void res.json(Object.keys(transports).length))

app.listen(3000)
