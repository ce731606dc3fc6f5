/** An `eventStore` that never answers: what waits for it is bounded, and connections that break are not kept. */

import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { test } from 'node:test'
import { McpServer } from '../../src/sdk/server/mcp.ts'
import { type EventStore, StreamableHTTPServerTransport } from '../../src/sdk/server/streamableHttp.ts'
import { collected } from '../helpers/heap.ts'
import { within } from '../helpers/within.ts'
import { listen } from './listen.ts'

const hanging: EventStore = {
  storeEvent: () => new Promise(() => {}),
  replayEventsAfter: () => new Promise(() => {}),
}
const BODY = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'big' } })
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** @param length - of the text that its tool returns */
async function start(t: Parameters<typeof listen>[0], length: number) {
  const server = new McpServer({ name: 'hanging', version: '1' })
  let called = () => {}
  server.registerTool('big', {}, async () => {
    called()
    return { content: [{ type: 'text', text: 'x'.repeat(length) }] }
  })
  const transport = new StreamableHTTPServerTransport({ eventStore: hanging })
  const errors: string[] = []
  transport.onerror = ({ message }) => errors.push(message)
  await server.connect(transport)
  const responses: WeakRef<object>[] = []
  const url = await listen(t, (request, response) => {
    responses.push(new WeakRef(response))
    void transport.handleRequest(request, response)
  })
  /** Begins a call, and breaks its connection once the tool has answered. */
  const callAndLeave = async () => {
    const answered = new Promise<void>((resolve) => (called = resolve))
    const request = httpRequest(url, { method: 'POST', agent: false, headers: HEADERS })
    request.on('error', () => {}).end(BODY)
    await within(answered, () => 'the call')
    await new Promise<void>((resolve) => setImmediate(resolve))
    const closed = new Promise<void>((resolve) => request.once('close', resolve))
    request.destroy()
    await closed
  }
  return { errors, responses, callAndLeave }
}

test('answers that wait for a store which hangs are given up above 64 MiB, and onerror says so', async (t) => {
  const { errors, callAndLeave } = await start(t, 4_000_000)
  for (let n = 0; n < 20 && errors.length === 0; n++) await callAndLeave()
  assert.match(errors[0] ?? '', /eventStore does not keep up/)
})

test('a connection that breaks while its answer waits for a store which hangs is not kept', async (t) => {
  const { responses, callAndLeave } = await start(t, 10)
  for (let n = 0; n < 10; n++) await callAndLeave()
  assert.equal(await collected(responses), 10)
})
