/** Logging: who gets which messages, at which level, and that log data breaks nothing. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpError, type McpServer } from '../../src/index.ts'
import type { TestSession } from '../helpers/wire.ts'
import { define, join, open, revisions, start } from './offering.ts'

const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const

function logAll(server: McpServer): void {
  server.registerTool('all', {}, (_args, { log }) => {
    for (const level of levels) log[level](`at ${level}`)
    return 'done'
  })
}

/** The levels of the messages that came before the result. */
async function heard(session: TestSession): Promise<string[]> {
  const { messages } = await session.call('all')
  return messages.slice(0, -1).map(({ method, params }) => {
    assert.deepEqual([method, params.data], ['notifications/message', `at ${params.level}`])
    return params.level
  })
}

for (const revision of revisions) {
  test(`a session hears its level and above, another session its own, in ${revision} [logging.capability] [logging.access-controlled]`, async (t) => {
    const { server } = define({ logging: true })
    logAll(server)
    const url = await start(t, server)
    const session = await join(t, url, { protocolVersion: revision })
    const other = await join(t, url, { protocolVersion: revision })
    assert.deepEqual(session.initializeResult.capabilities.logging, {})
    assert.deepEqual(await heard(session), levels.slice(1))
    for (const [index, level] of levels.entries()) {
      assert.deepEqual((await session.request('logging/setLevel', { level })).result, {})
      assert.deepEqual(await heard(session), levels.slice(index))
    }
    assert.deepEqual(await heard(other), levels.slice(1))
  })
}

test('what one session logs reaches no other, not even one that listens [logging.access-controlled]', async (t) => {
  const { server } = define({ logging: true })
  logAll(server)
  const handle = server.registerTool('last', {}, () => '')
  const url = await start(t, server)
  const [loud, quiet] = [await join(t, url), await join(t, url)]
  const stream = await quiet.listen()
  await stream.until(() => true)
  assert.equal((await heard(loud)).length, 7)
  handle.remove()
  assert.equal((await stream.nextMessage()).method, 'notifications/tools/list_changed')
  assert.equal(stream.messages.length, 1)
})

test('the level that is sent unasked is the one of the definition', async (t) => {
  const { server } = define({ logging: 'critical' })
  logAll(server)
  assert.deepEqual(await heard(await open(t, server)), ['critical', 'alert', 'emergency'])
})

test('a server without logging sends no messages and answers -32601', async (t) => {
  const { server } = define()
  logAll(server)
  const session = await open(t, server)
  assert.equal(session.initializeResult.capabilities.logging, undefined)
  assert.equal((await session.request('logging/setLevel', { level: 'debug' })).error.code, -32601)
  assert.deepEqual(await heard(session), [])
})

test('an unknown level is -32602 and changes nothing [logging.invalid-level]', async (t) => {
  const { server } = define({ logging: 'error' })
  logAll(server)
  const session = await open(t, server)
  for (const level of ['loud', 'INFO', '', '__proto__', 'constructor', 5, null, undefined, ['info']]) {
    const { error } = await session.request('logging/setLevel', { level }, { check: false })
    assert.equal(error?.code, -32602, String(level))
  }
  assert.equal((await session.request('logging/setLevel', undefined, { check: false })).error.code, -32602)
  assert.deepEqual(await heard(session), levels.slice(4))
})

test('a failure while the level is set is -32603, and the level stays [logging.configuration-error]', async (t) => {
  const { server, errors } = define({ logging: 'error' })
  logAll(server)
  server.use((ctx, next) => {
    if (ctx.method === 'logging/setLevel') throw new Error('hunter2')
    return next()
  })
  const session = await open(t, server)
  const { error } = await session.request('logging/setLevel', { level: 'debug' })
  assert.deepEqual([error.code, /hunter2/.test(error.message)], [-32603, false])
  assert.equal(errors[0]?.error.message, 'hunter2')
  assert.deepEqual(await heard(session), levels.slice(4))
})

test('data and logger name arrive as the handler gave them [logging.data-context] [logging.logger-names]', async (t) => {
  const { server } = define({ logging: true })
  const values = [
    { a: [1, null, 'é\n'] },
    'text',
    0,
    false,
    null,
    [1],
    undefined,
    { toJSON: () => undefined },
  ]
  server.registerTool('log', {}, (_args, { log }) => {
    for (const value of values) log.info(value)
    log.warning({ query: 'slow' }, 'data base/1')
    return ''
  })
  const session = await open(t, server)
  const sent = (await session.call('log')).messages.slice(0, -1).map(({ params }) => params)
  const expected = values.map((data) => ({
    level: 'info',
    data: data === undefined || 'toJSON' in Object(data) ? null : data,
  }))
  const named = { level: 'warning', logger: 'data base/1', data: { query: 'slow' } }
  assert.deepEqual(sent, [...expected, named])
})

test('data that JSON cannot hold is not sent, is reported, and breaks nothing [logging.fields-validated]', async (t) => {
  const { server, errors } = define({ logging: true })
  const circular: { self?: unknown } = {}
  circular.self = circular
  server.registerTool('log', {}, async (_args, { log }) => {
    log.info(circular)
    log.info({ big: 10n })
    log.info({
      toJSON: () => {
        throw new Error('no')
      },
    })
    log.info('after')
    return 'done'
  })
  const session = await open(t, server)
  const { messages, result } = await session.call('log')
  assert.deepEqual(
    messages.slice(0, -1).map(({ params }) => params.data),
    ['after'],
  )
  assert.equal(result.content[0].text, 'done')
  assert.equal(errors.length, 3)
  for (const { error, info } of errors) {
    assert.ok(error instanceof McpError && error.code === 'ERR_NOT_SERIALISABLE')
    assert.deepEqual([info.phase, info.method, info.sessionId], ['output', 'tools/call', session.sessionId])
  }
})

test('nothing of a request, a header or a failure is logged by the library itself [logging.no-credentials] [logging.no-internals]', async (t) => {
  const { server } = define({ logging: 'debug' })
  server.registerTool('fail', { inputSchema: { type: 'object' } }, (_args, ctx) => {
    ctx.log.debug('own words')
    throw new Error(`hunter2 ${ctx.headers.authorization}`)
  })
  const url = await start(t, server)
  const session = await join(t, url, { headers: { authorization: 'Bearer hunter2' } })
  const { messages } = await session.call('fail', { password: 'hunter2' })
  assert.deepEqual(
    messages.slice(0, -1).map(({ params }) => params),
    [{ level: 'debug', data: 'own words' }],
  )
  assert.doesNotMatch(JSON.stringify(messages), /hunter2/)
})
