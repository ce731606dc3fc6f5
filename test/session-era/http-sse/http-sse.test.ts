/** HTTP+SSE: the stream, the endpoint that it names, and what goes over them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import express from 'express'
import { createMcpHandler, McpServer } from '../../../src/index.ts'
import { get, openSse, post, TestSession } from '../../helpers/wire.ts'
import { eventually } from '../serving.ts'
import { SseConnection, serveHttpSse } from './connection.ts'

const textOf = (answer: { result?: { content?: { text?: string }[] } }) => answer.result?.content?.[0]?.text

test('httpSse: the first event of the stream says where to post, every POST is 202, and answers come on the stream [v2024-11-05.sse-endpoints] [v2024-11-05.endpoint-event]', async (t) => {
  const { connect, told, serving } = await serveHttpSse(t)
  const client = await connect()
  assert.match(client.stream.headers['content-type'] ?? '', /^text\/event-stream/)
  assert.match(client.endpoint.pathname + client.endpoint.search, /^\/messages\?sessionId=[\w-]{32}$/)
  assert.deepEqual(client.opened.result.serverInfo, { name: 'old', version: '1.0.0' })
  assert.equal(textOf(await client.call('echo', { text: 'é\n' })), 'é\n')
  assert.deepEqual((await client.request('ping')).result, {})
  assert.equal(
    (await client.request('tools/list')).result.tools.map(({ name }: { name: string }) => name).join(),
    'echo,hold',
  )
  assert.deepEqual([serving.stats().sessions, serving.stats().streams], [1, 1])
  await client.stream.close()
  await eventually(() => told.length === 2, 'the end of the session')
  assert.deepEqual(told, ['opened 2024-11-05', 'closed deleted'])
  assert.deepEqual([serving.stats().sessions, serving.stats().streams], [0, 0])
})

test('httpSse: each revision with sessions is negotiated as everywhere, and an unknown one gets the latest [v2024-11-05.sse-version]', async (t) => {
  const { connect } = await serveHttpSse(t)
  for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    const client = await connect({ revision })
    assert.equal(client.opened.result.protocolVersion, revision)
    await client.stream.close()
  }
  const other = await connect({ revision: '1.0.0' })
  assert.equal(other.opened.result.protocolVersion, '2025-11-25')
})

test('httpSse: off by default, so that its paths do not exist', async (t) => {
  const { origin } = await serveHttpSse(t, { httpSse: false })
  assert.equal((await get(`${origin}/sse`)).status, 404)
  assert.equal((await post(`${origin}/messages?sessionId=x`, '{}')).status, 404)
})

test('httpSse: each endpoint has one method, so that a client which tries Streamable HTTP first learns it from 405', async (t) => {
  const { origin, serving } = await serveHttpSse(t)
  const initialize = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
  const posted = await post(`${origin}/sse`, initialize)
  assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, OPTIONS'])
  assert.match(posted.json.error.message, /only GET, as HTTP\+SSE has it; Streamable HTTP is at \/mcp/)
  const got = await get(`${origin}/messages?sessionId=x`)
  assert.deepEqual([got.status, got.headers.allow], [405, 'POST, OPTIONS'])
  assert.equal((await get(`${origin}/sse`, { accept: 'application/json' })).status, 406)
  assert.equal(serving.stats().streams, 0)
})

test('httpSse: paths of its own, a query of the stream that its messages keep, and no id of the client', async (t) => {
  const { connect } = await serveHttpSse(t, { httpSse: { ssePath: '/old/stream', messagePath: '/old/post' } })
  const client = await connect({ path: '/old/stream?key=a%26b&sessionId=mine&x' })
  assert.match(
    client.endpoint.pathname + client.endpoint.search,
    /^\/old\/post\?key=a%26b&x&sessionId=[\w-]{32}$/,
  )
  assert.equal(textOf(await client.call('echo', { text: 'there' })), 'there')
})

test('httpSse: below a mount point, and behind a proxy that removes a part of the path, messages go below it too', async (t) => {
  const { origin } = await serveHttpSse(t, { trustProxy: true })
  const headers = { 'x-forwarded-prefix': '/tools' }
  const proxied = await openSse(`${origin}/sse`, { headers })
  assert.match((await proxied.next()).data ?? '', /^\/tools\/messages\?sessionId=/)
  await proxied.close()
  const handler = createMcpHandler(new McpServer({ name: 'mounted', version: '1.0.0' }), { httpSse: true })
  const app = express().use('/api', (request, response) => handler(request, response))
  const listening = app.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  t.after(async () => {
    await handler.close({ drainMs: 0 })
    listening.close()
  })
  const { port } = listening.address() as AddressInfo
  const mounted = await SseConnection.open(`http://127.0.0.1:${port}`, { path: '/api/sse' })
  assert.equal(mounted.endpoint.pathname, '/api/messages')
  assert.deepEqual((await mounted.request('ping')).result, {})
  // A prefix that anybody can send is read only from a trusted proxy, and a path cannot name another host.
  const other = await openSse(`http://127.0.0.1:${port}/api/sse`, { headers })
  assert.match((await other.next()).data ?? '', /^\/api\/messages\?/)
  for (const stream of [mounted.stream, other]) await stream.close()
})

test('httpSse: progress, log messages, changes and messages of the server come on the one stream', async (t) => {
  const { connect, server, held } = await serveHttpSse(t)
  const client = await connect()
  const answer = client.call('hold', {}, { progressToken: 7 })
  const call = await held.next()
  await call.ctx.progress(1, 2)
  call.ctx.log.warning('careful')
  const progress = await client.until(({ method }) => method === 'notifications/progress')
  assert.deepEqual(progress.params, { progressToken: 7, progress: 1, total: 2 })
  const logged = await client.until(({ method }) => method === 'notifications/message')
  assert.equal(logged.params.data, 'careful')
  server.registerTool('late', {}, () => 'late')
  await client.until(({ method }) => method === 'notifications/tools/list_changed')
  server.log('error', 'for everyone')
  await client.until(({ params }) => params?.data === 'for everyone')
  call.finish('done')
  assert.equal(textOf(await answer), 'done')
})

test('httpSse: subscribed resources are reported to those who subscribed', async (t) => {
  const setup = (server: McpServer) =>
    server.registerResource('memo', 'memo://a', { subscribe: true }, () => 'text')
  const { connect, server } = await serveHttpSse(t, { setup })
  const [subscribed, other] = [await connect(), await connect()]
  assert.deepEqual((await subscribed.request('resources/subscribe', { uri: 'memo://a' })).result, {})
  server.notifyResourceUpdated('memo://a')
  const { params } = await subscribed.until(({ method }) => method === 'notifications/resources/updated')
  assert.equal(params.uri, 'memo://a')
  await other.request('ping')
  assert.deepEqual(
    other.stream.messages.filter(({ method }) => method === 'notifications/resources/updated'),
    [],
  )
})

test('httpSse: a handler asks its client, which answers with a POST', async (t) => {
  const setup = (server: McpServer) =>
    server.registerTool('roots', {}, async (_args, ctx) => {
      const roots = await ctx.listRoots('roots')
      return roots.map(({ uri }) => uri).join()
    })
  const { connect } = await serveHttpSse(t, { setup })
  const client = await connect({ capabilities: { roots: {} } })
  const answer = client.call('roots')
  const { id } = await client.until(({ method }) => method === 'roots/list')
  await client.send({ id, result: { roots: [{ uri: 'file:///a' }] } })
  assert.equal(textOf(await answer), 'file:///a')
})

test('httpSse: a call is cancelled by its client, and by the end of the connection', async (t) => {
  const { connect, held, serving } = await serveHttpSse(t)
  const client = await connect()
  await client.send({ id: 'a', method: 'tools/call', params: { name: 'hold' } })
  const first = await held.next()
  await client.send({
    method: 'notifications/cancelled',
    params: { requestId: 'a', reason: 'enough' },
  })
  assert.match((await first.aborted()).message, /cancelled the request: enough/)
  await client.send({ id: 'b', method: 'tools/call', params: { name: 'hold' } })
  const second = await held.next()
  await client.stream.destroy()
  assert.equal(((await second.aborted()) as { code?: string }).code, 'ERR_CLIENT_GONE')
  await eventually(() => serving.stats().callsInProgress === 0, 'the end of the calls')
  assert.equal(serving.stats().bodyBytes, 0)
})

test('httpSse: a batch of 2025-03-26 is answered in one event, and is refused in the other revisions', async (t) => {
  const { connect } = await serveHttpSse(t)
  const batch =
    '[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}},7]'
  const with2025 = await connect({ revision: '2025-03-26' })
  assert.equal((await with2025.postRaw(batch)).status, 202)
  const { json } = await with2025.stream.until(({ json }) => Array.isArray(json))
  const ids = json.map(({ id }: { id?: string }) => id)
  assert.deepEqual([ids.sort(), json.length], [['a', 'b', undefined].sort(), 3])
  const oldest = await connect()
  const refused = await oldest.postRaw(batch)
  assert.equal(refused.status, 400)
  assert.match(refused.json.error.message, /send one at a time/)
})

test('httpSse: initialize again begins another session on the same connection', async (t) => {
  const { connect, told } = await serveHttpSse(t)
  const client = await connect()
  const again = await client.initialize('2025-06-18')
  assert.equal(again.result.protocolVersion, '2025-06-18')
  assert.equal(textOf(await client.call('echo', { text: 'still' })), 'still')
  assert.deepEqual(told, ['opened 2024-11-05', 'closed deleted', 'opened 2025-06-18'])
})

test('httpSse: before initialize only ping is answered', async (t) => {
  const { connect } = await serveHttpSse(t)
  const client = await connect({ revision: undefined })
  assert.deepEqual((await client.request('ping')).result, {})
  const { error } = await client.request('tools/list')
  assert.match(error.message, /tools\/list came before initialize: send that first$/)
})

test('httpSse: close lets calls finish, sends their answers, and ends the streams', async (t) => {
  const { connect, held, serving, origin, told } = await serveHttpSse(t)
  const [busy, waiting] = [await connect(), await connect({ revision: undefined })]
  const answer = busy.call('hold')
  const call = await held.next()
  const closed = serving.close()
  const late = await openSse(`${origin}/sse`).catch((error: Error) => error.message)
  assert.match(String(late), /ECONNREFUSED|503/)
  call.finish('in time')
  assert.equal(textOf(await answer), 'in time')
  await closed
  assert.deepEqual([(await busy.stream.end()).complete, (await waiting.stream.end()).complete], [true, true])
  assert.equal(told.at(-1), 'closed shutdown')
})

test('httpSse: both transports serve one server at the same time', async (t) => {
  const { connect, serving, server } = await serveHttpSse(t)
  const [old, current] = [await connect(), await TestSession.open(serving.url)]
  t.after(() => current.close())
  const stream = await current.listen()
  assert.equal(serving.stats().sessions, 2)
  assert.equal((await current.call('echo', { text: 'new' })).result.content[0].text, 'new')
  assert.equal(textOf(await old.call('echo', { text: 'old' })), 'old')
  server.registerTool('more', {}, () => 'more')
  for (const each of [old, stream]) {
    const isChange = ({ method }: { method?: string }) => method === 'notifications/tools/list_changed'
    await (each === stream ? stream.nextMessage(isChange) : old.until(isChange))
  }
})
