/** A stdio server on streams in this process, and its client: lines go in, messages come out. */

import { PassThrough } from 'node:stream'
import type { TestContext } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { type StdioOptions, type StdioServing, serveStdio } from '../../src/stdio.ts'
import type { WireJson } from '../helpers/wire.ts'
import { within } from '../helpers/within.ts'

const PREFIX = 'io.modelcontextprotocol/'
export const ENVELOPE = {
  [`${PREFIX}protocolVersion`]: '2026-07-28',
  [`${PREFIX}clientInfo`]: { name: 'test', version: '1.0.0' },
  [`${PREFIX}clientCapabilities`]: { elicitation: {} },
}

export class StdioClient {
  readonly input = new PassThrough()
  readonly output = new PassThrough()
  readonly serving: StdioServing
  /** All that came, in order. */
  readonly messages: WireJson[] = []
  #rest = ''
  #onMessage = () => {}

  constructor(t: TestContext, server: McpServer, options: StdioOptions = {}) {
    this.serving = serveStdio(server, { input: this.input, output: this.output, ...options })
    t.after(() => this.serving.close({ drainMs: 0 }))
    this.output.setEncoding('utf8').on('data', (text: string) => this.#receive(text))
  }

  send(message: object): void {
    this.input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  /** The first message, of those that came and come, that fits. */
  async until(fits: (message: WireJson) => boolean): Promise<WireJson> {
    for (;;) {
      const found = this.messages.find(fits)
      if (found !== undefined) return found
      await within(
        new Promise<void>((resolve) => {
          this.#onMessage = resolve
        }),
        () => `a message after ${JSON.stringify(this.messages).slice(0, 500)}`,
      )
    }
  }

  /** Sends a request, and waits for its answer. */
  request(id: string | number, method: string, params?: object): Promise<WireJson> {
    this.send({ id, method, params })
    return this.until((message) => message.id === id && message.method === undefined)
  }

  async initialize(protocolVersion = '2025-11-25', capabilities: object = {}): Promise<WireJson> {
    const clientInfo = { name: 'test', version: '1.0.0' }
    const answer = await this.request('init', 'initialize', { protocolVersion, capabilities, clientInfo })
    this.send({ method: 'notifications/initialized' })
    return answer
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.messages.push(JSON.parse(line))
    this.#onMessage()
  }
}
