/** What may be sent outside of calls, and what the caller is told. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerMessage } from '../../src/features/message-bus.ts'
import { McpServer } from '../../src/index.ts'

const info = { name: 'messages', version: '1.0.0' }

function listened(logging = true): { server: McpServer; sent: ServerMessage[] } {
  const server = new McpServer(info, { logging })
  const sent: ServerMessage[] = []
  server.messages.subscribe((message) => {
    sent.push(message)
    return { streams: 1, kept: false }
  })
  return { server, sent }
}

for (const [method, expected] of [
  ['notifications/message', /server\.log/],
  ['notifications/progress', /belongs to one request/],
  ['notifications/cancelled', /belongs to one request/],
  ['notifications/tools/list_changed', /sent by itself when tools change/],
  ['notifications/prompts/list_changed', /sent by itself/],
  ['notifications/resources/list_changed', /sent by itself/],
  ['notifications/resources/updated', /notifyResourceUpdated/],
  ['notifications/initialized', /sent by clients/],
  ['notifications/roots/list_changed', /sent by clients/],
  ['notifications/subscriptions/acknowledged', /begins to listen/],
  ['notifications/tasks', /when a task changes/],
  ['notifications/elicitation/complete', /\{ session: id \} for .*asked alone$/],
  ['tools/call', /begins with "notifications\/"/],
  ['notifications/', /begins with "notifications\/"/],
  ['notifications/a\nb', /begins with "notifications\/"/],
  [undefined, /got undefined/],
] as const) {
  test(`McpServer.notify refuses ${JSON.stringify(method)} and says what to do`, () => {
    const { server, sent } = listened()
    assert.throws(
      () => server.notify(method as string, { elicitationId: '1' }),
      (error: Error) => {
        assert.ok(error instanceof TypeError)
        assert.match(error.message, expected)
        return true
      },
    )
    assert.deepEqual(sent, [])
  })
}

const circle: { self?: unknown } = {}
circle.self = circle

for (const [name, params, expected] of [
  ['a text', 'text', /params must be an object; got a string/],
  ['an array', [1], /params must be an object; got an array/],
  ['null', null, /params must be an object; got null/],
  ['a function', () => {}, /params must be an object; got a function/],
  ['a Date', new Date(0), /params must be an object; got a Date/],
  ['a circle', circle, /cannot be written as JSON/],
  ['a bigint', { n: 1n }, /cannot be written as JSON/],
  ['a wrong _meta', { _meta: 'text' }, /params\._meta must be an object; got "text"/],
] as const) {
  test(`McpServer.notify refuses params that are ${name}`, () => {
    const { server, sent } = listened()
    assert.throws(() => server.notify('notifications/own', params as never), {
      name: 'TypeError',
      message: expected,
    })
    assert.deepEqual(sent, [])
  })
}

for (const [name, to, expected] of [
  ['an undefined session', { session: undefined }, /to\.session must be an id, a string; got undefined/],
  ['an undefined principal', { principal: undefined }, /to\.principal must be an id/],
  ['a string', 'session', /\{ session: id \} or \{ principal: id \}; got a string/],
  ['null', null, /got null/],
  ['nothing', {}, /got \[\]/],
  ['another name', { sesion: 'x' }, /got \["sesion"\]/],
  ['both', { session: 'x', principal: 'y' }, /got \["session","principal"\]/],
] as const) {
  test(`McpServer.notify and log refuse an audience that is ${name}: it never becomes everyone`, () => {
    const { server, sent } = listened()
    assert.throws(() => server.notify('notifications/own', {}, to as never), {
      name: 'TypeError',
      message: expected,
    })
    assert.throws(() => server.log('info', 'text', to as never), { name: 'TypeError', message: expected })
    assert.deepEqual(sent, [])
  })
}

test('McpServer.log refuses an unknown level, data without JSON form, and a logger that is no string', () => {
  const { server, sent } = listened()
  assert.throws(() => server.log('warn' as never, 'x'), /one of debug, info, .*; got "warn"/)
  assert.throws(() => server.log('info', () => {}), /data must be a JSON value; got a function/)
  assert.throws(() => server.log('info', circle), {
    name: 'TypeError',
    message: /data cannot be written as JSON/,
  })
  assert.throws(
    () => server.log('info', 'x', undefined, 5 as never),
    /logger must be a string; got the number 5/,
  )
  assert.deepEqual(sent, [])
  server.log('error', undefined, undefined, 'db')
  server.log('info', { a: [1] })
  server.log('info', { toJSON: () => undefined })
  assert.deepEqual(
    sent.map(({ json }) => JSON.parse(json)),
    [
      {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'error', logger: 'db', data: null },
      },
      { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: { a: [1] } } },
      { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: null } },
    ],
  )
})

test('McpServer.log without the logging option, and a definition that nobody serves, reach nobody and say why', () => {
  const { server, sent } = listened(false)
  assert.deepEqual(server.log('emergency', 'x'), {
    streams: 0,
    kept: false,
    reason: 'McpServer has no logging: its option is false',
  })
  assert.deepEqual(sent, [])
  const unserved = new McpServer(info)
  assert.deepEqual(unserved.notify('notifications/own'), {
    streams: 0,
    kept: false,
    reason: 'no handler serves this definition',
  })
})

test('MessageBus adds up what all handlers say, and gives reasons only when none of them reaches anybody', () => {
  const server = new McpServer(info)
  const answers = [
    { streams: 0, kept: false, reason: 'first' },
    { streams: 0, kept: false, reason: 'first' },
    { streams: 0, kept: false, reason: 'second' },
  ]
  for (const answer of answers) server.messages.subscribe(() => answer)
  assert.equal(server.notify('notifications/own').reason, 'first; second')
  const stop = server.messages.subscribe(() => ({ streams: 2, kept: true }))
  server.messages.subscribe(() => ({ streams: 3, kept: false }))
  assert.deepEqual(server.notify('notifications/own'), { streams: 5, kept: true })
  stop()
  assert.deepEqual(server.notify('notifications/own'), { streams: 3, kept: false })
})
