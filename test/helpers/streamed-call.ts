/**
 * One tool call on a raw connection whose progress is counted as it comes, in either era: for streams of any length,
 * and for clients that read when the test wants them to.
 *
 * It keeps no message, and does work for each byte once. Not here: the check against the schema (conversation.ts).
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { postHeaders, type RequestHeaders } from './http-client.ts'
import { StatelessClient } from './stateless-client.ts'
import { TestSession } from './test-session.ts'
import { within } from './within.ts'

export const ERAS = ['session', 'stateless'] as const
export type EraName = (typeof ERAS)[number]

const TOKEN = 'token'
const PROGRESS = /"progress":(\d+)[,}]/g
/** Longer than any progress value and what is around it. */
const KEPT = 40

/** A client of an era; for the session era, with its session. */
export async function clientOf(url: string, era: EraName): Promise<TestSession | StatelessClient> {
  return era === 'session' ? await TestSession.open(url) : new StatelessClient(url)
}

/** The bytes of a `tools/call` with id 1 and a progress token. */
export function toolCall(client: TestSession | StatelessClient, name: string, args: object = {}): string {
  const { host, pathname } = new URL(client.url)
  const params = { name, arguments: args }
  const meta = { progressToken: TOKEN }
  let headers: RequestHeaders
  let message: object
  if (client instanceof TestSession) {
    headers = client.headers
    message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: meta } }
  } else {
    message = client.message('tools/call', params, { meta })
    headers = client.headers(message)
  }
  const body = JSON.stringify(message)
  const all = { host, ...postHeaders, ...headers, 'content-length': Buffer.byteLength(body) }
  const lines = Object.entries(all).map(([header, value]) =>
    value === undefined ? '' : `${header}: ${value}\r\n`,
  )
  return `POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

export class StreamedCall {
  /** Progress values so far. */
  count = 0
  /** The latest of them. */
  last = 0
  /** Whether each value was one more than the one before, from 1 on. */
  inOrder = true
  readonly socket: Socket
  /** How the answer ended: as HTTP says, or with the connection. */
  readonly ended: Promise<'complete' | 'broken'>
  #tail = ''

  private constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise((resolve) => {
      socket.on('data', (bytes) => {
        if (this.#read(bytes).endsWith('\r\n0\r\n\r\n')) resolve('complete')
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve('broken'))
    })
  }

  /**
   * Sends a call on a connection of its own.
   *
   * @param call - from `toolCall`; requests that are answered before it, in plain JSON, may stand in front of it
   */
  static async open(port: number, call: string): Promise<StreamedCall> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const opened = new StreamedCall(socket)
    socket.write(call)
    return opened
  }

  /** Waits for the end of the answer. */
  async end(limitMs?: number): Promise<'complete' | 'broken'> {
    return await within(this.ended, () => `the end of a stream with ${this.count} messages so far`, limitMs)
  }

  /** @returns what is new, and enough of what was before it for what lies across the border */
  #read(bytes: Buffer): string {
    const text = this.#tail + bytes.toString('latin1')
    // A value that ends in the tail was counted with the piece before.
    PROGRESS.lastIndex = 0
    for (let match = PROGRESS.exec(text); match !== null; match = PROGRESS.exec(text)) {
      if (match.index + match[0].length <= this.#tail.length) continue
      this.count += 1
      this.last = Number(match[1])
      this.inOrder &&= this.last === this.count
    }
    this.#tail = text.slice(-KEPT)
    return text
  }
}
