/**
 * What must work wherever the handler runs, asked over the wire. The server is `createPortableServer`.
 *
 * Not here: what is checked of the protocol itself; that is the same code everywhere.
 */

import assert from 'node:assert/strict'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { clientOf, ERAS, type EraName, StreamedCall, toolCall } from '../helpers/streamed-call.ts'
import { RawSocket, TestSession, type WireJson } from '../helpers/wire.ts'

/** @param eras - that the server speaks, where it is not both */
type Check = (url: string, eras?: readonly EraName[]) => Promise<void>
const text = (value: string) => [{ type: 'text', text: value }]
const meta = { progressToken: 't' }

/** Whatever carries request and response, even one that keeps the whole answer until its end. */
export const wholeAnswers: Readonly<Record<string, Check>> = {
  async 'initialize, and a call that is answered in JSON'(url) {
    const session = await TestSession.open(url)
    const { kind, result } = await session.call('echo', { text: 'é' })
    assert.deepEqual([kind, result.content], ['json', text('é')])
  },
  async 'a call with progress is answered with an event stream'(url) {
    const session = await TestSession.open(url)
    const { kind, result, messages, complete } = await session.call('progress', {}, { meta })
    assert.deepEqual([kind, result.content, complete], ['sse', text('done'), true])
    assert.deepEqual(progressOf(messages), [1, 2, 3])
  },
  async 'stateless calls, in JSON and with progress'(url) {
    const client = new StatelessClient(url)
    assert.deepEqual((await client.call('echo', { text: 'é' })).result.content, text('é'))
    const { kind, result, messages } = await client.call('progress', {}, { meta })
    assert.deepEqual([kind, result.content, progressOf(messages)], ['sse', text('done'), [1, 2, 3]])
  },
  async 'a request that is refused before its body is read is answered'(url) {
    const session = await TestSession.open(url)
    const headers = { 'content-type': 'text/plain' }
    const { status, json } = await session.send('x'.repeat(100_000), { headers, check: 'none' })
    assert.deepEqual([status, json.error.code], [415, -32000])
    assert.equal((await session.call('nothing')).error.code, -32602)
  },
}

/** What passes on each piece of an answer as it comes. */
export const streams: Readonly<Record<string, Check>> = {
  async 'GET listens to changes, and comes back for those that it missed'(url) {
    const session = await TestSession.open(url)
    const stream = await session.listen()
    await session.call('change')
    assert.equal((await stream.nextMessage()).method, 'notifications/tools/list_changed')
    const { lastEventId } = stream
    await stream.close()
    await session.call('change')
    const again = await session.resume(lastEventId as string)
    assert.equal((await again.nextMessage()).method, 'notifications/tools/list_changed')
    await session.call('change')
    assert.equal((await again.nextMessage()).method, 'notifications/tools/list_changed')
    await again.close()
  },
  async 'a call that ended its connection is fetched by GET'(url) {
    const session = await TestSession.open(url)
    const stream = await session.stream('tools/call', { name: 'leave', arguments: {} }, { meta })
    assert.equal((await stream.end()).complete, true)
    const rest = await session.resume(stream.events.find(({ id }) => id !== undefined)?.id as string)
    await rest.end()
    assert.deepEqual(progressOf(rest.messages), [1, 2])
    assert.deepEqual(rest.messages.at(-1).result.content, text('done'))
  },
  async 'subscriptions/listen hears of a change'(url) {
    const client = new StatelessClient(url)
    const stream = await client.listen({ toolsListChanged: true })
    assert.equal((await stream.nextMessage()).method, 'notifications/subscriptions/acknowledged')
    await client.call('change')
    assert.equal((await stream.nextMessage()).method, 'notifications/tools/list_changed')
    await stream.close()
  },
}

/** What needs a connection of the client's with the HTTP server. */
export const connections: Readonly<Record<string, Check>> = {
  async 'a stateless call whose client leaves is aborted'(url) {
    const client = new StatelessClient(url)
    const stream = await client.stream(
      'tools/call',
      { name: 'wait', arguments: {} },
      { meta: { progressToken: 't' } },
    )
    await stream.nextMessage()
    await stream.destroy()
    assert.deepEqual((await client.call('aborted')).result.content, text('aborted'))
  },
  async 'a client that reads nothing for a while loses no message'(url, eras = ERAS) {
    for (const era of eras) {
      const count = 20_000
      const bytes = toolCall(await clientOf(url, era), 'progress', { count })
      const call = await StreamedCall.open(Number(new URL(url).port), bytes)
      call.socket.pause()
      // Answered only when the server is not busy with a client that takes nothing.
      await new StatelessClient(url).call('echo')
      call.socket.resume()
      assert.equal(await call.end(), 'complete')
      assert.deepEqual([call.count, call.inOrder], [count, true], era)
    }
  },
}

/** Bodies whose end never comes: read here, and not by a framework. */
export const leaving: Check = async (url) => {
  const port = Number(new URL(url).port)
  const client = new StatelessClient(url)
  for (const type of ['application/json', 'text/plain']) {
    for (const leave of ['reset', 'halfClose'] as const) {
      const bytes = toolCall(client, 'echo', { text: 'x'.repeat(1000) })
      const socket = await RawSocket.open(port)
      await socket.write(bytes.replace('application/json', type).slice(0, -500))
      await client.call('echo')
      if (type === 'text/plain') await socket.readUntil((received) => received.includes('415'))
      socket[leave]()
      await socket.ended
    }
  }
  assert.deepEqual((await client.call('echo', { text: 'é' })).result.content, text('é'))
}

/** Requests that are sent before the ones before them are answered. */
export const pipelining: Check = async (url) => {
  const client = new StatelessClient(url)
  const socket = await RawSocket.open(Number(new URL(url).port))
  const echo = toolCall(client, 'echo', { text: 'é' })
  await socket.write(echo + toolCall(client, 'progress') + toolCall(client, 'progress') + echo)
  for (const kind of ['json', 'event-stream', 'event-stream', 'json']) {
    const { headers, body, complete } = await socket.response()
    assert.match(headers['content-type'] ?? '', new RegExp(kind))
    assert.match(body, kind === 'json' ? /"text":"é"/ : /"progress":1,.*"progress":3,.*"text":"done"/s)
    assert.equal(complete, true)
  }
  socket.destroy()
}

/** HTTP/1.0 has no chunks: the end of a stream is that of the connection. */
export const oldHttp: Check = async (url) => {
  const client = new StatelessClient(url)
  const socket = await RawSocket.open(Number(new URL(url).port))
  await socket.write(toolCall(client, 'progress').replace('HTTP/1.1', 'HTTP/1.0'))
  const { body } = await socket.response()
  assert.match(body, /^:\n\n.*"progress":3,.*"text":"done"}.*\n\n$/s)
  socket.destroy()
}

function progressOf(messages: readonly WireJson[]): number[] {
  return messages.flatMap(({ method, params }) =>
    method === 'notifications/progress' ? [params.progress] : [],
  )
}
