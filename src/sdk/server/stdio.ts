/** `server/stdio.js`: the client that has started this process. */

import process from 'node:process'
import type { Readable, Writable } from 'node:stream'
import type { StdioServing } from '../../serve-stdio.ts'
import { serveLines } from '../message-pipe.ts'
import { CONNECT, type ServerPort } from '../peer.ts'
import { RelayError } from '../relay-error.ts'
import type { Transport } from '../shared/transport.ts'
import type { JSONRPCMessage } from '../types.ts'

export class StdioServerTransport implements Transport {
  onclose: (() => void) | undefined
  onerror: ((error: Error) => void) | undefined
  onmessage: ((message: JSONRPCMessage) => void) | undefined
  readonly #input: Readable
  readonly #output: Writable
  readonly #maxLineBytes: number | undefined
  #server: ServerPort | undefined
  #serving: StdioServing | undefined
  #isOver = false

  constructor(
    stdin: Readable = process.stdin,
    stdout: Writable = process.stdout,
    options: { maxBufferSize?: number } = {},
  ) {
    this.#input = stdin
    this.#output = stdout
    this.#maxLineBytes = options.maxBufferSize
  }

  async start(): Promise<void> {
    if (this.#server === undefined) throw new RelayError('start')
    if (this.#serving !== undefined) throw new Error('StdioServerTransport already started!')
    const options = { input: this.#input, output: this.#output, maxLineBytes: this.#maxLineBytes }
    this.#serving = serveLines(this, this.#server, options)
    void this.#serving.closed.then(() => this.#over())
  }

  async close(): Promise<void> {
    // A handler may close the server that runs it, so it is not waited for.
    await this.#serving?.close({ drainMs: 0 })
    this.#over()
  }

  /** @throws {RelayError} always: messages are sent by the server that is connected */
  async send(_message: JSONRPCMessage): Promise<void> {
    throw new RelayError('send')
  }

  /** @internal */
  [CONNECT](server: ServerPort): void {
    this.#server = server
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.onclose?.()
  }
}
