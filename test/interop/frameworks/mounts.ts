/**
 * How the handler is mounted in each framework, as its documentation would say: an HTTP server on a free port, with the
 * endpoint at `/mcp` and, where a framework has mount points, below `/api/mcp` too.
 *
 * The packages are in package.json of this folder, and not in the root's: none of them is imported by name here, so
 * that types are checked without them.
 */

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { McpHandler } from '../../../src/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: packages without types here
type Package = any
const load = async (name: string): Promise<Package> => {
  const loaded = await import(name)
  return loaded.default ?? loaded
}
const loadNamed = (name: string): Promise<Package> => import(name)

export interface Mounted {
  readonly origin: string
  close(): void
}

export interface Mount {
  /** Paths under which the endpoint can be reached. */
  readonly paths: readonly string[]
  /** It hands on pieces of an answer as they come, and says that the client has left. */
  readonly streams: boolean
  start(mcp: McpHandler): Promise<Mounted>
}

export const MOUNTS: Readonly<Record<string, Mount>> = {
  'express 5': below(async (mcp) => expressApp(await load('express'), mcp, false)),
  'express 5 with express.json()': below(async (mcp) => expressApp(await load('express'), mcp, true)),
  'express 4': below(async (mcp) => expressApp(await load('express4'), mcp, false)),
  'express 4 with express.json()': below(async (mcp) => expressApp(await load('express4'), mcp, true)),
  connect: below(async (mcp) => (await load('connect'))().use('/mcp', mcp).use('/api/mcp', mcp)),
  polka: below(async (mcp) => {
    const polka = await load('polka')
    const app = polka().use('/mcp', mcp)
    return app.use('/api', polka().use('/mcp', mcp)).handler
  }),
  koa: below(async (mcp) => {
    const Koa = await load('koa')
    const app = new Koa()
    app.use(async (ctx: Package, next: () => Promise<void>) => {
      if (!ctx.path.endsWith('/mcp')) return await next()
      // Koa leaves the answer to us.
      ctx.respond = false
      mcp(ctx.req, ctx.res)
    })
    return app.callback()
  }),
  nest: {
    paths: ['/mcp', '/api/mcp'],
    streams: true,
    async start(mcp) {
      await import('reflect-metadata' as string)
      const { All, Controller, Module, Req, Res } = await loadNamed('@nestjs/common')
      const { NestFactory } = await loadNamed('@nestjs/core')
      class McpController {
        handle(req: Package, res: Package) {
          mcp(req, res, req.body)
        }
      }
      const { prototype } = McpController
      // What `@Controller()`, `@All()`, `@Req()` and `@Res()` are in a source with decorators.
      All()(prototype, 'handle', Object.getOwnPropertyDescriptor(prototype, 'handle'))
      Req()(prototype, 'handle', 0)
      Res()(prototype, 'handle', 1)
      Controller(['mcp', 'api/mcp'])(McpController)
      class AppModule {}
      Module({ controllers: [McpController] })(AppModule)
      const app = await NestFactory.create(AppModule, { logger: false })
      await app.listen(0, '127.0.0.1')
      return { origin: await app.getUrl(), close: () => app.close() }
    },
  },
  fastify: {
    paths: ['/mcp', '/api/mcp'],
    streams: true,
    async start(mcp) {
      const app = (await load('fastify'))()
      const route = (request: Package, reply: Package) => {
        reply.hijack()
        mcp(request.raw, reply.raw, request.body)
      }
      app.all('/mcp', route)
      app.register(async (api: Package) => api.all('/mcp', route), { prefix: '/api' })
      return { origin: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
    },
  },
  'hono, by its node server': {
    paths: ['/mcp', '/api/mcp'],
    streams: true,
    async start(mcp) {
      const { Hono } = await loadNamed('hono')
      const { getRequestListener } = await loadNamed('@hono/node-server')
      const { RESPONSE_ALREADY_SENT } = await loadNamed('@hono/node-server/utils/response')
      const app = new Hono()
      app.all('*', (c: Package) => {
        mcp(c.env.incoming, c.env.outgoing)
        return RESPONSE_ALREADY_SENT
      })
      return await listen(getRequestListener(app.fetch))
    },
  },
  'hono, by fetch-to-node': {
    paths: ['/mcp', '/api/mcp'],
    streams: true,
    async start(mcp) {
      const { Hono } = await loadNamed('hono')
      const { getRequestListener } = await loadNamed('@hono/node-server')
      const { toReqRes, toFetchResponse } = await loadNamed('fetch-to-node')
      const app = new Hono()
      app.all('*', (c: Package) => {
        const { req, res } = toReqRes(c.req.raw)
        // fetch-to-node does not say that the client has left, and throws when something is written then.
        c.req.raw.signal.addEventListener('abort', () => res.destroy().emit('close'))
        mcp(req, res)
        return toFetchResponse(res)
      })
      return await listen(getRequestListener(app.fetch))
    },
  },
  'serverless-http': {
    paths: ['/mcp', '/api/mcp'],
    streams: false,
    async start(mcp) {
      const run = (await load('serverless-http'))(mcp)
      // What a gateway does: a request becomes an event, and what comes back an answer.
      return await listen(async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk)
        const path = request.url
        const body = Buffer.concat(chunks).toString()
        const event = { httpMethod: request.method, path, headers: request.headers, body, requestContext: {} }
        const { statusCode, headers, body: answer, isBase64Encoded } = await run(event, {})
        response.writeHead(statusCode, headers).end(answer, isBase64Encoded ? 'base64' : 'utf8')
      })
    },
  },
}

/** A framework whose application is a listener of node:http. */
function below(make: (mcp: McpHandler) => Promise<RequestListener>): Mount {
  return {
    paths: ['/mcp', '/api/mcp'],
    streams: true,
    start: async (mcp) => listen(await make(mcp)),
  }
}

function expressApp(express: Package, mcp: McpHandler, parses: boolean): RequestListener {
  const app = express()
  if (parses) app.use(express.json())
  app.all('/mcp', mcp)
  const api = express.Router()
  api.use('/mcp', (req: Package, res: Package) => mcp(req, res, req.body))
  app.use('/api', api)
  return app
}

async function listen(listener: RequestListener): Promise<Mounted> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
