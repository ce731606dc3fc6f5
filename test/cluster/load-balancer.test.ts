/** The load balancer of these tests does what they rely on. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { LoadBalancer, type Upstream } from './load-balancer.ts'

async function nodeFor(t: TestContext, name: string, listener: RequestListener): Promise<Upstream> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { name, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` }
}

async function balancerFor(t: TestContext, nodes: readonly Upstream[]): Promise<LoadBalancer> {
  const balancer = await LoadBalancer.start(nodes)
  t.after(() => balancer.close())
  return balancer
}

const named = (name: string): RequestListener => {
  return (request, response) => {
    void request.resume().on('end', () => response.end(name))
  }
}
const textOf = async (url: string, headers = {}) => await (await fetch(url, { headers })).text()

test('LoadBalancer sends each request of a session to another node than the one before', async (t) => {
  const nodes = await Promise.all(['a', 'b', 'c'].map((name) => nodeFor(t, name, named(name))))
  const balancer = await balancerFor(t, nodes)
  for (const session of ['1', '2']) {
    const headers = { 'mcp-session-id': session }
    const seen = []
    for (let request = 0; request < 6; request++) seen.push(await textOf(balancer.url, headers))
    assert.deepEqual(seen, ['a', 'b', 'c', 'a', 'b', 'c'])
  }
  balancer.remove('b')
  assert.deepEqual([await textOf(balancer.url), await textOf(balancer.url)], ['a', 'c'])
  assert.equal(balancer.log.length, 14)
})

test('LoadBalancer tries another node where one does not accept the connection, and says 503 where none does', async (t) => {
  const gone = { name: 'gone', url: 'http://127.0.0.1:1/mcp' }
  const balancer = await balancerFor(t, [gone, await nodeFor(t, 'a', named('a'))])
  assert.equal(await textOf(balancer.url), 'a')
  balancer.remove('a')
  assert.equal((await fetch(balancer.url)).status, 503)
})

test('LoadBalancer sends nothing twice: a connection that a node breaks is 502, or a response that breaks', async (t) => {
  let requests = 0
  const broken = await nodeFor(t, 'broken', (request) => {
    requests += 1
    request.socket.destroy()
  })
  const balancer = await balancerFor(t, [broken])
  assert.equal((await fetch(balancer.url, { method: 'POST', body: '{}' })).status, 502)
  assert.equal(requests, 1)
  balancer.remove('broken')
  const half = await nodeFor(t, 'half', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {}\n\n', () => response.destroy())
  })
  balancer.add(half)
  const response = await fetch(balancer.url)
  assert.equal(response.status, 200)
  await assert.rejects(response.text())
})

test('LoadBalancer.cut breaks the connections of clients, and those of nodes with them', async (t) => {
  let closed: Promise<unknown> | undefined
  const open = await nodeFor(t, 'open', (_request, response) => {
    closed = once(response, 'close')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
  })
  const balancer = await balancerFor(t, [open])
  const response = await fetch(balancer.url)
  balancer.cut('GET')
  await assert.rejects(response.text())
  await closed
})
