/** The handler under node:http2: headers, and streams that are reset. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Http2Client, replyOf } from '../helpers/http2-client.ts'
import { SseParser } from '../helpers/sse-parser.ts'
import { within } from '../helpers/within.ts'
import { call, INITIALIZE, mounted, openSession, served, textOf } from './http2-serving.ts'

test('an Http2ServerRequest is served: Host is :authority, and no header of the reply is of a connection', async (t) => {
  const { client, seen, url } = await mounted(t)
  const session = await openSession(client)
  const reply = await client.post(call(1, 'echo', { text: 'é' }), session)
  assert.deepEqual([reply.status, textOf(reply.json)], [200, 'é'])
  assert.deepEqual(seen, [{ host: new URL(url).host, pseudo: false }])
  const streamed = await client.post(call(2, 'talk', { text: 'said' }), session)
  assert.equal(streamed.headers['content-type'], 'text/event-stream')
  assert.deepEqual([textOf(streamed.messages.at(-1)), streamed.code], ['said', 0])
  const refused = await client.send({ path: '/mcp', method: 'PUT' })
  assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, POST, DELETE, OPTIONS'])
  for (const { headers } of [reply, streamed, refused]) {
    for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'upgrade']) {
      assert.equal(headers[name], undefined, name)
    }
  }
  const ended = await client.send({ method: 'DELETE', headers: session })
  assert.equal(ended.status, 200)
})

test(':authority is held against allowedHosts, and a Host line that differs from it is refused', async (t) => {
  const { client, url } = await mounted(t)
  const authority = new URL(url).host
  const rows: readonly (readonly [headers: { [name: string]: string }, status: number])[] = [
    [{ ':authority': authority }, 200],
    [{ ':authority': authority, host: authority }, 200],
    [{ ':authority': 'evil.example' }, 403],
    [{ ':authority': 'evil.example', host: authority }, 400],
    [{ ':authority': authority, host: 'evil.example' }, 400],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: `https://${authority}` }, 200],
  ]
  for (const [headers, status] of rows) {
    const reply = await client.post(INITIALIZE, headers)
    assert.equal(reply.status, status, JSON.stringify(headers))
  }
})

test('a stream that is reset is resumed on another connection, without a gap', async (t) => {
  const { client, held, url } = await served(t)
  const session = await openSession(client)
  const stream = client.begin({
    body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold', {}, { progressToken: 1 }) }),
    headers: session,
  })
  const { ctx, finish } = await held.next()
  await ctx.progress(1)
  const parser = new SseParser()
  const [chunk] = (await within(once(stream, 'data'), () => 'the first event')) as [Buffer]
  const first = parser.push(chunk).filter(({ id }) => id !== undefined)
  const lastEventId = first.at(-1)?.id as string
  await client.close()
  void ctx.progress(2)
  void ctx.progress(3)
  const other = new Http2Client(url)
  t.after(() => other.close())
  const resumed = replyOf(
    other.begin({ method: 'GET', headers: { ...session, 'last-event-id': lastEventId } }),
  )
  finish('all')
  const { messages } = await resumed
  const seen = [
    ...first.map(({ json }) => json?.params?.progress),
    ...messages.map(({ params }) => params?.progress),
  ]
  assert.deepEqual(
    seen.filter((each) => each !== undefined),
    [1, 2, 3],
  )
  assert.equal(textOf(messages.at(-1)), 'all')
})

test('a stream that the client resets cancels a call that cannot be resumed', async (t) => {
  const { client, held } = await served(t, { sessions: false })
  const stream = client.begin({ body: JSON.stringify({ jsonrpc: '2.0', ...call(1, 'hold') }) })
  const { aborted } = await held.next()
  stream.close(8)
  assert.equal(((await aborted()) as { code?: string }).code, 'ERR_CLIENT_GONE')
})
