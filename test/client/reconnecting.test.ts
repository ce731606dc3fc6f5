/** Servers that would have a client come back without a pause. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { within } from '../helpers/within.ts'
import {
  connected,
  type Exchange,
  event,
  response,
  result,
  scripted,
  session,
  stream,
} from './scripted-server.ts'

/** Timers of Node may be early by a part of a millisecond. */
const MIN_MS = 98

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? 0))
}

/** A server that announces changes; `times` says when GET came, `fourth` waits until it came four times. */
async function listened(t: TestContext, onGet: (exchange: Exchange, count: number) => void) {
  const times: number[] = []
  let enough = () => {}
  const fourth = new Promise<void>((resolve) => {
    enough = resolve
  })
  const onRequest = (exchange: Exchange) => {
    if (exchange.what !== 'GET') return result(exchange, {})
    times.push(performance.now())
    if (times.length === 4) enough()
    return onGet(exchange, times.length)
  }
  const { url } = await scripted(t, session(onRequest, { capabilities: { tools: { listChanged: true } } }))
  return { times, fourth, url }
}

test('retry: 0 of a stream that ends at once is a delay of 100 ms, in a call', async (t) => {
  const times: number[] = []
  const server = await scripted(
    t,
    session((exchange) => {
      times.push(performance.now())
      if (exchange.what === 'tools/call')
        return stream(exchange).end(`retry: 0\n${event('', `${exchange.message.id}-0`)}`)
      const [id, count] = String(exchange.request.headers['last-event-id']).split('-').map(Number)
      if (count === 3) return stream(exchange).end(event(response(id)))
      return stream(exchange).end(`retry: 0\n${event('', `${id}-${(count ?? 0) + 1}`)}`)
    }),
  )
  const client = await connected(t, server.url, { retryDelayMs: 1 })
  await client.callTool('a')
  assert.equal(times.length, 5)
  for (const gap of gaps(times)) assert.ok(gap > MIN_MS, `came back after ${gap} ms`)
})

test('retry: 0 of a stream that ends at once is a delay of 100 ms, outside of calls', async (t) => {
  const { times, fourth, url } = await listened(t, (exchange, count) =>
    stream(exchange).end(`retry: 0\n${event('', `e${count}`)}`),
  )
  const client = await connected(t, url, { retryDelayMs: 1, onError: () => {} })
  const changes = client.changes({ tools: true })
  void changes.next()
  await within(fourth, () => `the fourth GET; ${times.length} came`)
  for (const gap of gaps(times)) assert.ok(gap > MIN_MS, `came back after ${gap} ms`)
  await changes.return()
})

test('a server that forgets each session at once is asked for further ones with growing pauses', async (t) => {
  const { times, fourth, url } = await listened(t, ({ response }) => response.writeHead(404).end())
  const client = await connected(t, url, { retryDelayMs: 200, onError: () => {} })
  const changes = client.changes({ tools: true })
  changes.next().catch(() => {})
  await within(fourth, () => `the fourth GET; ${times.length} came`)
  const [, second = 0, third = 0] = gaps(times)
  // At least half of the delay, which is doubled each time.
  assert.ok(second > MIN_MS && third > MIN_MS * 2, `asked again after ${second} and ${third} ms`)
  await client.close()
})
