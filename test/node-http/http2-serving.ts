/** One server for the tests of HTTP/2: mounted in a server of the application, or served with `tls`; and its client. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { createMcpHandler, type HandlerOptions, McpServer, serve } from '../../src/index.ts'
import { certificate } from '../helpers/certificate.ts'
import { Http2Client } from '../helpers/http2-client.ts'
import { HeldCalls } from '../session-era/serving.ts'

export const INITIALIZE = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h2', version: '1' } },
}
export const call = (id: number | string, name: string, args: object = {}, meta?: object) => ({
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(meta !== undefined && { _meta: meta }) },
})
export const textOf = (message: { result?: { content?: { text?: string }[] } } | undefined) =>
  message?.result?.content?.[0]?.text

export function definition() {
  const server = new McpServer({ name: 'h2', version: '1.0.0' }, { logging: true })
  const held = new HeldCalls()
  const seen: { host: unknown; pseudo: boolean }[] = []
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('echo', { inputSchema }, ({ text }, ctx) => {
    const { headers = {} } = ctx
    seen.push({ host: headers.host, pseudo: Object.keys(headers).some((name) => name.startsWith(':')) })
    return text ?? ''
  })
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  server.registerTool('talk', { inputSchema }, ({ text }, ctx) => {
    ctx.log.info('talking')
    return text ?? ''
  })
  return { server, held, seen }
}

/** The handler in a server of the application, as the documentation of node:http2 has it. */
export async function mounted(t: TestContext, options: HandlerOptions = {}) {
  const { server, ...rest } = definition()
  const handler = createMcpHandler(server, options)
  const http = createSecureServer({ ...certificate(), allowHTTP1: true }, handler)
  http.on('checkContinue', handler.checkContinue)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `https://localhost:${(http.address() as AddressInfo).port}/mcp`
  const client = new Http2Client(url)
  t.after(async () => {
    await client.close()
    await handler.close({ drainMs: 0 })
    http.close()
  })
  return { ...rest, server, handler, url, client }
}

export async function served(t: TestContext, options: Parameters<typeof serve>[1] = {}) {
  const { server, ...rest } = definition()
  const serving = await serve(server, { port: 0, tls: certificate(), ...options })
  const client = new Http2Client(serving.url)
  t.after(async () => {
    await client.close()
    await serving.close({ drainMs: 0 })
  })
  return { ...rest, server, serving, client, url: serving.url }
}

export async function openSession(client: Http2Client): Promise<{ 'mcp-session-id': string }> {
  const { status, headers } = await client.post(INITIALIZE)
  assert.equal(status, 200)
  return { 'mcp-session-id': headers['mcp-session-id'] as string }
}
