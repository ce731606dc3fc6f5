/** A server behind `auth` for tests: what hooks were told is kept, and so is which tools ran. */

import type { TestContext } from 'node:test'
import { McpServer, type Refusal, type ServeOptions, type Serving, serve } from '../../src/index.ts'
import { type HttpReply, post, type RequestHeaders } from '../helpers/wire.ts'

export const RESOURCE = 'https://mcp.example.com/mcp'

export interface Guarded {
  readonly url: string
  readonly serving: Serving
  readonly server: McpServer
  readonly refusals: Refusal[]
  readonly errors: { readonly error: unknown; readonly phase: string }[]
  /** Tools that ran, with who called them. */
  readonly ran: string[]
  /** One call of the tool `whoami` in the stateless era, with these headers. */
  whoami(headers?: RequestHeaders): Promise<HttpReply>
}

export async function guarded(
  t: TestContext,
  auth: ServeOptions['auth'],
  setup: (server: McpServer) => void = () => {},
  options: ServeOptions = {},
): Promise<Guarded> {
  const refusals: Refusal[] = []
  const errors: Guarded['errors'] = []
  const ran: string[] = []
  const server = new McpServer(
    { name: 'guarded', version: '1.0.0' },
    { onError: (error, { phase }) => errors.push({ error, phase }) },
  )
  server.registerTool('whoami', {}, (_args, ctx) => {
    ran.push(`whoami ${ctx.auth?.id}`)
    return JSON.stringify(ctx.auth ?? null)
  })
  setup(server)
  const serving = await serve(server, {
    port: 0,
    onRejected: (refusal) => refusals.push(refusal),
    ...options,
    auth,
  })
  t.after(() => serving.close({ drainMs: 0 }))
  const { url } = serving
  const whoami = (headers: RequestHeaders = {}) => callTool(url, 'whoami', headers)
  return { url, serving, server, refusals, errors, ran, whoami }
}

/** A call in the stateless era, which needs nothing before it. */
export function callTool(
  url: string,
  name: string,
  headers: RequestHeaders = {},
  args: object = {},
): Promise<HttpReply> {
  const message = statelessRequest('tools/call', { name, arguments: args })
  return post(url, message, { ...mirrored('tools/call', name), ...headers })
}

export function statelessRequest(method: string, params: object = {}, id: string | number = 1): object {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta } }
}

export function mirrored(method: string, name?: string): RequestHeaders {
  return {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': name }),
  }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** The parameters of the first challenge, or of the one with this scheme. */
export function challengeOf(reply: HttpReply, scheme = 'Bearer'): { readonly [name: string]: string } {
  const lines: string[] = []
  for (let at = 0; at + 1 < reply.rawHeaders.length; at += 2) {
    if (reply.rawHeaders[at]?.toLowerCase() === 'www-authenticate') lines.push(reply.rawHeaders[at + 1] ?? '')
  }
  const line = lines.find((each) => each === scheme || each.startsWith(`${scheme} `))
  if (line === undefined) throw new Error(`no challenge ${scheme} among ${JSON.stringify(lines)}`)
  return Object.fromEntries(
    [...line.matchAll(/([\w]+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1], match[2]]),
  )
}
