/** A server whose tool waits between its messages for the test, so that a message arrives before the next one is sent. */

import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { McpServer, type ServeOptions, type Serving, serve } from '../../src/index.ts'
import { within } from '../helpers/within.ts'

export interface Stepping {
  readonly serving: Serving
  readonly server: McpServer
  readonly port: number
  /** The tool `steps` sends its next message, or its result after the last one. */
  go(): void
  /** When the latest message was sent, as `performance.now()`. */
  readonly sentAt: number
  /** Waits until calls of `steps` were cancelled, one or as many as this. */
  aborted(times?: number): Promise<void>
  /** How many times it was. */
  readonly abortions: number
}

export async function startStepping(t: TestContext, options: ServeOptions = {}): Promise<Stepping> {
  const server = new McpServer({ name: 'stepping', version: '1.0.0' }, { onError: () => {} })
  const events = new EventEmitter()
  let abortions = 0
  let sentAt = 0
  const steps = { type: 'object', properties: { steps: { type: 'integer' } } } as const
  server.registerTool('steps', { inputSchema: steps }, async ({ steps: total = 3 }, { progress, signal }) => {
    signal.addEventListener('abort', () => {
      abortions += 1
      events.emit('abort')
    })
    for (let step = 1; step <= total; step += 1) {
      sentAt = performance.now()
      progress(step, total)
      await once(events, 'go', { signal })
    }
    return 'done'
  })
  server.registerTool('echo', {}, () => 'echo')
  const serving = await serve(server, { port: 0, ...options })
  t.after(() => serving.close({ drainMs: 0 }))
  return {
    serving,
    server,
    port: serving.port,
    go: () => void events.emit('go'),
    async aborted(times = 1) {
      while (abortions < times) await within(once(events, 'abort'), () => 'the call to be cancelled')
    },
    get sentAt() {
      return sentAt
    },
    get abortions() {
      return abortions
    },
  }
}
