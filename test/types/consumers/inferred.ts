/**
 * Exports whose types the compiler writes out: it must be able to name each of them by what the package exports. See
 * app.ts; not for `isolatedDeclarations`, which allows none of this.
 */
import {
  createMcpHandler,
  inputRequired,
  McpError,
  McpServer,
  type RequestContext,
  RpcError,
  resourceNotFound,
  serve,
  ToolError,
} from '../../../src/index.ts'

export const server = new McpServer({ name: 'inferred', version: '1.0.0' })
export const { info, instructions } = server
export const handler = createMcpHandler(server, { auth: { verify: (token) => ({ id: token }) } })
export const { stats, close } = handler
export const serving = serve(server)
export const read = async () => ({ ...(await serving), counted: (await serving).stats() })

const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const
export const tool = server.registerTool('tool', { inputSchema }, ({ city }) => city)
export const plain = server.registerTool('plain', {}, () => 'x')
export const prompt = server.registerPrompt('prompt', { argsSchema: inputSchema }, ({ city }) => city)
export const resource = server.registerResource('resource', 'a:b', {}, () => 'x')
export const template = server.registerResourceTemplate('template', 'a:{b}', {}, (_uri, { b }) => `${b}`)
export const chained = server.use((_ctx, next) => next())

export const seen = (ctx: RequestContext) => {
  const { auth, client, headers, locals, log, meta, method, params, progress, protocolVersion } = ctx
  const { requestId, requestState, inputResponses, session, signal, trace, once, startTask } = ctx
  const first = { auth, client, headers, locals, log, meta, method, params, progress, protocolVersion }
  return { ...first, requestId, requestState, inputResponses, session, signal, trace, once, startTask }
}
export const asked = (ctx: RequestContext) => ({
  form: ctx.elicit('form', { message: 'x', requestedSchema: inputSchema }),
  page: ctx.elicit('page', { message: 'x', url: 'https://a.example' }),
  sampled: ctx.sample('sample', { messages: [], maxTokens: 1 }),
  roots: ctx.listRoots(),
})
export const question = inputRequired({ state: 1 })
export const errors = [new McpError('ERR_RESULT', 'x'), new RpcError(1, 'x'), new ToolError('x')]
export const missing = resourceNotFound('a:b')
