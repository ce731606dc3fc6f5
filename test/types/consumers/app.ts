/**
 * What users write, as they write it: held against the packed package under every combination of compiler options
 * (../consumers.test.ts), and against src by `npm run types`.
 */
import { createServer } from 'node:http'
import {
  type AuthOptions,
  type CallToolResult,
  type ClientCapabilities,
  createMcpHandler,
  type ElicitUrlParams,
  type Handle,
  type HandlerOptions,
  inputRequired,
  McpError,
  McpServer,
  type Middleware,
  MissingCapabilityError,
  type PromptConfig,
  type RequestContext,
  RpcError,
  resourceNotFound,
  type ServeOptions,
  type Serving,
  serve,
  type ToolConfig,
  ToolError,
  type ToolHandler,
} from '../../../src/index.ts'

interface Forecast {
  city: string
  degrees: number
  note?: string
}
declare const forecast: Forecast
declare const fetched: unknown
declare const page: ElicitUrlParams
declare const needed: ClientCapabilities
declare const prod: boolean
declare const maybe: string | undefined
declare const count: number | undefined

/** What nobody has set is `undefined`, which every option takes for absent. */
export const server: McpServer = new McpServer(
  {
    name: 'app',
    version: '1.0.0',
    title: process.env['TITLE'],
    icons: prod ? [{ src: 'a:b', mimeType: maybe }] : undefined,
  },
  {
    instructions: process.env['INSTRUCTIONS'],
    pageSize: count,
    logging: prod ? 'info' : undefined,
    cache: {
      tools: { ttlMs: count, scope: prod ? 'public' : undefined },
      read: prod ? { ttlMs: 1 } : undefined,
    },
    onError: prod ? (error, info) => console.error(error, info.phase) : undefined,
  },
)

const auth: AuthOptions | undefined = prod
  ? { verify: (token) => ({ id: token, scopes: undefined, claims: forecast }) }
  : undefined
const options: HandlerOptions = {
  auth,
  path: process.env['MCP_PATH'],
  allowedHosts: process.env['HOSTS']?.split(','),
  allowedOrigins: prod ? ['https://app.example'] : undefined,
  sessions: prod ? { max: count, idleTimeoutMs: undefined } : false,
  replay: prod ? undefined : false,
  maxBodyBytes: count,
  messageRate: { perSecond: count },
  rateLimit: prod ? { perSecond: 1, burst: 2 } : undefined,
  tasks: { ttlMs: count, store: undefined },
  requestState: { keys: prod ? ['k'.repeat(64)] : undefined },
  onRejected: prod ? (refusal) => console.error(refusal.error.message) : undefined,
}
createServer(createMcpHandler(server, options))
createMcpHandler(server, {
  auth: prod ? { verify: async () => undefined, resourceMetadata: process.env['METADATA'] } : undefined,
})
const serveOptions: ServeOptions = {
  ...options,
  port: process.env['PORT'] ?? 3000,
  host: process.env['HOST'],
}
export const serving: Promise<Serving> = serve(server, serveOptions)
serve(server, { port: process.env['PORT'], host: process.env['HOST'], auth: prod ? auth : undefined })

/** Schema literals, in the call and outside of it. */
server.registerTool(
  'weather',
  {
    title: process.env['TITLE'],
    description: maybe,
    annotations: prod ? { readOnlyHint: true, title: maybe } : undefined,
    timeoutMs: count,
    visible: prod ? (ctx) => ctx.auth !== undefined : undefined,
    rateLimit: prod ? { perSecond: 1, burst: 1 } : undefined,
    inputSchema: {
      type: 'object',
      properties: {
        city: { type: 'string', description: process.env['CITY'] },
        days: { type: 'integer', minimum: count },
        unit: { enum: ['C', 'F'] },
        tags: { type: 'array', items: { type: 'string' } },
      },
      required: ['city'],
    },
  },
  async ({ city, days = 1, unit, tags }, ctx) => {
    const name: string = city
    const until: number = days
    const scale: 'C' | 'F' | undefined = unit
    const first: string | undefined = tags?.[0]
    // @ts-expect-error a string: types that were lost would let this pass
    const wrong: number = city
    // @ts-expect-error no such argument
    const gone = ctx.nothing
    await ctx.progress(1, count, maybe)
    ctx.log.info({ name, scale, first, wrong, gone })
    if (until > 7) throw new ToolError('too far')
    if (until > 5) throw new RpcError(-32000, 'too far', { until })
    return `${name}: 21`
  },
)

export const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, limit: { type: 'number' } },
  required: ['city'],
} as const
server.registerTool('outside', { inputSchema: schema, title: maybe }, ({ city, limit }) => {
  const name: string = city
  const most: number | undefined = limit
  // @ts-expect-error a string
  const wrong: number = city
  return [{ type: 'text', text: name + String(most) + String(wrong), annotations: undefined }]
})

/** Handlers that are declared first. */
export const handler: ToolHandler<typeof schema, undefined> = async ({ city }) => city
server.registerTool('assigned', { inputSchema: schema }, handler)
const untyped = async ({ city }: { city: string }, ctx: RequestContext) => ({
  content: [{ type: 'text' as const, text: city + ctx.requestId }],
  isError: prod ? true : undefined,
})
server.registerTool('untyped', { inputSchema: schema }, untyped)
async function declared(args: { city: string; limit?: number }): Promise<CallToolResult> {
  return { content: [{ type: 'text', text: args.city }], structuredContent: forecast, _meta: undefined }
}
server.registerTool('declared', { inputSchema: schema }, declared)
const noArguments = () => 'pong'
server.registerTool('ping', {}, noArguments)
server.registerTool('ping2', { inputSchema: undefined, outputSchema: undefined }, async () => noArguments())
const config: ToolConfig<typeof schema> = { inputSchema: schema, description: process.env['DESCRIPTION'] }
server.registerTool('config', config, ({ city }) => city.toUpperCase())

/** An interface has no index signature. */
server.registerTool('interface', { _meta: forecast }, () => ({ structuredContent: forecast }))
server.registerTool('cast', {}, async () => ({ structuredContent: fetched as Forecast, content: [] }))
const outputSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' }, note: { type: 'string' } },
  required: ['city', 'degrees'],
} as const
server.registerTool('structured', { outputSchema }, () => ({ structuredContent: forecast }))
server.registerTool('left_out', { outputSchema }, () => ({
  structuredContent: { city: 'Bern', degrees: 21, note: maybe },
}))
server.registerTool(
  'enum',
  { outputSchema: { type: 'object', properties: { unit: { enum: ['C', 'F'] } }, required: ['unit'] } },
  async () => ({ structuredContent: { unit: 'C' } }),
)
server.registerTool('structured_cast', { outputSchema }, async () => ({
  structuredContent: fetched as Forecast,
}))
server.registerTool('structured_meta', { outputSchema }, () => ({
  structuredContent: { city: 'Bern', degrees: 21 },
  content: [{ type: 'text', text: 'x' }],
  _meta: undefined,
}))
// @ts-expect-error degrees is a number
server.registerTool('misfit', { outputSchema }, () => ({ structuredContent: { city: 'x', degrees: '21' } }))
server.registerTool('failed', { outputSchema }, () => ({
  isError: true,
  content: [{ type: 'text', text: 'x' }],
}))

/** Resources and prompts. */
server.registerResource('a', 'a:b', { mimeType: maybe, size: count, subscribe: prod }, (uri) => uri.href)
server.registerResource('c', 'a:d', { title: process.env['TITLE'] }, async (uri) => ({
  contents: [{ uri: uri.href, text: 'x', mimeType: maybe }],
}))
server.registerResourceTemplate(
  'files',
  'file:///{+path}',
  {
    description: process.env['DESCRIPTION'],
    list: prod ? () => [{ uri: 'a:b', name: 'b', title: maybe }] : undefined,
    complete: { path: (value) => [value] },
  },
  async (uri, { path }) => {
    if (path === undefined) throw resourceNotFound(uri)
    return { uri: uri.href, mimeType: maybe, blob: '' }
  },
)
const promptConfig: PromptConfig<typeof schema> = { argsSchema: schema, title: maybe }
server.registerPrompt('prompt', promptConfig, ({ city }) => city)
server.registerPrompt('review', { description: process.env['DESCRIPTION'] }, () => ({
  description: maybe,
  messages: [{ role: 'user', content: { type: 'text', text: 'x' } }],
}))

/** Handles, middleware, extensions. */
export const handle: Handle<Partial<ToolConfig>> = server.registerTool('later', {}, noArguments)
handle.update({ title: process.env['TITLE'], description: undefined })
const middleware: Middleware = async (ctx, next) => {
  try {
    ctx.locals['user'] = ctx.auth?.claims?.['sub']
    return await next()
  } catch (error) {
    if (error instanceof McpError && error.code === 'ERR_REQUEST_TIMEOUT') throw new Error(error.message)
    throw error
  }
}
server.use((ctx, next) => {
  if (ctx.client.capabilities.roots === undefined) throw new MissingCapabilityError('roots', needed)
  return next()
})
server.use(middleware).use((_ctx, next) => next())
server.registerExtension('com.example/notes', {
  settings: prod ? forecast : undefined,
  methods: { 'notes/list': () => forecast },
})

/** Questions to the user. */
server.registerTool('ask', {}, async (_args, ctx) => {
  const answer = await ctx.elicit('sure', { message: 'Sure?', requestedSchema: schema })
  if (answer.action === 'accept') {
    const city: string = answer.content.city
    return city
  }
  const page = await ctx.elicit('page', { message: 'Sure?', url: 'https://a.example', elicitationId: maybe })
  const sampled = await ctx.sample('model', {
    messages: [],
    maxTokens: 1,
    systemPrompt: maybe,
    temperature: count,
  })
  const blocks = Array.isArray(sampled.content) ? sampled.content : [sampled.content]
  const texts: string[] = blocks.map((block) => (block.type === 'text' ? block.text : ''))
  const kept = await ctx.once('kept', () => forecast)
  return page.action + sampled.model + texts.join('') + kept.city
})
server.registerTool('drive', {}, (_args, ctx) =>
  ctx.inputResponses === undefined
    ? inputRequired({ inputRequests: { a: { method: 'elicitation/create', params: page } }, state: maybe })
    : 'done',
)
