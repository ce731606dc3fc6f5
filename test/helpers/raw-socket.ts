/**
 * Raw HTTP/1.1 over node:net, for tests that need control over the bytes: pieces, pipelining, half-close, reset,
 * repeated headers, answers that come before the request is complete.
 *
 * The response reader is small and its own: status line, headers as they came, body by Content-Length, by
 * chunks, or to the end of the connection.
 *
 * Not here: MCP messages and their check (http-client.ts), SSE (sse-stream.ts).
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { waitLimitMs, within } from './within.ts'

export type Part = string | Uint8Array

export interface RawResponse {
  readonly status: number
  readonly httpVersion: string
  /** By lower-case name; repeated lines joined with `, `. */
  readonly headers: { readonly [name: string]: string }
  /** Every line in order, names as sent. */
  readonly headerLines: readonly (readonly [name: string, value: string])[]
  /** Status line and headers, without the empty line. */
  readonly rawHead: string
  readonly body: string
  readonly bodyBytes: Buffer
  /** Whether the body ended as its framing says (last chunk, or all of Content-Length). */
  readonly complete: boolean
}

export interface RawOptions {
  /** Send FIN after the last part. */
  halfClose?: boolean
  /** The request is HEAD: the response has no body whatever its headers say. */
  head?: boolean
  /** Longest wait for anything, in milliseconds. */
  limitMs?: number
}

/** Opens a connection, writes the parts one by one, reads one response, closes the connection. */
export async function raw(
  port: number,
  parts: Part | readonly Part[],
  options: RawOptions = {},
): Promise<RawResponse> {
  const socket = await RawSocket.open(port, options.limitMs)
  try {
    for (const part of typeof parts === 'string' || parts instanceof Uint8Array ? [parts] : parts) {
      await socket.write(part)
    }
    if (options.halfClose === true) socket.halfClose()
    return await socket.response(options)
  } finally {
    socket.destroy()
  }
}

/** One connection. Errors of the socket are kept in {@link RawSocket.error}, never thrown by themselves. */
export class RawSocket {
  /** Resolves when the server's side of the connection has ended or the connection broke. */
  readonly ended: Promise<{ error: Error | undefined }>
  error: Error | undefined
  readonly #socket: Socket
  readonly #limitMs: number
  readonly #all: Buffer[] = []
  #unread: Buffer = Buffer.alloc(0)
  #isEnded = false
  readonly #waiters: (() => void)[] = []

  private constructor(socket: Socket, limitMs: number) {
    this.#socket = socket
    this.#limitMs = limitMs
    socket.on('data', (bytes) => {
      this.#all.push(bytes)
      this.#unread = Buffer.concat([this.#unread, bytes])
      this.#wake()
    })
    socket.on('error', (error) => {
      this.error = error
    })
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#isEnded = true
        this.#wake()
        resolve({ error: this.error })
      }
      socket.on('end', end)
      socket.on('close', end)
    })
  }

  /** Connects to 127.0.0.1. */
  static async open(port: number, limitMs: number = waitLimitMs): Promise<RawSocket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new RawSocket(socket, limitMs)
  }

  /** Everything received so far, as UTF-8 text. */
  get received(): string {
    return Buffer.concat(this.#all).toString('utf8')
  }

  /**
   * Writes and waits until the bytes were handed to the kernel, then lets the event loop turn as often as it takes
   * to accept, register and read, so that a server in this process sees each part by itself. Does not wait longer when the server answers or ends before it has
   * read everything, and a write to a connection that the server closed is not an error here.
   */
  async write(part: Part): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    await within(
      new Promise<void>((resolve) => {
        this.#waiters.push(resolve)
        this.#socket.write(part, () => resolve())
      }),
      () => `the server to read what was written; received: ${JSON.stringify(this.received)}`,
      this.#limitMs,
    )
    for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  /** Sends FIN; the server's answer can still be read. */
  halfClose(): void {
    this.#socket.end()
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** Stops reading, so that the server's writes pile up. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Waits until the text received and not yet taken by {@link RawSocket.response} satisfies the predicate. */
  async readUntil(predicate: (unread: string) => boolean): Promise<string> {
    return await this.#waitFor('bytes that satisfy the predicate', () => {
      const text = this.#unread.toString('utf8')
      return predicate(text) ? text : undefined
    })
  }

  /**
   * Takes the next response off the connection; call again for pipelined ones. An interim `100 Continue` counts
   * as a response of its own.
   *
   * @throws Error when the connection ends before a whole head was received.
   */
  async response(options: { head?: boolean } = {}): Promise<RawResponse> {
    return await this.#waitFor('a response', () => this.#takeResponse(options.head === true))
  }

  async #waitFor<T>(what: string, attempt: () => T | undefined): Promise<T> {
    for (;;) {
      const outcome = attempt()
      if (outcome !== undefined) return outcome
      if (this.#isEnded) {
        const cause = this.error === undefined ? 'ended' : `broke (${this.error.message})`
        throw new Error(`the connection ${cause} before ${what}; received: ${JSON.stringify(this.received)}`)
      }
      await within(
        new Promise<void>((resolve) => this.#waiters.push(resolve)),
        () => `${what}; received: ${JSON.stringify(this.received)}`,
        this.#limitMs,
      )
    }
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  #takeResponse(isHead: boolean): RawResponse | undefined {
    const headEnd = this.#unread.indexOf('\r\n\r\n')
    if (headEnd === -1) return undefined
    const rawHead = this.#unread.toString('latin1', 0, headEnd)
    const head = parseHead(rawHead)
    const rest = this.#unread.subarray(headEnd + 4)
    const empty = isHead || head.status < 200 || head.status === 204 || head.status === 304
    const body = empty
      ? { bytes: Buffer.alloc(0), taken: 0, complete: true }
      : this.#takeBody(head.headers, rest)
    if (body === undefined) return undefined
    this.#unread = rest.subarray(body.taken)
    const { bytes, complete } = body
    return { ...head, rawHead, body: bytes.toString('utf8'), bodyBytes: bytes, complete }
  }

  #takeBody(headers: { [name: string]: string }, rest: Buffer) {
    if (/chunked/i.test(headers['transfer-encoding'] ?? '')) {
      const body = readChunks(rest)
      return body.complete || this.#isEnded ? body : undefined
    }
    const length = headers['content-length']
    if (length === undefined) {
      return this.#isEnded
        ? { bytes: rest, taken: rest.length, complete: this.error === undefined }
        : undefined
    }
    const bytes = rest.subarray(0, Number(length))
    const complete = bytes.length === Number(length)
    return complete || this.#isEnded ? { bytes, taken: bytes.length, complete } : undefined
  }
}

function parseHead(rawHead: string) {
  const [statusLine = '', ...lines] = rawHead.split('\r\n')
  const [, httpVersion = '', status = ''] = /^HTTP\/(\d\.\d) (\d{3})/.exec(statusLine) ?? []
  if (status === '') throw new Error(`expected an HTTP status line, got ${JSON.stringify(statusLine)}`)
  const headers: { [name: string]: string } = {}
  const headerLines: [string, string][] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    headerLines.push([name, value])
    const earlier = headers[name.toLowerCase()]
    headers[name.toLowerCase()] = earlier === undefined ? value : `${earlier}, ${value}`
  }
  return { status: Number(status), httpVersion, headers, headerLines }
}

function readChunks(rest: Buffer): { bytes: Buffer; taken: number; complete: boolean } {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at)
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(rest.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + 2
    const isWhole = start + size + 2 <= rest.length
    if (Number.isNaN(size) || !isWhole) {
      if (!Number.isNaN(size)) chunks.push(rest.subarray(start, start + size))
      return { bytes: Buffer.concat(chunks), taken: rest.length, complete: false }
    }
    chunks.push(rest.subarray(start, start + size))
    at = start + size + 2
    if (size === 0) return { bytes: Buffer.concat(chunks), taken: at, complete: true }
  }
}
