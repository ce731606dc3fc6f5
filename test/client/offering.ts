/** What the client's tests of both eras connect to: barewire's own server over a real socket. */

import type { TestContext } from 'node:test'
import type { ConnectOptions } from '../../src/client/index.ts'
import { McpServer, type ServeOptions, serve, ToolError } from '../../src/index.ts'
import { connected } from './scripted-server.ts'

export const REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] as const

const NUMBERS = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
} as const
const SUM = { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] } as const
const FORM = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', default: 7 } },
  required: ['name'],
} as const
const REGION = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
} as const

export function offering(): McpServer {
  const options = { instructions: 'be kind', logging: 'info' } as const
  const server = new McpServer({ name: 'offers', version: '1.2.3' }, options)
  server.registerTool('add', { inputSchema: NUMBERS, outputSchema: SUM }, ({ a, b }) => ({
    structuredContent: { sum: a + b },
  }))
  server.registerTool('fail', {}, () => {
    throw new ToolError('out of paper')
  })
  server.registerTool('count', {}, async (_, ctx) => {
    for (let i = 1; i <= 3; i++) await ctx.progress(i, 3, `step ${i}`)
    await ctx.log.warning({ n: 1 })
    return 'counted'
  })
  server.registerTool('ask', {}, async (_, ctx) => {
    const messages = [{ role: 'user', content: { type: 'text', text: 'hi' } }] as const
    const [form, roots, model] = await Promise.all([
      ctx.elicit('form', { message: 'who?', requestedSchema: FORM }),
      ctx.listRoots(),
      ctx.sample('model', { messages, maxTokens: 5 }),
    ])
    return JSON.stringify([form, roots, model.content])
  })
  server.registerTool('region', { inputSchema: REGION }, ({ region }) => String(region))
  server.registerResource('note', 'note://1', { mimeType: 'text/plain', subscribe: true }, () => 'a note')
  server.registerResourceTemplate('day', 'day://{day}', {}, (_, { day }) => String(day))
  const argsSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } as const
  const complete = { name: (value: string) => ['Ann', 'Bob'].filter((name) => name.startsWith(value)) }
  server.registerPrompt('greet', { argsSchema, complete }, ({ name }) => `Hello ${name}`)
  return server
}

/** Serves it, and connects a client to it. */
export async function served(
  t: TestContext,
  options: ConnectOptions = {},
  server = offering(),
  serving: ServeOptions = {},
) {
  const running = await serve(server, { port: 0, ...serving })
  t.after(() => running.close({ drainMs: 0 }))
  return { server, running, url: running.url, client: await connected(t, running.url, options) }
}
