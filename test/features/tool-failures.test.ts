/** Tools that fail: what the model is told, what only the developer is told, and that every call is answered. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpError, RpcError, ToolError } from '../../src/index.ts'
import { define, open, revisions } from './offering.ts'

const asText = (text: string) => ({ content: [{ type: 'text', text }], isError: true })

for (const revision of revisions) {
  test(`a ToolError reaches the model as it is in ${revision} [tools.errors-in-result]`, async (t) => {
    const { server, errors } = define()
    const content = [{ type: 'text', text: 'shown' } as const]
    server.registerTool('sync', {}, () => {
      throw new ToolError('no such city')
    })
    server.registerTool('async', {}, async () => {
      throw new ToolError('no such city')
    })
    server.registerTool('content', {}, () => {
      throw new ToolError('not shown', content)
    })
    const session = await open(t, server, { protocolVersion: revision })
    assert.deepEqual((await session.call('sync')).result, asText('no such city'))
    assert.deepEqual((await session.call('async')).result, asText('no such city'))
    assert.deepEqual((await session.call('content')).result, { content, isError: true })
    assert.deepEqual(errors, [])
  })

  test(`an RpcError becomes a JSON-RPC error with its code and data in ${revision}`, async (t) => {
    const { server, errors } = define()
    const error = { code: -31_999, message: 'come back later', data: { after: 5 } }
    server.registerTool('sync', {}, () => {
      throw new RpcError(error.code, error.message, error.data)
    })
    server.registerTool('async', { timeoutMs: 60_000 }, async () => {
      throw new RpcError(error.code, error.message, error.data)
    })
    const session = await open(t, server, { protocolVersion: revision })
    for (const name of ['sync', 'async']) {
      const reply = await session.call(name)
      assert.deepEqual([reply.status, reply.error], [200, error])
    }
    assert.deepEqual(errors, [])
  })
}

test('an unexpected throw is a generic text with a correlation id that onError gets too [tools.sanitizes-outputs] [logging.no-internals] [tools.errors-in-result]', async (t) => {
  const { server, errors } = define({ logging: 'debug' })
  const causes: [string, unknown][] = [
    ['an_error', Object.assign(new Error('password is hunter2'), { sql: 'SELECT hunter2' })],
    ['a_string', 'hunter2'],
    ['nothing', undefined],
    ['local', new McpError('ERR_RESULT', 'hunter2')],
  ]
  for (const [name, cause] of causes) {
    server.registerTool(name, {}, () => {
      throw cause
    })
    server.registerTool(`${name}_later`, {}, async () => {
      throw cause
    })
  }
  const session = await open(t, server)
  for (const [name, cause] of causes.flatMap(([name, cause]) => [
    [name, cause] as const,
    [`${name}_later`, cause] as const,
  ])) {
    const reply = await session.call(name, {}, { id: `call ${name}` })
    const { correlationId } = errors.at(-1)?.info ?? {}
    assert.match(String(correlationId), /^[\w-]{36}$/)
    assert.deepEqual(reply.result, asText(`Internal error (reference ${correlationId})`))
    assert.equal(reply.messages.length, 1)
    assert.doesNotMatch(JSON.stringify(reply), /hunter2|at .*\.ts/)
    assert.deepEqual(errors.at(-1), {
      error: cause,
      info: {
        phase: 'handler',
        method: 'tools/call',
        name,
        requestId: `call ${name}`,
        sessionId: session.sessionId,
        correlationId,
      },
    })
  }
  assert.equal(new Set(errors.map(({ info }) => info.correlationId)).size, errors.length)
})

test('an onError that throws changes nothing for the client', async (t) => {
  const printed = t.mock.method(console, 'error', () => {})
  const { server } = define({
    onError: () => {
      throw new Error('the hook is broken')
    },
  })
  server.registerTool('broken', {}, () => {
    throw new Error('x')
  })
  const session = await open(t, server)
  assert.equal((await session.call('broken')).result.isError, true)
  assert.match(String(printed.mock.calls[0]?.arguments), /the hook is broken/)
})

test('a handler that returns something else is reported, and the client learns nothing of it', async (t) => {
  const { server, errors } = define()
  for (const [name, value] of [
    ['number', 5],
    ['object', { result: 'hunter2' }],
    ['true', true],
  ] as const) {
    server.registerTool(name, {}, () => value as unknown as string)
  }
  const session = await open(t, server)
  for (const name of ['number', 'object', 'true']) {
    const { error } = await session.call(name)
    const { correlationId, phase } = errors.at(-1)?.info ?? {}
    const message = `Internal error (reference ${correlationId})`
    assert.deepEqual([error, phase], [{ code: -32603, message }, 'output'])
    assert.match(errors.at(-1)?.error.message, /must return a string, a content block/)
  }
})

test('a result that JSON cannot hold becomes an error, not a hang', async (t) => {
  const { server, errors } = define()
  const circular: { self?: unknown } = {}
  circular.self = circular
  const values: [string, unknown][] = [
    ['bigint', 10n],
    ['circular', circular],
    [
      'toJSON',
      {
        toJSON: () => {
          throw new Error('hunter2')
        },
      },
    ],
  ]
  for (const [name, value] of values) {
    server.registerTool(`${name}_structured`, {}, () => ({ structuredContent: { value } }))
    server.registerTool(`${name}_content`, {}, async () => [{ type: 'text', text: value as string }])
    const extra = { type: 'text', text: 'x', extra: value } as const
    server.registerTool(`${name}_extra`, {}, () => [extra])
  }
  const session = await open(t, server)
  for (const [name] of values) {
    for (const tool of [`${name}_structured`, `${name}_content`, `${name}_extra`]) {
      const { status, error } = await session.call(tool)
      assert.deepEqual([status, error.code], [200, -32603])
      assert.equal(error.message, `Internal error (reference ${errors.at(-1)?.info.correlationId})`)
      assert.deepEqual([errors.at(-1)?.info.phase, errors.at(-1)?.info.name], ['output', tool])
    }
  }
  assert.equal(errors.length, 3 * values.length)
})

test('a tool that outlives timeoutMs is answered with an error, and its signal aborts', async (t) => {
  const { server, errors } = define()
  let started: (signal: AbortSignal) => void = () => {}
  const running = new Promise<AbortSignal>((resolve) => {
    started = resolve
  })
  let release: () => void = () => {}
  server.registerTool('slow', { timeoutMs: 2000 }, async (_args, { signal }) => {
    started(signal)
    await new Promise<void>((resolve) => {
      release = resolve
    })
    throw new Error('too late to matter')
  })
  server.registerTool('quick', { timeoutMs: 2000 }, async () => 'in time')
  const session = await open(t, server)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const call = session.call('slow')
  const signal = await running
  t.mock.timers.tick(1999)
  assert.equal(signal.aborted, false)
  t.mock.timers.tick(1)
  assert.equal(signal.aborted, true)
  assert.equal(signal.reason.code, 'ERR_TOOL_TIMEOUT')
  const { result } = await call
  assert.deepEqual(result, asText('The tool "slow" did not finish within 2000 ms'))
  release()
  assert.equal((await session.call('quick')).result.content[0].text, 'in time')
  assert.deepEqual(errors, [])
})

test('what a tool throws after it was cancelled is reported to nobody', async (t) => {
  const { server, errors } = define()
  let started: () => void = () => {}
  const running = new Promise<void>((resolve) => {
    started = resolve
  })
  let aborted: () => void = () => {}
  const stopped = new Promise<void>((resolve) => {
    aborted = resolve
  })
  server.registerTool('slow', {}, (_args, { signal }) => {
    started()
    return new Promise<string>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason)
        aborted()
      })
    })
  })
  const session = await open(t, server)
  const call = session.call('slow', {}, { id: 'c' })
  await running
  await session.notify('notifications/cancelled', { requestId: 'c' })
  await stopped
  const reply = await call
  assert.deepEqual([reply.result, reply.error], [undefined, undefined])
  assert.deepEqual(errors, [])
})
