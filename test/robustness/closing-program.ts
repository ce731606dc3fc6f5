/**
 * A program that serves, is used, closes, and must then end by itself: what is left open after `close()` would
 * keep it running. It says what it saw on standard output; serve.test.ts runs it.
 */

import { McpServer, serve } from '../../src/index.ts'
import { openSse, TestSession } from '../helpers/wire.ts'

const server = new McpServer({ name: 'closing', version: '1' }, { logging: true })
let entered: (() => void) | undefined
const running = new Promise<void>((resolve) => {
  entered = resolve
})
server.registerTool('never', {}, (_args, ctx) => {
  ctx.log.info('working')
  entered?.()
  return new Promise<string>((_resolve, reject) => {
    ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))
  })
})

const serving = await serve(server, { port: 0 })
const sessions = await Promise.all(Array.from({ length: 9 }, () => TestSession.open(serving.url)))
const streams = await Promise.all(sessions.map((session) => session.listen()))
const [first] = sessions
const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'never', arguments: {} } }
streams.push(await openSse(serving.url, { headers: first?.headers ?? {}, message }))
await running
console.log(`streams ${serving.stats().streams}, calls ${serving.stats().callsInProgress}`)
await serving.close({ drainMs: 50 })
await Promise.all(streams.map((stream) => stream.end()))
console.log('closed')
