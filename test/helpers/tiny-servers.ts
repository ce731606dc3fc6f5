/** Hand-written servers for the tests of the wire client: plain HTTP, plain TCP, and one that can hold a session. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { WireJson } from './wire.ts'

export async function serveHttp(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}/mcp` }
}

export async function serveNet(t: TestContext, listener: (socket: Socket) => void) {
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    t.after(() => socket.destroy())
    listener(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

export async function bodyOf(req: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of req) text += chunk
  return text
}

export const frame = (message: WireJson, id?: string) =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`
export const openStream = (res: ServerResponse) => res.writeHead(200, { 'content-type': 'text/event-stream' })
export const progress = (value: number) => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 't', progress: value },
})
export const callEcho = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'echo' } }
export const answerTo = (id: unknown) => ({
  jsonrpc: '2.0',
  id,
  result: { content: [{ type: 'text', text: 'é' }] },
})

/** A server just large enough to hold a session, with one fault to choose. */
export function tinyServer(fault: 'none' | 'wrong-result' | 'no-end' = 'none'): RequestListener {
  let asked: ((message: WireJson) => void) | undefined
  return async (req, res) => {
    if (req.method === 'DELETE') return void res.writeHead(200).end()
    if (req.method === 'GET') {
      openStream(res).write(': hello\n\n')
      res.end(frame(answerTo(1), `after-${req.headers['last-event-id']}`))
      return
    }
    const message: WireJson = JSON.parse(await bodyOf(req))
    if (message.id === undefined) return void res.writeHead(202).end()
    if (message.method === undefined) {
      res.writeHead(202).end()
      return asked?.(message)
    }
    const json = (result: object) =>
      res
        .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's1' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }))
    if (message.method === 'initialize') {
      const serverInfo = { name: 'tiny', version: '1' }
      return void json({ protocolVersion: message.params.protocolVersion, capabilities: {}, serverInfo })
    }
    if (message.method === 'tools/list')
      return void json(fault === 'wrong-result' ? { tools: 1 } : { tools: [] })
    const params = { messages: [], maxTokens: 5 }
    openStream(res).write(frame({ jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params }))
    const answer = await new Promise<WireJson>((resolve) => {
      asked = resolve
    })
    const text = JSON.stringify({
      answer,
      seen: req.headers['mcp-protocol-version'],
      session: req.headers['mcp-session-id'],
    })
    const last = frame({ jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text }] } })
    if (fault === 'no-end') res.write(last, () => res.destroy())
    else res.end(last)
  }
}
