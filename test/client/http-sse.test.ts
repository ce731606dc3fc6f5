/** HTTP+SSE of 2024-11-05: one event stream for all that the server says, and a place to post to. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, statusOf } from '../../src/client/index.ts'
import { endOfTurn, within } from '../helpers/within.ts'
import { connected, type Exchange, event, scripted, stream } from './scripted-server.ts'

/** HTTP+SSE of 2024-11-05: messages are posted to /messages, and answered on the stream. */
function httpSse(endpoint: string, capabilities: object = { tools: {} }) {
  let events: Exchange['response'] | undefined
  return (exchange: Exchange): unknown => {
    const { request, response, message, what } = exchange
    if (what === 'GET') {
      events = stream(exchange)
      return events.write(`event: endpoint\ndata: ${endpoint}\n\n`)
    }
    if (request.url !== '/messages?s=1') return response.writeHead(405).end()
    response.writeHead(202).end('Accepted')
    if (message.id === undefined) return undefined
    const server = { name: 'old', version: '1' }
    const value =
      what === 'initialize'
        ? { protocolVersion: '2024-11-05', capabilities, serverInfo: server }
        : what === 'tools/list'
          ? { tools: [{ name: 'a', inputSchema: { type: 'object' } }] }
          : { content: [{ type: 'text', text: message.params.name }] }
    return events?.write(`event: message\n${event({ jsonrpc: '2.0', id: message.id, result: value })}`)
  }
}

test('connect falls back to HTTP+SSE of 2024-11-05, and calls over it', async (t) => {
  const server = await scripted(t, httpSse('/messages?s=1'))
  const client = await connected(t, server.url)
  assert.deepEqual([client.era, client.revision], ['session', '2024-11-05'])
  assert.deepEqual(server.log().slice(0, 4), ['server/discover', 'initialize', 'GET', 'initialize'])
  const results = await Promise.all(['a', 'b', 'c'].map((name) => client.callTool(name)))
  assert.deepEqual(
    results.map(({ content: [first] }) => first),
    ['a', 'b', 'c'].map((text) => ({ type: 'text', text })),
  )

  const again = await connected(t, server.url)
  assert.equal(again.serverInfo?.name, 'old')
  assert.equal(server.log().filter((what) => what === 'server/discover').length, 1)
})

test('HTTP+SSE: an endpoint of another origin gets no message', async (t) => {
  const server = await scripted(t, httpSse('http://169.254.169.254/messages?s=1'))
  await assert.rejects(connect(server.url, { retries: 0 }), (error) => statusOf(error) === 405)
  assert.deepEqual(server.log(), ['server/discover', 'initialize', 'GET'])
})

test('HTTP+SSE: calls reject at once when the stream ends; the next one goes over a new stream and session', async (t) => {
  let end = () => {}
  let ends = true
  const script = httpSse('/messages?s=1')
  const server = await scripted(t, (exchange) => {
    if (exchange.what === 'GET') end = () => exchange.response.end()
    if (exchange.what === 'tools/call' && ends) {
      ends = false
      exchange.response.writeHead(202).end()
      end()
      return
    }
    return script(exchange)
  })
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a'), { code: 'ERR_STREAM_CUT' })
  const { content } = await client.callTool('a')
  assert.deepEqual(content, [{ type: 'text', text: 'a' }])
  assert.equal(server.log().filter((what) => what === 'GET').length, 2)
})

test('HTTP+SSE: a stream that ends is opened again without a call, and listeners are told of the gap', async (t) => {
  let end = () => {}
  let refusals = 0
  const script = httpSse('/messages?s=1', { tools: { listChanged: true } })
  const server = await scripted(t, (exchange) => {
    if (exchange.what !== 'GET') return script(exchange)
    end = () => exchange.response.end()
    if (refusals-- > 0) return exchange.response.writeHead(503).end()
    return script(exchange)
  })
  const errors: unknown[] = []
  const client = await connected(t, server.url, { onError: (error) => errors.push(error) })
  const changes = client.changes({ tools: true })
  const next = changes.next()
  refusals = 2
  end()
  assert.deepEqual(await within(next, () => 'the gap'), { done: false, value: { kind: 'gap' } })
  // One of those that follow each other.
  assert.equal(errors.length, 1)
  await client.callTool('a')
  await changes.return()
})

test('HTTP+SSE: closing the client while there is no stream ends the tries', async (t) => {
  let end = () => {}
  const script = httpSse('/messages?s=1')
  const server = await scripted(t, (exchange) => {
    if (exchange.what === 'GET') end = () => exchange.response.end()
    return script(exchange)
  })
  const client = await connected(t, server.url, { retryDelayMs: 1, retries: 0, onError: () => {} })
  end()
  await server.stop()
  await assert.rejects(client.callTool('a'))
  await client.close()
  await assert.rejects(client.callTool('a'), { code: 'ERR_CLIENT_CLOSED' })
  const seen = server.log().length
  await server.start()
  await endOfTurn()
  assert.equal(server.log().length, seen)
})
