/** barewire as its README sets it up; limits are lifted where a part goes beyond them on purpose. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer, type ServeOptions, serve } from '../../src/index.ts'
import { ISSUER, PUBLIC_KEY, RESOURCE } from '../lib/access-token.ts'
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

/** So that every request is counted, as it is by default, and none is refused. */
const BEYOND_ANY_ROUND = { perSecond: 1e9, burst: 1e9 }

/** The definition, and the tool that changes. */
function define(setup: Setup) {
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
  if (setup.guarded === true) server.use((_ctx, next) => next())
  return { server, progress }
}

export async function start(setup: Setup): Promise<Running> {
  const { server, progress } = define(setup)
  if (setup.idleRedis !== undefined) await (await redisClient(setup.idleRedis)).duplicate().connect()
  const options: ServeOptions = {
    port: 0,
    keepAliveMs: setup.keepAliveMs,
    maxStreamBufferBytes: setup.maxStreamBufferBytes,
    sessions:
      setup.wire === 'sessionless'
        ? false
        : { max: Number.POSITIVE_INFINITY, idleTimeoutMs: setup.idleTimeoutMs },
    subscriptions: { max: Number.POSITIVE_INFINITY },
    ...(setup.guarded === true && { auth: { verify } }),
    ...(setup.guarded === 'oauth' && { auth: await resourceServer() }),
    ...(setup.store !== undefined && { store: await redis(setup.store.port) }),
  }
  // A commit that `--base` measures may be from before that option.
  const limited = serve(server, { ...options, rateLimit: BEYOND_ANY_ROUND })
  let changes = 0
  const { port, stats } = await limited.catch(() => serve(server, options))
  return {
    port,
    sessions: () => stats().sessions,
    // Another description: what a running server does when one of its tools changes.
    change: () => {
      changes += 1
      progress.update({ description: `${PROGRESS.description} (${changes})` })
    },
  }
}

/** Loaded here only: who serves HTTP loads none of it. */
export async function fetchHandler(setup: Setup): Promise<(request: Request) => Promise<Response>> {
  const { createFetchHandler } = await import('../../src/fetch.ts')
  const { server } = define(setup)
  return createFetchHandler(server, {
    rateLimit: BEYOND_ANY_ROUND,
    ...(setup.wire === 'sessionless' && { sessions: false as const }),
  })
}

export async function stdio(setup: Setup): Promise<void> {
  const { serveStdio } = await import('../../src/stdio.ts')
  serveStdio(define(setup).server)
}

function verify(token: string) {
  return token === TOKEN ? { id: 'bench', scopes: [] } : undefined
}

/** Imported here: a commit that `--base` measures may be from before it. */
async function redis(port: number): Promise<NonNullable<ServeOptions['store']>> {
  const { redisStore } = await import('../../src/redis/index.ts')
  return redisStore({ client: await redisClient(port) })
}

async function redisClient(port: number) {
  const { createClient } = await import('redis')
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  client.on('error', () => {})
  return client.connect()
}

/** Its key is fetched once. Imported here: a commit that `--base` measures may be from before it. */
async function resourceServer(): Promise<NonNullable<ServeOptions['auth']>> {
  const { jwt, protectedResource } = await import('../../src/auth/index.ts')
  const keys = createServer((_request, response) =>
    response.end(JSON.stringify({ keys: [PUBLIC_KEY] })),
  ).listen(0)
  await once(keys, 'listening')
  keys.unref()
  const jwksUri = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks`
  return protectedResource({
    resource: RESOURCE,
    authorizationServers: [ISSUER],
    scopes: { 'notes:read': 'Read notes' },
    requiredScopes: ['notes:read'],
    token: jwt({ issuer: ISSUER, jwksUri }),
  })
}
