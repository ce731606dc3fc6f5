/**
 * A load balancer for tests: each request of a session goes to another node than the one before, and so does each
 * request without a session. It can delay requests, cut connections, and take nodes in and out while it runs.
 *
 * As nginx does, it sends a request to another node only where a node did not accept the connection, so that nothing is
 * done twice: where a connection breaks later, the client gets 502 or a broken response.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Upstream {
  readonly name: string
  readonly url: string
}

/** A request that was sent to a node. */
export interface Forwarded {
  readonly method: string
  readonly session: string | undefined
  readonly node: string
  /** Method of the JSON-RPC request, `response` for a response; undefined without a body. */
  readonly rpc: string | undefined
}

export class LoadBalancer {
  /** What was sent to whom, in order, up to `maxLog`. */
  readonly log: Forwarded[] = []
  /** Each request waits so long before it is sent on. */
  delayMs = 0
  readonly #maxLog: number
  readonly #nodes: Upstream[] = []
  readonly #server: Server
  readonly #open = new Map<ServerResponse, IncomingMessage>()
  /** By session, the last node; all without a session count as one. */
  readonly #last = new Map<string, string>()

  private constructor(maxLog: number) {
    this.#maxLog = maxLog
    this.#server = createServer((incoming, response) => {
      this.#open.set(response, incoming)
      response.on('close', () => this.#open.delete(response))
      void this.#forward(incoming, response).catch(() => response.destroy())
    })
    this.#server.keepAliveTimeout = 60_000
  }

  static async start(nodes: readonly Upstream[] = [], maxLog = 10_000): Promise<LoadBalancer> {
    const balancer = new LoadBalancer(maxLog)
    for (const node of nodes) balancer.add(node)
    balancer.#server.listen(0, '127.0.0.1')
    await once(balancer.#server, 'listening')
    return balancer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  add(node: Upstream): void {
    this.#nodes.push(node)
  }

  remove(name: string): void {
    const index = this.#nodes.findIndex((node) => node.name === name)
    if (index >= 0) this.#nodes.splice(index, 1)
  }

  /** Breaks the connections of clients. @param method - only those of requests with this method */
  cut(method?: string): void {
    for (const [response, incoming] of this.#open) {
      if (method === undefined || incoming.method === method) response.destroy()
    }
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs))
    const tried = new Set<string>()
    for (;;) {
      const node = this.#choose(sessionOf(incoming) ?? '', tried)
      if (node === undefined) {
        if (!response.destroyed) response.writeHead(503, { 'retry-after': '1' }).end('no node')
        return
      }
      tried.add(node.name)
      this.#record(incoming, body, node)
      if (await send(node, incoming, body, response)) return
    }
  }

  /** The node after that of the last request of this session, or of any where there is none. */
  #choose(session: string, tried: ReadonlySet<string>): Upstream | undefined {
    const after = this.#nodes.findIndex(({ name }) => name === this.#last.get(session)) + 1
    const inTurn = [...this.#nodes.slice(after), ...this.#nodes.slice(0, after)]
    const node = inTurn.find(({ name }) => !tried.has(name))
    if (node !== undefined) this.#last.set(session, node.name)
    return node
  }

  #record(incoming: IncomingMessage, body: Buffer, { name }: Upstream): void {
    if (this.log.length >= this.#maxLog) return
    const { method = '' } = incoming
    this.log.push({ method, session: sessionOf(incoming), node: name, rpc: rpcOf(body) })
  }
}

function sessionOf({ headers }: IncomingMessage): string | undefined {
  const id = headers['mcp-session-id']
  return typeof id === 'string' ? id : undefined
}

function rpcOf(body: Buffer): string | undefined {
  if (body.length === 0) return undefined
  try {
    const { method = 'response' } = JSON.parse(body.toString()) as { method?: string }
    return method
  } catch {
    return undefined
  }
}

/** @returns false: the node did not accept the connection, so nothing was sent */
function send(
  node: Upstream,
  incoming: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<boolean> {
  return new Promise((resolve) => {
    const { method } = incoming
    const { hostname, port, pathname } = new URL(node.url)
    const headers = incoming.rawHeaders
    const upstream = request({ method, hostname, port, path: pathname, headers, agent: false })
    let isConnected = false
    upstream.on('socket', (socket) =>
      socket.once('connect', () => {
        isConnected = true
      }),
    )
    upstream.on('response', (answer) => {
      if (response.destroyed) {
        answer.destroy()
        return
      }
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      response.flushHeaders()
      answer.pipe(response)
      // The end of a response that is not complete must not look like its end.
      answer.on('close', () => {
        if (!answer.complete) response.destroy()
      })
    })
    upstream.on('error', () => {
      if (!isConnected && !response.destroyed) {
        resolve(false)
        return
      }
      if (response.headersSent) response.destroy()
      else if (!response.destroyed) response.writeHead(502).end('the node has closed the connection')
      resolve(true)
    })
    upstream.on('close', () => resolve(true))
    response.on('close', () => upstream.destroy())
    upstream.end(body)
  })
}
