/**
 * barewire as a function of AWS Lambda behind a function URL. `handler` is for its invoke mode RESPONSE_STREAM, in which
 * progress arrives as it is sent; `buffered` is for BUFFERED, in which an answer comes as a whole.
 *
 * Bundle: `npx esbuild scripts/examples/lambda.ts --bundle --platform=node --format=esm --outfile=lambda.mjs`
 * Its environment: `PUBLIC_HOST`, the host of the function URL or of the name in front of it.
 */

import { Hono } from 'hono'
import { handle, streamHandle } from 'hono/aws-lambda'
import { createFetchHandler, McpServer } from '../../src/fetch.ts'

const server = new McpServer({ name: 'lambda-example', version: '1.0.0' })
server.registerTool(
  'forecast',
  {
    description: 'What another service says of a city',
    inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
  async ({ city }, ctx) => {
    await ctx.progress(1, 2, 'asking')
    const url = `${process.env['FORECAST_URL']}?city=${encodeURIComponent(city)}`
    const answer = await fetch(url, { signal: ctx.signal })
    await ctx.progress(2, 2, 'asked')
    return await answer.text()
  },
)
server.registerTool(
  'add',
  {
    description: 'Adds two numbers',
    inputSchema: {
      type: 'object',
      properties: { a: { type: 'number' }, b: { type: 'number' } },
      required: ['a', 'b'],
    },
  },
  ({ a, b }) => String(a + b),
)

const mcp = createFetchHandler(server, {
  eras: ['stateless'],
  sessions: false,
  allowedHosts: [process.env['PUBLIC_HOST'] ?? 'localhost'],
})
const app = new Hono().all('/mcp', (c) => mcp(c.req.raw))

export const handler: ReturnType<typeof streamHandle> = streamHandle(app)
export const buffered: ReturnType<typeof handle> = handle(app)
