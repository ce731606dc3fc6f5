/** barewire as its README sets it up; limits are lifted where a part goes beyond them on purpose. */

import { McpServer, serve } from '../../src/index.ts'
import { type Running, type Setup, TOKEN } from '../lib/setup.ts'
import {
  CHECKED,
  CHECKED_SCHEMA,
  ECHO,
  fillers,
  PROGRESS,
  PROGRESS_BATCH,
  SERVER_INFO,
  yieldTurn,
} from '../lib/workload.ts'

const SCHEMAS = {
  echo: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  progress: {
    type: 'object',
    properties: { count: { type: 'integer' }, batch: { type: 'integer' } },
    required: ['count'],
  },
} as const

export async function start(setup: Setup): Promise<Running> {
  const server = new McpServer(SERVER_INFO)
  server.registerTool(
    ECHO.name,
    { description: ECHO.description, inputSchema: SCHEMAS.echo },
    ({ text }) => text,
  )
  server.registerTool(
    CHECKED.name,
    { description: CHECKED.description, inputSchema: CHECKED_SCHEMA },
    ({ query, limit, sort }) => `${query}: ${limit} ${sort}`,
  )
  const progress = server.registerTool(
    PROGRESS.name,
    { description: PROGRESS.description, inputSchema: SCHEMAS.progress },
    async ({ count, batch = PROGRESS_BATCH }, ctx) => {
      for (let i = 1; i <= count; i++) {
        ctx.progress(i, count)
        if (i % batch === 0) await yieldTurn()
      }
      return `${count} done`
    },
  )
  for (const { name, description, inputSchema } of fillers(setup.tools)) {
    server.registerTool(name, { description, inputSchema }, () => name)
  }
  if (setup.guarded) server.use((_ctx, next) => next())
  const { port, stats } = await serve(server, {
    port: 0,
    keepAliveMs: setup.keepAliveMs,
    maxStreamBufferBytes: setup.maxStreamBufferBytes,
    sessions:
      setup.wire === 'sessionless'
        ? false
        : { max: Number.POSITIVE_INFINITY, idleTimeoutMs: setup.idleTimeoutMs },
    subscriptions: { max: Number.POSITIVE_INFINITY },
    ...(setup.guarded && { auth: { verify } }),
  })
  return {
    port,
    sessions: () => stats().sessions,
    // A description that is set anew: what a running server does when one of its tools changes.
    change: () => progress.update({ description: PROGRESS.description }),
  }
}

function verify(token: string) {
  return token === TOKEN ? { id: 'bench', scopes: [] } : undefined
}
