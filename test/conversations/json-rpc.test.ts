/** JSON-RPC as it passes on the wire: what is refused and how, ids that come back as they were, answers that always come. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RpcError } from '../../src/index.ts'
import { type HttpReply, TestSession } from '../helpers/wire.ts'
import { start } from './running-server.ts'

async function open(t: TestContext) {
  const running = await start(t)
  return { ...running, session: await TestSession.open(running.url) }
}

/** For what no client of the specification sends; the answers are checked all the same. */
const unchecked = { check: false } as const

/** Sends text as it is; what the server answers is still checked against the schema. */
const sendText = (session: TestSession, text: string | Uint8Array): Promise<HttpReply> => session.send(text)

function assertRefused(reply: HttpReply, status: number, code: number, id?: unknown): void {
  assert.equal(reply.status, status, reply.text)
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.equal(reply.json.error.code, code, reply.text)
  assert.equal(typeof reply.json.error.message, 'string')
  assert.deepEqual('id' in reply.json ? reply.json.id : undefined, id)
}

const parseErrors: readonly (readonly [name: string, body: string | Uint8Array])[] = [
  ['nothing', ''],
  ['half an object', '{"jsonrpc":"2.0","id":1'],
  ['two objects', '{}{}'],
  ['single quotes', "{'jsonrpc':'2.0'}"],
  ['NaN', '{"jsonrpc":"2.0","id":NaN,"method":"ping"}'],
  ['a byte order mark', '\uFEFF{"jsonrpc":"2.0","id":1,"method":"ping"}'],
  ['invalid UTF-8', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}', 'latin1')],
  ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ['UTF-16', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}', 'utf16le')],
  ['a control character', '{"jsonrpc":"2.0","id":1,"method":"pi\u0001ng"}'],
]

test('a body that is not JSON in UTF-8 is answered with 400 and -32700 [jsonrpc.parse-error] [transports.utf8-received]', async (t) => {
  const { session } = await open(t)
  for (const [name, body] of parseErrors) {
    const reply = await sendText(session, body)
    assertRefused(reply, 400, -32700)
    assert.match(reply.json.error.message, /^Parse error: /, name)
  }
  assert.equal((await session.request('ping')).status, 200)
})

const invalid: readonly (readonly [message: string, id?: unknown])[] = [
  ['5'],
  ['"ping"'],
  ['null'],
  ['true'],
  ['{}'],
  ['{"id":7,"method":"ping"}', 7],
  ['{"jsonrpc":"1.0","id":7,"method":"ping"}', 7],
  ['{"jsonrpc":2.0,"id":"a","method":"ping"}', 'a'],
  ['{"JSONRPC":"2.0","id":7,"method":"ping"}', 7],
  ['{"jsonrpc":"2.0","id":7}', 7],
  ['{"jsonrpc":"2.0","id":7,"Method":"ping"}', 7],
  ['{"jsonrpc":"2.0","id":7,"method":5}', 7],
  ['{"jsonrpc":"2.0","id":7,"method":null}', 7],
  ['{"jsonrpc":"2.0","id":7,"method":["ping"]}', 7],
  ['{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', 7],
  ['{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":"m"}}'],
  ['{"jsonrpc":"2.0","id":7,"error":"failed"}'],
  ['{"jsonrpc":"2.0","id":7,"error":{"code":1.5,"message":"m"}}'],
]

test('JSON that is no message is answered with 400 and -32600, and with its id where that could be read [basic.refuses-other-jsonrpc] [jsonrpc.invalid-request] [jsonrpc.method-string] [jsonrpc.member-names-case-sensitive] [basic.error-same-id] [transports.unacceptable-http-error]', async (t) => {
  const { session, refusals } = await open(t)
  for (const [message, id] of invalid) assertRefused(await sendText(session, message), 400, -32600, id)
  assert.equal(refusals.length, invalid.length)
})

test('an id that is null, a fraction, no string and no number, or too large to keep is refused [basic.request-id-type] [basic.request-id-not-null]', async (t) => {
  const { session, ran } = await open(t)
  const ids = [
    'null',
    '1.5',
    '-0',
    '1e400',
    '9007199254740992',
    '-9007199254740992',
    'true',
    '[1]',
    '{"a":1}',
  ]
  for (const id of ids) {
    const call = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo"}}`
    assertRefused(await sendText(session, call), 400, -32600)
  }
  assert.deepEqual(ran, [])
})

test('an id comes back as it was sent, in results and in errors [basic.result-same-id] [basic.error-same-id]', async (t) => {
  const { session } = await open(t)
  const ids = [
    '0',
    '""',
    '-1',
    '"1"',
    '1',
    '9007199254740991',
    '-9007199254740991',
    '"\\u0000é\\"\\\\ 😀"',
    '"null"',
  ]
  for (const id of ids) {
    const sent = JSON.parse(id)
    const ping = await session.send({ jsonrpc: '2.0', id: sent, method: 'ping' })
    assert.equal(ping.status, 200)
    assert.deepEqual(ping.json, { jsonrpc: '2.0', id: sent, result: {} })
    const failed = await session.send({ jsonrpc: '2.0', id: sent, method: 'no/such' }, unchecked)
    assert.deepEqual([failed.json.id, failed.json.error.code], [sent, -32601])
    if (typeof sent === 'number') assert.ok(ping.text.includes(`"id":${id},`))
  }
})

test('1 and "1" are two calls, and each is answered by itself, also on a stream', async (t) => {
  const { session, waiting } = await open(t)
  const number = session.call('talk-and-wait', {}, { id: 1 })
  const numberCall = await waiting()
  const string = session.call('talk-and-wait', {}, { id: '1' })
  const stringCall = await waiting()
  await session.notify('notifications/cancelled', { requestId: '1' })
  assert.deepEqual([numberCall.signal.aborted, stringCall.signal.aborted], [false, true])
  numberCall.release('number')
  const answer = await number
  assert.deepEqual([answer.result.content[0].text, answer.messages.at(-1).id], ['number', 1])
  const cancelled = await string
  assert.equal(cancelled.result, undefined)
})

test('an unknown method is answered with -32601, and the session goes on [jsonrpc.method-not-found]', async (t) => {
  const { session } = await open(t)
  for (const method of [
    'no/such',
    '',
    'Ping',
    'ping ',
    'constructor',
    '__proto__',
    'toString',
    'x'.repeat(10_000),
  ]) {
    const reply = await session.request(method, undefined, unchecked)
    assert.deepEqual([reply.status, reply.error.code], [200, -32601], method)
    assert.ok(reply.error.message.length < 200)
  }
  assert.equal((await session.request('ping')).status, 200)
})

test('params that do not fit are answered with -32602 [jsonrpc.invalid-params] [jsonrpc.params-structured]', async (t) => {
  const { session } = await open(t)
  for (const params of ['[]', '"text"', '5', 'true', '[{"name":"echo"}]']) {
    const reply = await sendText(session, `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":${params}}`)
    assertRefused(reply, 400, -32602, 3)
  }
  const rows = [
    ['tools/call', undefined],
    ['tools/call', { name: 5 }],
    ['tools/call', { name: 'no-such-tool' }],
    ['prompts/get', { name: 'no-such-prompt' }],
    ['logging/setLevel', { level: 'loud' }],
    ['tools/list', { cursor: 'no-such-cursor' }],
  ] as const
  for (const [method, params] of rows) {
    const reply = await session.request(method, params, unchecked)
    assert.equal(reply.error.code, -32602, method)
  }
})

test('an unforeseen failure is answered with -32603 and a reference, and nothing of its cause [jsonrpc.internal-error]', async (t) => {
  const { session, server, errors } = await open(t)
  server.use((_ctx, next) => next())
  server.registerPrompt('broken', {}, () => {
    throw new Error('secret cause')
  })
  const reply = await session.request('prompts/get', { name: 'broken' })
  assert.equal(reply.error.code, -32603)
  assert.match(reply.error.message, /^Internal error \(reference [0-9a-f-]{36}\)$/)
  assert.match(String(errors[0]?.error), /secret cause/)
})

test('a result that cannot be written as JSON becomes an error response, never silence [basic.follows-jsonrpc]', async (t) => {
  const { session, errors } = await open(t)
  for (const name of ['unwritable', 'bigint']) {
    const reply = await session.call(name)
    assert.equal(reply.status, 200)
    assert.ok(reply.error?.code === -32603 || reply.result?.isError === true, JSON.stringify(reply))
  }
  assert.equal(errors.length, 2)
})

test('an error has an integer code and a message, whatever a handler throws [basic.error-code-integer] [basic.error-code-and-message]', async (t) => {
  const { session, server } = await open(t)
  for (const [name, thrown] of [
    ['fraction', new RpcError(1.5, 'a code of its own')],
    ['text', Object.assign(new Error('text'), { code: 'ENOENT' })],
    ['no-error', 'just text'],
    ['nothing', undefined],
  ] as const) {
    server.registerPrompt(name, {}, () => {
      throw thrown
    })
    const { error } = await session.request('prompts/get', { name })
    assert.equal(error.code, -32603, name)
    assert.ok(typeof error.message === 'string' && error.message !== '', name)
  }
})

test('every response has a result or an error and never both, the empty result included [basic.result-member] [jsonrpc.result-xor-error] [v2025-03-26.result-xor-error] [v2025-06-18.result-xor-error]', async (t) => {
  const { url } = await start(t)
  for (const protocolVersion of ['2025-03-26', '2025-06-18', '2025-11-25']) {
    const session = await TestSession.open(url, { protocolVersion })
    const replies = [
      await session.request('ping'),
      await session.request('logging/setLevel', { level: 'error' }),
      await session.request('tools/list'),
      await session.request('no/such', undefined, unchecked),
      await session.call('echo', { text: 'x' }),
      await session.call('unwritable'),
      await session.call('talk'),
      await session.call('no-such-tool'),
    ]
    for (const { messages } of replies) {
      const response = messages.at(-1)
      assert.equal(Number('result' in response) + Number('error' in response), 1, JSON.stringify(response))
    }
    assert.deepEqual(replies[0]?.result, {})
  }
})

test('a response to a request that nobody made is accepted and ignored', async (t) => {
  const { session, refusals } = await open(t)
  for (const id of [1, 0, 'x', '__proto__']) {
    for (const message of [
      { jsonrpc: '2.0', id, result: {} },
      { jsonrpc: '2.0', id, error: { code: -1, message: 'no' } },
    ]) {
      const reply = await session.send(message)
      assert.deepEqual([reply.status, reply.text], [202, ''])
    }
  }
  assert.deepEqual(refusals, [])
})

test('keys are read by their case, and prototype keys in arguments change nothing', async (t) => {
  const { session } = await open(t)
  const call = (args: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`
  const rows: readonly (readonly [args: string, text: string])[] = [
    ['{"text":"a"}', 'a'],
    ['{"Text":"a"}', 'nothing'],
    ['{"text\\u0000":"a"}', 'nothing'],
    ['{"__proto__":{"text":"polluted"}}', 'nothing'],
    ['{"constructor":{"prototype":{"text":"polluted"}}}', 'nothing'],
    ['{"text":"first","text":"last"}', 'last'],
  ]
  for (const [args, text] of rows) {
    const reply = await sendText(session, call(args))
    assert.equal(reply.json.result.content[0].text, text, args)
  }
  assert.equal(({} as { text?: unknown }).text, undefined)
  const wrongCase = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"echo"}}'
  assert.equal((await sendText(session, wrongCase)).json.error.code, -32602)
})

test('after an error the session is as usable as before', async (t) => {
  const { session } = await open(t)
  await session.call('no-such-tool')
  await session.request('no/such', undefined, unchecked)
  await sendText(session, '{')
  await session.call('unwritable')
  const listening = await session.listen()
  assert.equal((await session.call('echo', { text: 'still' })).result.content[0].text, 'still')
  assert.equal((await session.call('talk')).result.content[0].text, 'said')
  await listening.close()
})
