/**
 * A definition served for the tests of the stateless era, and clients for it. What `onError` and `onRejected` were
 * told is kept; everything is closed with the test.
 */

import type { TestContext } from 'node:test'
import {
  type HandlerOptions,
  McpServer,
  type Refusal,
  type ServerOptions,
  type Serving,
  serve,
} from '../../src/index.ts'
import { StatelessClient, type StatelessClientOptions } from '../helpers/stateless-client.ts'
import type { SseStream } from '../helpers/wire.ts'
import { HeldCalls } from '../session-era/serving.ts'

export { eventually, HeldCalls, textOf } from '../session-era/serving.ts'

/** What a client of these tests can do, unless a test says otherwise. */
export const allCapabilities = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} }

export interface StatelessFixture extends StatelessClientFactory {
  readonly url: string
  readonly port: number
  readonly server: McpServer
  readonly held: HeldCalls
  readonly errors: { readonly error: unknown; readonly phase: string }[]
  readonly refusals: Refusal[]
  readonly stats: Serving['stats']
  readonly close: Serving['close']
  /** A stream that is closed with the test. */
  opened(stream: Promise<SseStream>): Promise<SseStream>
}

interface StatelessClientFactory {
  client(options?: StatelessClientOptions): StatelessClient
}

export interface StatelessFixtureOptions {
  setup?: (server: McpServer) => void
  server?: ServerOptions
  handler?: HandlerOptions
}

/** Serves `echo`, which returns its `text` at once, `hold`, which waits for the test, and what `setup` adds. */
export async function serving(
  t: TestContext,
  options: StatelessFixtureOptions = {},
): Promise<StatelessFixture> {
  const errors: StatelessFixture['errors'] = []
  const refusals: Refusal[] = []
  const server = new McpServer(
    { name: 'stateless', version: '1.0.0' },
    { onError: (error, { phase }) => errors.push({ error, phase }), ...options.server },
  )
  const held = new HeldCalls()
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('echo', { inputSchema }, ({ text }) => text ?? '')
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  options.setup?.(server)
  const served = await serve(server, {
    port: 0,
    onRejected: (refusal) => refusals.push(refusal),
    ...options.handler,
  })
  const streams: SseStream[] = []
  t.after(async () => {
    t.mock.timers.reset()
    await Promise.all(streams.map((stream) => stream.close()))
    await served.close({ drainMs: 0 })
  })
  return {
    url: served.url,
    port: served.port,
    stats: served.stats,
    close: served.close,
    server,
    held,
    errors,
    refusals,
    client: (clientOptions = {}) =>
      new StatelessClient(served.url, { capabilities: allCapabilities, ...clientOptions }),
    opened: async (opening) => {
      const stream = await opening
      streams.push(stream)
      return stream
    },
  }
}
