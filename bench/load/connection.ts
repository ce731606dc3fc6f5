/**
 * One client connection on node:net: sends ready-made bytes, reads responses with as little work as can be, so that
 * one process can hold fifteen thousand of them and still not be what is measured.
 *
 * It sends one request at a time; the next one goes out when the last one is answered.
 */

import { connect, type Socket } from 'node:net'
import { MessageCounter } from './message-counter.ts'
import { ResponseParser } from './response-parser.ts'

/** What every connection reads into: what it holds is used or copied before the next read. */
const READ = Buffer.allocUnsafe(65_536)

export interface Answer {
  readonly status: number
  readonly sessionId: string | undefined
  /** The whole body; empty for an event stream, whose messages are counted instead. */
  readonly body: string
  /** Messages of an event stream. */
  readonly messages: number
}

export class Connection {
  readonly socket: Socket
  /** Messages seen on event streams. */
  readonly counter = new MessageCounter()
  /** Called whenever a stream has brought something. */
  onStreamData: (() => void) | undefined
  /** Called at the head of an event stream; some servers send nothing else until there is news. */
  onStreamOpen: (() => void) | undefined
  closed = false
  readonly #parser: ResponseParser
  #status = 0
  #sessionId: string | undefined
  #isStream = false
  #chunks: Buffer[] = []
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined

  constructor(port: number, localAddress?: string) {
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(localAddress && { localAddress }),
      onread: { buffer: READ, callback: (length) => this.#read(READ.subarray(0, length)) },
    })
    this.#parser = new ResponseParser({
      onHead: (status, header) => {
        this.#status = status
        this.#sessionId = header('mcp-session-id')
        this.#isStream = header('content-type')?.startsWith('text/event-stream') === true
        this.#chunks = []
        if (this.#isStream && status === 200) this.onStreamOpen?.()
      },
      onBody: (bytes) => this.#body(bytes),
      onEnd: () => this.#end(),
    })
    this.socket.on('error', (error) => this.#fail(error))
    this.socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  /** Sends a request. @throws {Error} when the connection breaks before the whole answer is there */
  send(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(new Error('the connection is closed'))
        return
      }
      this.#settle = { resolve, reject }
      this.socket.write(bytes)
    })
  }

  close(): void {
    this.closed = true
    this.#settle = undefined
    this.socket.destroy()
  }

  /**
   * Closes with a reset, so that no port stays in TIME_WAIT. With tens of thousands of them there, the kernel took
   * most of a minute to find free ports for the next fifteen thousand connections.
   */
  reset(): void {
    this.closed = true
    this.#settle = undefined
    this.socket.resetAndDestroy()
  }

  /** @returns true: go on reading */
  #read(bytes: Buffer): boolean {
    try {
      this.#parser.push(bytes)
    } catch (error) {
      this.#fail(error as Error)
    }
    return true
  }

  #body(bytes: Buffer): void {
    if (!this.#isStream) {
      this.#chunks.push(Buffer.from(bytes))
      return
    }
    this.counter.push(bytes)
    this.onStreamData?.()
  }

  #end(): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve({
      status: this.#status,
      sessionId: this.#sessionId,
      body: this.#chunks.length === 0 ? '' : Buffer.concat(this.#chunks).toString(),
      messages: this.counter.count,
    })
  }

  #fail(error: Error): void {
    if (this.closed) return
    this.closed = true
    this.socket.destroy()
    const settle = this.#settle
    this.#settle = undefined
    settle?.reject(error)
  }
}

/** Runs a task on each of a number of connections, in turn, until there is no more work. */
export async function onConnections(
  port: number,
  connections: number,
  total: number,
  task: (connection: Connection, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(connections, total) }, async () => {
      const connection = new Connection(port)
      try {
        while (next < total) await task(connection, next++)
      } finally {
        connection.close()
      }
    }),
  )
}
