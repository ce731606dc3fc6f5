/**
 * A definition for tests of what the handler runs in: frameworks, adapters, and other runtimes, which load this file
 * themselves. So it imports nothing but the library.
 */

import { McpServer } from '../../src/index.ts'

export function createPortableServer(): McpServer {
  const server = new McpServer({ name: 'portable', version: '1.0.0' }, { onError: () => {} })
  const text = { type: 'object', properties: { text: { type: 'string' } } } as const
  const count = { type: 'object', properties: { count: { type: 'integer' } } } as const
  let aborted = 0
  let onAborted = () => {}

  server.registerTool('echo', { inputSchema: text }, (args) => args.text ?? '')
  server.registerTool('progress', { inputSchema: count }, async ({ count: total = 3 }, ctx) => {
    for (let i = 1; i <= total; i += 1) await ctx.progress(i, total, `é ${'x'.repeat(500)}`)
    return 'done'
  })
  server.registerTool('wait', {}, async (_, ctx) => {
    await ctx.progress(1)
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    aborted += 1
    onAborted()
  })
  /** Answers when a `wait` has been aborted. */
  server.registerTool('aborted', {}, async () => {
    if (aborted === 0) await new Promise<void>((resolve) => (onAborted = resolve))
    return 'aborted'
  })
  /** Ends its connection after the first message, and goes on. */
  server.registerTool('leave', {}, async (_, ctx) => {
    await ctx.progress(1)
    ctx.closeStream(10)
    await ctx.progress(2)
    return 'done'
  })
  let changes = 0
  server.registerTool('change', {}, () => {
    changes += 1
    server.registerTool(`added-${changes}`, {}, () => '')
  })
  return server
}
