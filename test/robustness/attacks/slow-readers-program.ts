/**
 * Clients that do not read, and handlers with much to say that await each of their messages. Prints what the server
 * holds for them, and what arrives when they read at last, as JSON; many-messages.test.ts runs it with --expose-gc in
 * a process of its own, so that nothing else is on the heap.
 */

import { McpServer, serve } from '../../../src/index.ts'
import { clientOf, ERAS, StreamedCall, toolCall } from '../../helpers/streamed-call.ts'

const READERS = 4
const COUNT = 1500
const TEXT = 'x'.repeat(20_000)

const server = new McpServer({ name: 'slow-readers', version: '1' })
let sent = 0
server.registerTool('talk', {}, async (_args, ctx) => {
  for (let n = 1; n <= COUNT; n++) {
    sent += 1
    await ctx.progress(n, COUNT, TEXT)
  }
  return 'done'
})
server.registerTool('echo', {}, () => 'echo')
// Nothing is kept for clients that come back: what is held is held for those that do not read.
const { url, port, stats, close } = await serve(server, { port: 0, replay: false })

function held(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Waits until the handlers have said nothing for a while. */
async function settled(): Promise<void> {
  for (let quiet = 0, seen = -1; quiet < 50; quiet++) {
    if (seen !== sent) quiet = 0
    seen = sent
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const reports = []
for (const era of ERAS) {
  const client = await clientOf(url, era)
  await client.call('echo')
  const before = held()
  sent = 0
  const readers: StreamedCall[] = []
  for (let n = 0; n < READERS; n++) {
    const reader = await StreamedCall.open(port, toolCall(await clientOf(url, era), 'talk'))
    reader.socket.pause()
    readers.push(reader)
  }
  await settled()
  const heldFor = held() - before
  const { streams } = stats()
  const sentUnread = sent
  for (const { socket } of readers) socket.resume()
  const ends = await Promise.all(readers.map((reader) => reader.end(60_000)))
  const arrived = readers.map(({ count, inOrder }) => (inOrder ? count : -1))
  for (const { socket } of readers) socket.destroy()
  reports.push({ era, heldFor, streams, sentUnread, ends, arrived })
}
await close({ drainMs: 0 })
console.log(JSON.stringify({ count: COUNT, readers: READERS, reports }))
