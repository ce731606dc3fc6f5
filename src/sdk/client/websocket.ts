/** `client/websocket.js`: messages over a WebSocket, which the protocol does not describe. */

import type { Transport } from '../shared/transport.ts'
import { type JSONRPCMessage, JSONRPCMessageSchema } from '../types.ts'

const SUBPROTOCOL = 'mcp'

export class WebSocketClientTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #url: URL
  #socket: WebSocket | undefined

  /** @throws {Error} Node before 22 has no WebSocket */
  constructor(url: URL) {
    if (globalThis.WebSocket === undefined) {
      throw new Error(
        'This Node has no WebSocket: use Node 22, or StreamableHTTPClientTransport, which every server has that keeps to the protocol',
      )
    }
    this.#url = url
  }

  start(): Promise<void> {
    if (this.#socket !== undefined) {
      throw new Error(
        'WebSocketClientTransport already started! If using Client class, note that connect() calls start() automatically.',
      )
    }
    const socket = new WebSocket(this.#url, SUBPROTOCOL)
    this.#socket = socket
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve()
      socket.onclose = () => this.onclose?.()
      socket.onerror = (event) => {
        const { error = new Error(`WebSocket error at ${this.#url}`) } = event as { error?: Error }
        reject(error)
        this.onerror?.(error)
      }
      socket.onmessage = ({ data }) => {
        try {
          this.onmessage?.(JSONRPCMessageSchema.parse(JSON.parse(String(data))) as JSONRPCMessage)
        } catch (error) {
          this.onerror?.(error as Error)
        }
      }
    })
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#socket === undefined) throw new Error('Not connected')
    this.#socket.send(JSON.stringify(message))
  }

  async close(): Promise<void> {
    this.#socket?.close()
  }
}
