/** `subscriptions/listen` on its way through middleware and diagnostics, and what is left of its request afterwards. */

import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import {
  Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http'
import { test } from 'node:test'
import { type McpServer, type Middleware, type RequestContext, RpcError } from '../../src/index.ts'
import { collected } from '../helpers/heap.ts'
import type { StatelessClient } from '../helpers/stateless-client.ts'
import { eventually, serving } from './serving.ts'

const tools = { toolsListChanged: true }
const listed = 'notifications/tools/list_changed'
const acknowledgement = 'notifications/subscriptions/acknowledged'
const progressToken = 'progressToken'

const using = (...middleware: Middleware[]) => ({
  setup: (server: McpServer) => {
    for (const each of middleware) server.use(each)
  },
})

test('middleware sees subscriptions/listen, and an empty result once the stream is open', async (t) => {
  const seen: unknown[] = []
  const { client, opened, server, stats } = await serving(
    t,
    using(async (ctx, next) => {
      seen.push([ctx.method, ctx.params?.['notifications']])
      const result = await next()
      seen.push([result, stats().subscriptions])
      return result
    }),
  )
  const stream = await opened(client().listen(tools, { id: 's' }))
  assert.equal((await stream.nextMessage()).method, acknowledgement)
  assert.deepEqual(seen, [
    ['subscriptions/listen', tools],
    [{}, 1],
  ])
  server.registerTool('new', {}, () => '')
  assert.equal((await stream.nextMessage()).method, listed)
})

test('barewire:rpc tells the start of subscriptions/listen, and its end once the stream is open', async (t) => {
  const { client, opened } = await serving(t)
  const seen: unknown[] = []
  for (const name of ['start', 'end', 'error']) {
    const listener = (message: unknown) => {
      const { method, id } = message as { method: string; id: unknown }
      seen.push([name, method, id])
    }
    channel(`barewire:rpc:${name}`).subscribe(listener)
    t.after(() => channel(`barewire:rpc:${name}`).unsubscribe(listener))
  }
  await opened(client().listen(tools, { id: 'a' }))
  await client().request('subscriptions/listen', { notifications: 7 }, { id: 'b', check: 'none' })
  assert.deepEqual(seen, [
    ['start', 'subscriptions/listen', 'a'],
    ['end', 'subscriptions/listen', 'a'],
    ['start', 'subscriptions/listen', 'b'],
    ['error', 'subscriptions/listen', 'b'],
  ])
})

for (const kind of ['at once', 'later'] as const) {
  test(`when middleware refuses ${kind}, no stream is opened: the client gets 400 and the error`, async (t) => {
    const watched: string[] = []
    const refuse = () => {
      throw new RpcError(-31_050, 'not for you')
    }
    const middleware: Middleware =
      kind === 'at once' ? refuse : () => new Promise((resolve) => setImmediate(resolve)).then(refuse)
    const { client, server, stats, refusals } = await serving(t, using(middleware))
    const subscribe = (uri: string) => void watched.push(uri)
    server.registerResource('r', 'memo://r', { subscribe }, () => '')
    const notifications = { ...tools, resourceSubscriptions: ['memo://r'] }
    const reply = await client().request('subscriptions/listen', { notifications }, { id: 'x' })
    assert.deepEqual(
      [reply.status, reply.kind, reply.id, reply.error.code, reply.error.message],
      [400, 'json', 'x', -31_050, 'not for you'],
    )
    assert.deepEqual([stats().subscriptions, stats().streams, stats().callsInProgress], [0, 0, 0])
    assert.deepEqual([watched, refusals.length], [[], 1])
  })
}

test('when middleware throws after next(), the open stream is ended with the error', async (t) => {
  const { client, opened, stats, server } = await serving(
    t,
    using(async (_ctx, next) => {
      await next()
      throw new RpcError(-31_050, 'on second thoughts')
    }),
  )
  const stream = await opened(client().listen(tools, { id: 's' }))
  assert.deepEqual(await stream.end(), { complete: true, error: undefined })
  const [first, last] = stream.messages
  assert.deepEqual(
    [first.method, last.id, last.error.code, last.error.message, stream.messages.length],
    [acknowledgement, 's', -31_050, 'on second thoughts', 2],
  )
  await eventually(() => stats().subscriptions === 0 && stats().streams === 0, 'the end of the stream')
  server.registerTool('new', {}, () => '')
})

test('a code that the specification reserves does not leave the server, whether the stream is open or not [stateless.codes-reserved]', async (t) => {
  let isEarly = true
  const { client, opened } = await serving(
    t,
    using(async (_ctx, next) => {
      if (!isEarly) await next()
      throw new RpcError(-32_050, 'reserved')
    }),
  )
  const refused = await client().request('subscriptions/listen', { notifications: tools })
  assert.deepEqual([refused.status, refused.error.code], [400, -32_603])
  isEarly = false
  const stream = await opened(client().listen(tools))
  await stream.end()
  assert.equal(stream.messages.at(-1).error.code, -32_603)
})

test('an error that middleware keeps to itself ends the open stream with -32603, and is reported', async (t) => {
  const { client, opened, errors } = await serving(
    t,
    using(async (_ctx, next) => {
      await next()
      throw new Error('hunter2')
    }),
  )
  const stream = await opened(client().listen(tools, { id: 's' }))
  await stream.end()
  assert.equal(stream.messages.at(-1).error.code, -32_603)
  assert.doesNotMatch(JSON.stringify(stream.messages), /hunter2/)
  assert.deepEqual(
    errors.map(({ phase }) => phase),
    ['handler'],
  )
})

test('middleware that calls next() twice opens one stream, and ends it with an error', async (t) => {
  const { client, opened, stats, errors } = await serving(
    t,
    using(async (_ctx, next) => {
      await next()
      return await next()
    }),
  )
  const stream = await opened(client().listen(tools))
  await stream.end()
  assert.deepEqual(
    stream.messages.map(({ method, error }) => method ?? error.code),
    [acknowledgement, -32_603],
  )
  assert.match(String(errors[0]?.error), /next\(\) was called twice/)
  await eventually(() => stats().subscriptions === 0, 'the end of the stream')
})

test('middleware that answers in the place of the method opens no stream', async (t) => {
  const { client, stats } = await serving(
    t,
    using(() => ({ _meta: { 'com.example/why': 'closed today' } })),
  )
  const { status, result } = await client().request(
    'subscriptions/listen',
    { notifications: tools },
    { check: 'none' },
  )
  assert.deepEqual(
    [status, result.resultType, result._meta['com.example/why']],
    [200, 'complete', 'closed today'],
  )
  assert.equal(stats().subscriptions, 0)
})

test('what middleware says about a request for a stream is not sent on it: the acknowledgement is first [stateless.listen-not-before] [stateless.logging-stream]', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let pass = () => {}
  const { client, opened, server } = await serving(t, {
    server: { logging: 'debug' },
    handler: { sseAfterMs: 10 },
    ...using(async (ctx, next) => {
      ctx.progress(1)
      ctx.log.error('before')
      await new Promise<void>((resolve) => {
        pass = resolve
        setImmediate(() => t.mock.timers.tick(20))
        setImmediate(() => pass())
      })
      const result = await next()
      ctx.progress(2)
      ctx.log.error('after')
      return result
    }),
  })
  const asking = client({ logLevel: 'debug' })
  const stream = await opened(asking.listen(tools, { meta: { [progressToken]: 1 } }))
  await stream.nextMessage()
  server.registerTool('new', {}, () => '')
  await stream.nextMessage()
  assert.deepEqual(
    stream.messages.map(({ method }) => method),
    [acknowledgement, listed],
  )
})

test('visible gets the locals that middleware has set, when a stream is opened and for each change', async (t) => {
  const asked: unknown[] = []
  const { client, opened, server } = await serving(
    t,
    using((ctx, next) => {
      ctx.locals['tenant'] = ctx.headers['x-tenant']
      return next()
    }),
  )
  const visible = ({ locals }: RequestContext) => {
    asked.push(locals['tenant'])
    return locals['tenant'] === 'blue'
  }
  server.registerResource('r', 'memo://r', { subscribe: true, visible }, () => '')
  const filter = { ...tools, resourceSubscriptions: ['memo://r'] }
  const acknowledged: unknown[] = []
  for (const tenant of ['blue', 'red']) {
    const stream = await opened(client({ headers: { 'x-tenant': tenant } }).listen(filter))
    const { params } = await stream.nextMessage()
    acknowledged.push(params.notifications.resourceSubscriptions)
    if (tenant === 'red') continue
    const before = asked.length
    server.notifyResourceUpdated('memo://r')
    assert.equal((await stream.nextMessage()).params.uri, 'memo://r')
    assert.deepEqual(asked.slice(before), ['blue'])
  }
  assert.deepEqual(acknowledged, [['memo://r'], undefined])
})

test('a client that leaves while middleware waits aborts it, and no stream is opened', async (t) => {
  const watched: string[] = []
  let release = () => {}
  let reached = (_ctx: RequestContext) => {}
  const waiting = new Promise<RequestContext>((resolve) => {
    reached = resolve
  })
  const { client, server, stats, url, errors } = await serving(
    t,
    using(async (ctx, next) => {
      reached(ctx)
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return await next()
    }),
  )
  server.registerResource('r', 'memo://r', { subscribe: (uri) => void watched.push(uri) }, () => '')
  const message = client().message('subscriptions/listen', {
    notifications: { resourceSubscriptions: ['memo://r'] },
  })
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const mirrored = client().headers(message) as OutgoingHttpHeaders
  const outgoing = request(url, { method: 'POST', headers: { ...mirrored, ...headers } })
  outgoing.on('error', () => {})
  outgoing.end(JSON.stringify(message))
  const ctx = await waiting
  assert.equal(stats().callsInProgress, 1)
  outgoing.destroy()
  await eventually(() => ctx.signal.aborted, 'the abort of the request')
  assert.equal(stats().callsInProgress, 0)
  release()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([stats().subscriptions, stats().streams, watched, errors], [0, 0, [], []])
})

for (const kind of ['none', 'synchronous', 'asynchronous'] as const) {
  test(`a stream for lists alone retains neither context nor response of its request, with middleware: ${kind}`, async (t) => {
    const refs: WeakRef<object>[] = []
    const onStart = (message: unknown) => {
      refs.push(new WeakRef((message as { response: ServerResponse }).response))
    }
    channel('barewire:http:start').subscribe(onStart)
    t.after(() => channel('barewire:http:start').unsubscribe(onStart))
    const middleware: Middleware[] = []
    if (kind !== 'none') {
      middleware.push((ctx, next) => {
        refs.push(new WeakRef(ctx))
        return kind === 'synchronous' ? next() : new Promise((resolve) => setImmediate(resolve)).then(next)
      })
    }
    const { client, url, server, stats } = await serving(t, using(...middleware))
    // On connections that stay open: the response of one that closes after it is needed until then.
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const streams: IncomingMessage[] = []
    for (let id = 0; id < 10; id++) streams.push(await subscribed(url, agent, client(), id))
    const count = kind === 'none' ? 10 : 20
    assert.deepEqual([refs.length, await collected(refs)], [count, count])
    const heard = Promise.all(
      streams.map((stream) => once(stream.setEncoding('utf8'), 'data') as Promise<[text: string]>),
    )
    server.registerTool('new', {}, () => '')
    for (const [text] of await heard) assert.match(text, /notifications\/tools\/list_changed/)
    assert.deepEqual([stats().subscriptions, stats().streams, stats().callsInProgress], [10, 10, 0])
  })
}

/** The response that a stream begins, with its acknowledgement. */
async function subscribed(
  url: string,
  agent: Agent,
  client: StatelessClient,
  id: number,
): Promise<IncomingMessage> {
  const message = client.message('subscriptions/listen', { notifications: tools }, { id })
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const mirrored = client.headers(message) as OutgoingHttpHeaders
  const outgoing = request(url, { method: 'POST', agent, headers: { ...mirrored, ...headers } })
  outgoing.end(JSON.stringify(message))
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const [acknowledged] = await once(response, 'data')
  assert.match(String(acknowledged), /notifications\/subscriptions\/acknowledged/)
  return response
}
