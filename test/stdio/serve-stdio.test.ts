/** serveStdio on streams: both eras, cancellation, subscriptions, limits, back-pressure, and the end of the input. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { McpServer } from '../../src/index.ts'
import { serveStdio } from '../../src/stdio.ts'
import { endOfTurn, within } from '../helpers/within.ts'
import { ENVELOPE, StdioClient } from './connection.ts'

const text = (value: string) => [{ type: 'text', text: value }]

/** Tools that answer at once, later, and when they are told. */
function testServer() {
  const server = new McpServer({ name: 'lines', version: '1.0.0' }, { onError: () => {} })
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  const held: { text: string; finish(): void; reason: unknown }[] = []
  const events: (() => void)[] = []
  server.registerTool('echo', { inputSchema }, (args) => args.text ?? '')
  server.registerTool('later', { inputSchema }, async (args) => {
    await endOfTurn()
    return args.text ?? ''
  })
  server.registerTool('hold', { inputSchema }, (args, ctx) => {
    return new Promise<string>((resolve) => {
      const call = { text: args.text ?? '', finish: () => resolve('held'), reason: undefined as unknown }
      ctx.signal.addEventListener('abort', () => {
        call.reason = ctx.signal.reason
        for (const event of events.splice(0)) event()
      })
      held.push(call)
      for (const event of events.splice(0)) event()
    })
  })
  server.registerTool('ask', {}, async (_, ctx) => {
    const { action } = await ctx.elicit('go', {
      message: 'Go on?',
      requestedSchema: { type: 'object', properties: {} },
    })
    return action
  })
  server.registerTool('change', {}, () => {
    server.registerTool(`added-${held.length}`, {}, () => '')
    return 'changed'
  })
  const happened = () =>
    within(new Promise<void>((resolve) => events.push(resolve)), () => 'a call to begin or end')
  return { server, held, happened }
}

test('a session: initialize, calls, changes, log level, and a question of the server', async (t) => {
  const { server } = testServer()
  const client = new StdioClient(t, server)
  const early = await client.request(0, 'tools/list')
  assert.match(early.error.message, /tools\/list came before initialize/)
  assert.deepEqual((await client.request('p', 'ping')).result, {})
  const { result } = await client.initialize('2025-11-25', { elicitation: {} })
  assert.deepEqual([result.protocolVersion, result.serverInfo.name], ['2025-11-25', 'lines'])
  assert.deepEqual(
    (await client.request(1, 'tools/call', { name: 'echo', arguments: { text: 'é\n' } })).result.content,
    text('é\n'),
  )
  client.send({ id: 2, method: 'tools/call', params: { name: 'ask' } })
  const question = await client.until(({ method }) => method === 'elicitation/create')
  client.send({ id: question.id, result: { action: 'decline' } })
  const answer = await client.until(({ id }) => id === 2)
  assert.deepEqual(answer.result.content, text('decline'))
  await client.request(3, 'tools/call', { name: 'change' })
  await client.until(({ method }) => method === 'notifications/tools/list_changed')
})

test('the stateless era: calls, discovery, a question as a result, and notifications of a subscription', async (t) => {
  const { server } = testServer()
  const client = new StdioClient(t, server)
  const { result } = await client.request(1, 'server/discover', { _meta: ENVELOPE })
  assert.deepEqual(result.supportedVersions, ['2026-07-28'])
  const call = (id: number, name: string) => client.request(id, 'tools/call', { name, _meta: ENVELOPE })
  assert.equal((await call(2, 'ask')).result.resultType, 'input_required')
  const notifications = { toolsListChanged: true }
  client.send({ id: 'sub', method: 'subscriptions/listen', params: { notifications, _meta: ENVELOPE } })
  const key = 'io.modelcontextprotocol/subscriptionId'
  const acknowledged = await client.until(
    ({ method }) => method === 'notifications/subscriptions/acknowledged',
  )
  assert.equal(acknowledged.params._meta[key], 'sub')
  await call(3, 'change')
  const changed = await client.until(({ method }) => method === 'notifications/tools/list_changed')
  assert.equal(changed.params._meta[key], 'sub')
  client.send({ method: 'notifications/cancelled', params: { requestId: 'sub' } })
  const before = client.messages.length
  assert.equal((await call(4, 'echo')).result.resultType, 'complete')
  server.registerTool('one-more', {}, () => '')
  await call(5, 'later')
  assert.deepEqual(
    client.messages.slice(before).map(({ id }) => id),
    [4, 5],
  )
})

test('a subscription that is open at shutdown ends with its result', async (t) => {
  const { server } = testServer()
  const client = new StdioClient(t, server)
  const params = { notifications: { toolsListChanged: true }, _meta: ENVELOPE }
  client.send({ id: 7, method: 'subscriptions/listen', params })
  await client.until(({ method }) => method === 'notifications/subscriptions/acknowledged')
  await client.serving.close()
  const { result } = await client.until(({ id }) => id === 7)
  assert.deepEqual(
    [result.resultType, result._meta['io.modelcontextprotocol/subscriptionId']],
    ['complete', 7],
  )
})

for (const era of ['session', 'stateless'] as const) {
  test(`notifications/cancelled aborts a call of the ${era} era, which is not answered`, async (t) => {
    const { server, held, happened } = testServer()
    const client = new StdioClient(t, server)
    await client.initialize()
    const meta = era === 'stateless' ? { _meta: ENVELOPE } : {}
    const begun = happened()
    client.send({ id: 5, method: 'tools/call', params: { name: 'hold', ...meta } })
    await begun
    const aborted = happened()
    client.send({ method: 'notifications/cancelled', params: { requestId: 5, reason: 'changed my mind' } })
    await aborted
    assert.match(
      String(held[0]?.reason),
      era === 'session' ? /cancelled the request: changed my mind/ : /closed/,
    )
    await client.request(6, 'ping')
    assert.equal(
      client.messages.some(({ id }) => id === 5),
      false,
    )
    client.send({ method: 'notifications/cancelled', params: { requestId: 99 } })
    client.send({ method: 'notifications/cancelled' })
    assert.deepEqual((await client.request(8, 'ping')).result, {})
  })
}

test('10 000 requests of both eras, cut at random, with ids that are used again and again, are answered each once', async (t) => {
  const { server } = testServer()
  const client = new StdioClient(t, server)
  await client.initialize()
  const before = client.messages.length
  const lines = Array.from({ length: 10_000 }, (_, index) => {
    const name = index % 3 === 0 ? 'later' : 'echo'
    const meta = index % 2 === 0 ? { _meta: ENVELOPE } : {}
    const params = { name, arguments: { text: `é ${index}` }, ...meta }
    return `${JSON.stringify({ jsonrpc: '2.0', id: index % 7, method: 'tools/call', params })}${index % 5 === 0 ? '\r' : ''}\n`
  })
  const bytes = Buffer.from(lines.join(''))
  // A generator with a fixed start: the same pieces in each run.
  let state = 1
  for (let at = 0; at < bytes.length; ) {
    state = (state * 48_271) % 2_147_483_647
    const length = 1 + (state % 4000)
    if (!client.input.write(bytes.subarray(at, at + length))) await once(client.input, 'drain')
    at += length
  }
  await client.until(() => client.messages.length >= before + 10_000)
  const answers = client.messages.slice(before)
  const numbers = answers.map(({ result }) => Number(result.content[0].text.slice(2)))
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 10_000 }, (_, index) => index),
  )
  assert.ok(answers.every(({ id }, at) => id === (numbers[at] as number) % 7))
})

test('a batch of 2025-03-26 is answered in one line, and is no message of later revisions', async (t) => {
  const { server } = testServer()
  const client = new StdioClient(t, server)
  await client.initialize('2025-03-26')
  const call = (id: number, name: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })
  client.input.write(`${JSON.stringify([call(1, 'later'), { jsonrpc: '2.0', id: 2 }, call(3, 'echo')])}\n`)
  const answer = await client.until((message) => Array.isArray(message))
  assert.deepEqual(answer.map(({ id }: { id: number }) => id).sort(), [1, 2, 3])
  assert.equal(answer.find(({ id }: { id: number }) => id === 2).error.code, -32600)
  const later = new StdioClient(t, server)
  await later.initialize()
  later.input.write(`${JSON.stringify([call(1, 'echo')])}\n`)
  const { error } = await later.until((message) => message.error !== undefined)
  assert.match(error.message, /Several messages at once/)
})

test('what is no message is answered with an error, and the next message is served', async (t) => {
  const { server } = testServer()
  const client = new StdioClient(t, server, { maxLineBytes: 1000, maxBodyDepth: 10 })
  const bad = [
    '{',
    '"text"',
    '[]',
    `"${'x'.repeat(2000)}"`,
    '['.repeat(20) + ']'.repeat(20),
    'null',
    '\u00ff',
  ]
  for (const line of bad) client.input.write(`${line}\n`)
  client.input.write(Buffer.of(0xff, 0x0a))
  await client.until(() => client.messages.length === bad.length + 1)
  assert.ok(client.messages.every(({ error }) => error.code === -32700 || error.code === -32600))
  assert.match(JSON.stringify(client.messages), /more than 1000 bytes \(maxLineBytes\)/)
  assert.equal(
    (await client.request(1, 'server/discover', { _meta: ENVELOPE })).result.resultType,
    'complete',
  )
})

test('an era that is not served refuses, and says what is', async (t) => {
  const { server } = testServer()
  const stateless = new StdioClient(t, server, { eras: ['stateless'] })
  const { error } = await stateless.initialize()
  assert.deepEqual([error.code, error.data.supported], [-32022, ['2026-07-28']])
  const session = new StdioClient(t, server, { eras: ['session'] })
  await session.initialize()
  const reply = await session.request(1, 'server/discover', { _meta: ENVELOPE })
  assert.equal(reply.error.code, -32601)
})

test('calls above maxInFlight get an error', async (t) => {
  const { server, happened } = testServer()
  const client = new StdioClient(t, server, { maxInFlight: 1 })
  await client.initialize()
  const begun = happened()
  client.send({ id: 1, method: 'tools/call', params: { name: 'hold' } })
  await begun
  assert.match((await client.request(2, 'tools/call', { name: 'echo' })).error.message, /maxInFlight/)
  const stateless = await client.request(3, 'tools/call', { name: 'echo', _meta: ENVELOPE })
  assert.match(stateless.error.message, /maxInFlight/)
})

test('calls of one batch count against maxInFlight before any of them has begun', async (t) => {
  const { server, held, happened } = testServer()
  const client = new StdioClient(t, server, { maxInFlight: 2 })
  await client.initialize('2025-03-26')
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'hold' } })
  const begun = happened()
  client.input.write(`${JSON.stringify([call(1), call(2), call(3), call(4)])}\n`)
  await begun
  assert.equal(held.length, 2)
  for (const { finish } of held) finish()
  const answers = await client.until((message) => Array.isArray(message))
  const refused = answers.filter(({ error }: { error?: object }) => error !== undefined)
  assert.deepEqual(
    refused.map(({ id }: { id: number }) => id),
    [3, 4],
  )
  for (const { error } of refused) assert.match(error.message, /2 are in progress \(maxInFlight is 2\)/)
})

test('a client that does not read is not read either, and nothing is lost when it reads again', async (t) => {
  const { server } = testServer()
  const client = new StdioClient(t, server, { maxStreamBufferBytes: 200_000 })
  await client.initialize()
  client.output.pause()
  const big = 'x'.repeat(10_000)
  for (let id = 0; id < 200; id += 1) {
    client.send({ id, method: 'tools/call', params: { name: 'echo', arguments: { text: big } } })
  }
  for (let turn = 0; turn < 50; turn += 1) await endOfTurn()
  assert.ok(client.output.writableLength + client.output.readableLength < 400_000)
  assert.ok(client.input.readableLength + client.input.writableLength > 500_000, 'it was read all the same')
  client.output.resume()
  await client.until(({ id }) => id === 199)
  assert.equal(client.messages.filter(({ result }) => result?.content?.[0].text === big).length, 200)
})

test('a handler that floods a client that does not read ends the connection', async (t) => {
  const server = new McpServer({ name: 'flood', version: '1.0.0' })
  server.registerTool('flood', {}, async (_, ctx) => {
    for (let i = 1; !ctx.signal.aborted; i += 1) {
      ctx.progress(i, undefined, 'x'.repeat(10_000))
      await endOfTurn()
    }
  })
  const messages: string[] = []
  t.mock.method(console, 'error', (message: string) => messages.push(message))
  const client = new StdioClient(t, server, { maxStreamBufferBytes: 100_000 })
  await client.initialize()
  client.output.pause()
  client.send({ id: 1, method: 'tools/call', params: { name: 'flood', _meta: { progressToken: 1 } } })
  await within(client.serving.closed, () => 'the connection to be closed')
  assert.match(messages.join(), /does not read what it is sent \(maxStreamBufferBytes\)/)
})

test('when the input ends, calls may finish for drainMs, and questions are given up', async (t) => {
  const { server, held, happened } = testServer()
  const client = new StdioClient(t, server)
  await client.initialize('2025-11-25', { elicitation: {} })
  const begun = happened()
  client.send({ id: 1, method: 'tools/call', params: { name: 'hold' } })
  client.send({ id: 2, method: 'tools/call', params: { name: 'ask' } })
  await begun
  await client.until(({ method }) => method === 'elicitation/create')
  // The last line has no end.
  client.input.end(JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'ping' }))
  assert.equal((await client.until(({ id }) => id === 2)).result.isError, true)
  assert.deepEqual((await client.until(({ id }) => id === 3)).result, {})
  held[0]?.finish()
  await client.serving.closed
  assert.deepEqual((await client.until(({ id }) => id === 1)).result.content, text('held'))
  const stopped = new StdioClient(t, server, { drainMs: 0 })
  await stopped.initialize()
  const again = happened()
  stopped.send({ id: 1, method: 'tools/call', params: { name: 'hold' } })
  await again
  stopped.input.end()
  await stopped.serving.closed
  assert.match((await stopped.until(({ id }) => id === 1)).error.message, /shutting down/)
})

test('options are checked, and those of HTTP are none', () => {
  const { server } = testServer()
  const wrong = (options: object) => () => serveStdio(server, options)
  assert.throws(wrong({ path: '/mcp' }), /There is no option "path"/)
  assert.throws(wrong({ sessions: false }), /There is no option "sessions"/)
  assert.throws(wrong({ maxLineBytes: 0.5 }), /maxLineBytes/)
  assert.throws(wrong({ exit: 1 }), /exit/)
  assert.throws(wrong({ drainMs: -1 }), /drainMs/)
})
