/** `server/sse.js`: HTTP+SSE of 2024-11-05, one transport for each client. Its messages are served as any pipe's are. */

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ByteBudget } from '../../bounds/byte-budget.ts'
import { isJson } from '../../http/media-type.ts'
import { decodeBody, decodeParsed } from '../../jsonrpc/decode-body.ts'
import { BodyReader } from '../../node-http/body.ts'
import { parsedBodyOf } from '../../node-http/parsed-body.ts'
import { type HostCheckOptions, refusalOf } from '../host-check.ts'
import type { Transport } from '../shared/transport.ts'
import { type AuthInfo, type JSONRPCMessage, JSONRPCMessageSchema, type MessageExtraInfo } from '../types.ts'

export interface SSEServerTransportOptions extends HostCheckOptions {}

const MAX_BODY_BYTES = 4 * 1024 * 1024
const LIMITS = { maxDepth: 512, maxValues: 500_000 }
/** Of the bodies that all transports are reading. */
const bodies = new ByteBudget(64 * MAX_BODY_BYTES)

export class SSEServerTransport implements Transport {
  readonly sessionId: string = randomUUID()
  onclose: (() => void) | undefined
  onerror: ((error: Error) => void) | undefined
  onmessage: ((message: JSONRPCMessage, extra?: MessageExtraInfo) => void) | undefined
  readonly #endpoint: string
  readonly #response: ServerResponse
  readonly #options: SSEServerTransportOptions
  #isOpen = false

  /** @param endpoint - where the client posts its messages to: a path, or a URL of this server */
  constructor(endpoint: string, response: ServerResponse, options: SSEServerTransportOptions = {}) {
    this.#endpoint = endpoint
    this.#response = response
    this.#options = options
  }

  async start(): Promise<void> {
    if (this.#isOpen) {
      throw new Error(
        'SSEServerTransport already started! If using Server class, note that connect() calls start() automatically.',
      )
    }
    const response = this.#response
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      Connection: 'keep-alive',
    })
    const endpoint = new URL(this.#endpoint, 'http://localhost')
    endpoint.searchParams.set('sessionId', this.sessionId)
    response.write(`event: endpoint\ndata: ${endpoint.pathname}${endpoint.search}${endpoint.hash}\n\n`)
    this.#isOpen = true
    response.once('close', () => this.#over())
  }

  /** Takes a message that the client has posted. */
  async handlePostMessage(
    request: IncomingMessage & { auth?: AuthInfo },
    response: ServerResponse,
    parsedBody?: unknown,
  ): Promise<void> {
    const problem = refusalOf(request, this.#options)
    if (!this.#isOpen || problem !== undefined) {
      const text = problem ?? 'SSE connection not established'
      response.writeHead(problem === undefined ? 500 : 403).end(text)
      const error = new Error(text)
      if (problem === undefined) throw error
      this.onerror?.(error)
      return
    }
    try {
      if (!isJson(request.headers['content-type'])) throw new Error('Unsupported content-type')
      const parsed = parsedBodyOf(request, parsedBody)
      const value =
        parsed === undefined ? decodeBody(await bodyOf(request), LIMITS) : decodeParsed(parsed, LIMITS)
      const authInfo = request.auth
      await this.handleMessage(value, {
        requestInfo: { headers: request.headers },
        ...(authInfo && { authInfo }),
      })
    } catch (error) {
      response.writeHead(400).end(String(error))
      this.onerror?.(error as Error)
      return
    }
    response.writeHead(202).end('Accepted')
  }

  /** @throws {Error} it is no message */
  async handleMessage(message: unknown, extra?: MessageExtraInfo): Promise<void> {
    this.onmessage?.(JSONRPCMessageSchema.parse(message) as JSONRPCMessage, extra)
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#isOpen) throw new Error('Not connected')
    const response = this.#response
    if (response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        response.off('drain', done)
        response.off('close', done)
        resolve()
      }
      response.on('drain', done)
      response.on('close', done)
    })
  }

  async close(): Promise<void> {
    if (this.#isOpen) this.#response.end()
    this.#over()
  }

  #over(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.onclose?.()
  }
}

function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const reader = new BodyReader(request, MAX_BODY_BYTES, { bodies })
  return new Promise((resolve, reject) => {
    reader.read((error, body, charged) => {
      bodies.give(charged)
      if (error === undefined) resolve(body)
      else reject(error)
    })
  })
}
