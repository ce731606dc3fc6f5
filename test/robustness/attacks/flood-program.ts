/**
 * 20 000 clients initialize over real connections and are never heard of again. Prints what became of the sessions
 * and of the heap as JSON; flood.test.ts runs it, with --expose-gc, in a process of its own, so that nothing else
 * is on the heap.
 */

import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { mock } from 'node:test'
import { McpServer, serve } from '../../../src/index.ts'

const CLIENTS = 20_000
const PARALLEL = 16
const IDLE_MS = 60_000

const ends: { [reason: string]: number } = {}
let mostSessions = 0

// Time stands still while the clients come, however long they take, and passes when they are all there.
mock.timers.enable({ apis: ['setInterval'] })
const server = new McpServer({ name: 'flooded', version: '1' })
server.registerTool('tool', {}, () => 'x')
const serving = await serve(server, {
  port: 0,
  sessions: { max: 1000, idleTimeoutMs: IDLE_MS },
  onSessionOpened: () => {
    mostSessions = Math.max(mostSessions, serving.stats().sessions)
  },
  onSessionClosed: (_session, reason) => {
    ends[reason] = (ends[reason] ?? 0) + 1
  },
})

const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })

/** Every client has another name, so that nothing can be shared between their sessions. */
async function initialize(index: number): Promise<boolean> {
  const clientInfo = { name: `client-${index}`, version: '1.0.0', title: 'x'.repeat(200) }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const sent = request(serving.url, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  })
  sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }))
  const [response] = await once(sent, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode === 200 && response.headers['mcp-session-id'] !== undefined
}

let next = 0
let answered = 0
async function client(until: number): Promise<void> {
  while (next < until) {
    next += 1
    if (await initialize(next)) answered += 1
  }
}
const flood = (until: number) => Promise.all(Array.from({ length: PARALLEL }, () => client(until)))

function heapUsed(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

// The first clients fill caches and compile code: that is not what sessions cost.
await flood(500)
const heapBefore = heapUsed()
await flood(CLIENTS)
const sessionsBefore = serving.stats().sessions
const heapFull = heapUsed()
mock.timers.tick(IDLE_MS * 2)
mock.timers.reset()
const sessionsAfter = serving.stats().sessions
const heapAfter = heapUsed()
agent.destroy()
await serving.close()
console.log(
  JSON.stringify({
    answered,
    mostSessions,
    sessionsBefore,
    sessionsAfter,
    ends,
    heapBefore,
    heapFull,
    heapAfter,
  }),
)
