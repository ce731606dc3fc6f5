import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  encodeError,
  encodeNotification,
  encodeRequest,
  encodeResult,
  encodeResultText,
} from '../../src/jsonrpc/encode.ts'
import { McpError, RpcError } from '../../src/jsonrpc/rpc-error.ts'

const circular: { self?: unknown } = {}
circular.self = circular

test('encodeResult writes one frame around the result', () => {
  assert.equal(encodeResult(1, { a: ['é', null] }), '{"jsonrpc":"2.0","id":1,"result":{"a":["é",null]}}')
  assert.equal(encodeResult('1', 'x'), '{"jsonrpc":"2.0","id":"1","result":"x"}')
})

test('encodeResult writes an undefined result as an empty object and null as null', () => {
  assert.equal(encodeResult(0, undefined), '{"jsonrpc":"2.0","id":0,"result":{}}')
  assert.equal(encodeResult('', null), '{"jsonrpc":"2.0","id":"","result":null}')
})

test('every encoder escapes what an id or a method may contain', () => {
  const hostile = '","method":"x\\\n\u2028\ud800'
  assert.equal(JSON.parse(encodeResult(hostile, 1)).id, hostile)
  assert.equal(JSON.parse(encodeError(hostile, { code: 1, message: hostile })).id, hostile)
  assert.equal(JSON.parse(encodeError(1, { code: 1, message: hostile })).error.message, hostile)
  assert.equal(JSON.parse(encodeRequest(hostile, hostile)).id, hostile)
  assert.equal(JSON.parse(encodeNotification(hostile)).method, hostile)
})

test('encodeResult turns a result that cannot be serialised into an error with that id, and reports the cause', () => {
  const boom = new Error('boom')
  const results: readonly unknown[] = [
    circular,
    1n,
    { nested: [1n] },
    () => 1,
    Symbol('s'),
    { toJSON: () => undefined },
    {
      toJSON() {
        throw boom
      },
    },
    {
      toJSON() {
        throw 'not an Error'
      },
    },
  ]
  for (const result of results) {
    const reported: McpError[] = []
    const parsed = JSON.parse(encodeResult('id-1', result, (error) => reported.push(error)))
    assert.deepEqual(parsed, {
      jsonrpc: '2.0',
      id: 'id-1',
      error: { code: -32603, message: 'Internal error: the result cannot be written as JSON' },
    })
    assert.equal(reported.length, 1)
    assert.equal(reported[0]?.code, 'ERR_NOT_SERIALISABLE')
  }
  const causes: unknown[] = []
  encodeResult(1, results[6], (error) => causes.push(error.cause))
  assert.deepEqual(causes, [boom])
})

test('encodeResultText puts serialised text in as it is', () => {
  assert.equal(encodeResultText(-7, '{"tools":[ ]}'), '{"jsonrpc":"2.0","id":-7,"result":{"tools":[ ]}}')
})

test('encodeError leaves the id out when it is not known, and keeps 0 and the empty string', () => {
  const error = { code: -32700, message: 'Parse error' }
  assert.equal(
    encodeError(undefined, error),
    '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}',
  )
  assert.equal(JSON.parse(encodeError(0, error)).id, 0)
  assert.equal(JSON.parse(encodeError('', error)).id, '')
})

test('encodeError takes code, message and data of an RpcError and nothing else', () => {
  const error = new RpcError(-32002, 'Resource not found', { uri: 'x:y' }, { cause: new Error('secret') })
  assert.deepEqual(JSON.parse(encodeError(3, error)), {
    jsonrpc: '2.0',
    id: 3,
    error: { code: -32002, message: 'Resource not found', data: { uri: 'x:y' } },
  })
  assert.deepEqual(JSON.parse(encodeError(3, { code: 1, message: '', data: null })).error, {
    code: 1,
    message: '',
    data: null,
  })
})

test('encodeError leaves out data that cannot be serialised, and reports it', () => {
  for (const data of [circular, 1n, () => 1]) {
    const reported: McpError[] = []
    const text = encodeError(3, { code: -1, message: 'm', data }, (error) => reported.push(error))
    assert.deepEqual(JSON.parse(text), { jsonrpc: '2.0', id: 3, error: { code: -1, message: 'm' } })
    assert.equal(reported.length, 1)
  }
})

test('encodeError writes -32603 for a code that is not an integer', () => {
  for (const code of [Number.NaN, 1.5, Number.POSITIVE_INFINITY]) {
    assert.equal(JSON.parse(encodeError(1, { code, message: 'm' })).error.code, -32603)
  }
})

test('encodeNotification and encodeRequest write params only when there are any', () => {
  assert.equal(encodeNotification('n'), '{"jsonrpc":"2.0","method":"n"}')
  assert.equal(encodeNotification('n', { a: 1 }), '{"jsonrpc":"2.0","method":"n","params":{"a":1}}')
  assert.equal(encodeRequest('s-1', 'r'), '{"jsonrpc":"2.0","id":"s-1","method":"r"}')
  assert.equal(encodeRequest(1, 'r', {}), '{"jsonrpc":"2.0","id":1,"method":"r","params":{}}')
})

test('encodeNotification and encodeRequest throw ERR_NOT_SERIALISABLE for params that cannot be serialised', () => {
  const expected = {
    name: 'McpError',
    code: 'ERR_NOT_SERIALISABLE',
    message: /^The params cannot be written as JSON: /,
  }
  assert.throws(() => encodeNotification('n', circular as Record<string, unknown>), expected)
  assert.throws(() => encodeRequest(1, 'r', { big: 1n }), expected)
  assert.ok(new McpError('ERR_RESULT', 'x') instanceof Error)
})
