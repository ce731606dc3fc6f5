/** The dispatcher: middleware around every request, and the channels that tell of it. */

import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { type TestContext, test } from 'node:test'
import { RpcError } from '../../src/index.ts'
import { define, names, open } from '../features/offering.ts'
import { post, type WireJson } from '../helpers/wire.ts'

test('middleware runs around every request, the first one outermost', async (t) => {
  const { server } = define()
  const log: string[] = []
  for (const name of ['outer', 'inner']) {
    server.use(async (ctx, next) => {
      log.push(`${name} > ${ctx.method} ${ctx.params?.['name'] ?? ''}`.trim())
      const result = await next()
      log.push(`${name} <`)
      return result
    })
  }
  server.registerTool('t', {}, () => {
    log.push('handler')
    return 'ran'
  })
  const session = await open(t, server)
  assert.deepEqual(log, ['outer > initialize', 'inner > initialize', 'inner <', 'outer <'])
  log.length = 0
  assert.equal((await session.call('t')).result.content[0].text, 'ran')
  assert.deepEqual(log, ['outer > tools/call t', 'inner > tools/call t', 'handler', 'inner <', 'outer <'])
  log.length = 0
  assert.deepEqual((await session.request('ping')).result, {})
  assert.equal(log[0], 'outer > ping')
})

test('middleware hands values to the handler, and none of another request', async (t) => {
  const { server } = define()
  server.use((ctx, next) => {
    if (ctx.params?.['name'] === 'first') ctx.locals['constructor'] = 'plain'
    ctx.locals[`for ${ctx.params?.['name']}`] = true
    return next()
  })
  for (const name of ['first', 'second']) {
    server.registerTool(name, {}, (_args, ctx) => Object.keys(ctx.locals).join())
  }
  const session = await open(t, server)
  assert.equal((await session.call('first')).result.content[0].text, 'constructor,for first')
  assert.equal((await session.call('second')).result.content[0].text, 'for second')
})

test('middleware may answer instead of the handler, change a result, and run it twice', async (t) => {
  const { server } = define()
  let runs = 0
  server.use(async (ctx, next) => {
    const name = ctx.params?.['name']
    if (name === 'blocked') return { content: [{ type: 'text', text: 'from the cache' }] }
    if (name === 'retried') await next()
    const result = (await next()) as { content: object[] }
    return name === 'changed' ? { ...result, _meta: { 'com.example/changed': true } } : result
  })
  for (const name of ['blocked', 'retried', 'changed']) {
    server.registerTool(name, {}, () => String(++runs))
  }
  const session = await open(t, server)
  assert.equal((await session.call('blocked')).result.content[0].text, 'from the cache')
  assert.equal(runs, 0)
  assert.equal((await session.call('retried')).result.content[0].text, '2')
  assert.deepEqual((await session.call('changed')).result._meta, { 'com.example/changed': true })
})

test('middleware sees lists as plain values, and what it makes of them is sent', async (t) => {
  const { server } = define()
  const seen: WireJson[] = []
  server.use(async (ctx, next) => {
    const result: WireJson = await next()
    if (ctx.method !== 'tools/list') return result
    seen.push(result)
    return { ...result, tools: result.tools.filter(({ name }: { name: string }) => name !== 'hidden') }
  })
  server.registerTool('shown', {}, () => '')
  server.registerTool('hidden', {}, () => '')
  const session = await open(t, server)
  assert.deepEqual(await names(session, 'tools'), ['shown'])
  assert.deepEqual(await names(session, 'tools'), ['shown'])
  assert.equal(Object.getPrototypeOf(seen[0]), Object.prototype)
  assert.deepEqual(
    seen[0].tools.map(({ name }: { name: string }) => name),
    ['shown', 'hidden'],
  )
  // A value of its own for each request: changing one does not change the list.
  assert.notEqual(seen[0].tools, seen[1].tools)
})

test('what middleware throws is the answer: an RpcError as it is, anything else concealed', async (t) => {
  const { server, errors } = define()
  let runs = 0
  server.use((ctx, next) => {
    if (ctx.params?.['name'] === 'rpc') throw new RpcError(-31_000, 'not you', { why: 'because' })
    if (ctx.params?.['name'] === 'boom') throw new Error('hunter2')
    return next()
  })
  for (const name of ['rpc', 'boom']) server.registerTool(name, {}, () => String(++runs))
  const session = await open(t, server)
  const refused = await session.call('rpc')
  assert.deepEqual(
    [refused.status, refused.error],
    [200, { code: -31_000, message: 'not you', data: { why: 'because' } }],
  )
  const broken = await session.call('boom')
  const message = `Internal error (reference ${errors[0]?.info.correlationId})`
  assert.deepEqual([broken.status, broken.error], [200, { code: -32603, message }])
  assert.deepEqual([runs, errors.length, errors[0]?.error.message], [0, 1, 'hunter2'])
})

test('middleware sees the errors of handlers and may replace them', async (t) => {
  const { server } = define()
  server.use(async (_ctx, next) => {
    try {
      return await next()
    } catch (error) {
      if (error instanceof RpcError && error.code === -32602) return { content: [] }
      throw error
    }
  })
  const session = await open(t, server)
  assert.deepEqual((await session.call('unknown')).result, { content: [] })
})

test('an error code that is no integer is sent as -32603, and reported [basic.error-code-integer]', async (t) => {
  const { server, errors } = define()
  for (const code of ['ERR_X', 1.5, undefined, Number.NaN]) {
    server.registerTool(`c${code}`, {}, () => {
      throw new RpcError(code as number, 'odd')
    })
  }
  const session = await open(t, server)
  for (const { name } of (await session.request('tools/list')).result.tools) {
    assert.deepEqual((await session.call(name)).error, { code: -32603, message: 'odd' })
    const { error, info } = errors.at(-1) ?? {}
    assert.match(error.message, /^The code of an RpcError must be an integer; got /)
    assert.deepEqual([error.cause.message, info?.phase, info?.method], ['odd', 'output', 'tools/call'])
  }
  assert.equal(errors.length, 4)
})

test('error data that JSON cannot hold is left out, and reported', async (t) => {
  const { server, errors } = define()
  server.registerTool('t', {}, () => {
    throw new RpcError(-31_000, 'mine', { n: 1n })
  })
  const session = await open(t, server)
  assert.deepEqual((await session.call('t')).error, { code: -31_000, message: 'mine' })
  assert.match(errors[0]?.error.message, /error data cannot be written as JSON.*BigInt/)
})

test('an unknown method is -32601, with its name shortened', async (t) => {
  const { server } = define()
  const session = await open(t, server)
  for (const method of ['no/such', '__proto__', 'constructor', 'initialized', 'x'.repeat(5000)]) {
    const { error } = await session.request(method, {}, { check: false })
    assert.equal(error.code, -32601)
    assert.ok(error.message.length < 200)
  }
})

/** Collects what a channel publishes, until the end of the test. */
function tap(t: TestContext, names: readonly string[]): { name: string; message: WireJson }[] {
  const published: { name: string; message: WireJson }[] = []
  for (const name of names) {
    const listener = (message: unknown) => void published.push({ name, message })
    diagnostics.subscribe(`barewire:${name}`, listener)
    t.after(() => diagnostics.unsubscribe(`barewire:${name}`, listener))
  }
  return published
}

test('the rpc channels tell of the start and the outcome of each request', async (t) => {
  const { server } = define()
  server.registerTool('sync', {}, () => 'x')
  server.registerTool('async', {}, async () => 'x')
  const session = await open(t, server)
  const published = tap(t, ['rpc:start', 'rpc:end', 'rpc:error'])
  await session.call('sync', {}, { id: 'a' })
  await session.call('async', {}, { id: 'b' })
  await session.call('none', {}, { id: 'c' })
  const common = { method: 'tools/call', sessionId: session.sessionId, protocolVersion: '2025-11-25' }
  const shown = published.map(({ name, message: { error, trace: _trace, ...rest } }) => [
    name,
    rest,
    error?.code,
  ])
  assert.deepEqual(shown, [
    ['rpc:start', { ...common, id: 'a' }, undefined],
    ['rpc:end', { ...common, id: 'a' }, undefined],
    ['rpc:start', { ...common, id: 'b' }, undefined],
    ['rpc:end', { ...common, id: 'b' }, undefined],
    ['rpc:start', { ...common, id: 'c' }, undefined],
    ['rpc:error', { ...common, id: 'c' }, -32602],
  ])
})

test('the http channels tell of each exchange, its refusal and its end', async (t) => {
  const { server } = define()
  const session = await open(t, server)
  const published = tap(t, ['http:start', 'http:end', 'http:error'])
  const ended = new Promise<void>((resolve) => {
    const listener = () => resolve()
    diagnostics.subscribe('barewire:http:end', listener)
    t.after(() => diagnostics.unsubscribe('barewire:http:end', listener))
  })
  const reply = await post(
    session.url,
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { origin: 'https://evil.example' },
  )
  assert.equal(reply.status, 403)
  await ended
  assert.deepEqual(
    published.map(({ name }) => name),
    ['http:start', 'http:error', 'http:end'],
  )
  for (const { message } of published) {
    assert.equal(message.request, published[0]?.message.request)
    assert.equal(message.response.statusCode, 403)
  }
  assert.ok(published[1]?.message.error instanceof RpcError)
})
