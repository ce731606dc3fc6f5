import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { type Decoded, decodeBatch, decodeMessage } from '../../src/jsonrpc/decode.ts'
import { decodeBody } from '../../src/jsonrpc/decode-body.ts'
import { encodeError, encodeResult } from '../../src/jsonrpc/encode.ts'
import { RpcError } from '../../src/jsonrpc/rpc-error.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const decode = (text: string): Decoded => decodeMessage(decodeBody(bytes(text)))

function assertInvalid(decoded: Decoded, code: number, id: unknown, message: RegExp): void {
  assert.equal(decoded.kind, 'invalid')
  assert.ok(decoded.kind === 'invalid')
  assert.ok(decoded.error instanceof RpcError)
  assert.equal(decoded.error.code, code)
  assert.equal(decoded.id, id)
  assert.match(decoded.error.message, message)
}

test('decodeBody refuses what is not UTF-8 JSON with -32700 and says why', () => {
  const table: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['an empty body', bytes(''), /empty/],
    ['blanks only', bytes('  \n'), /not valid JSON/],
    ['a UTF-8 byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), /byte order mark/],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /UTF-8/],
    ['a lone continuation byte', Buffer.from([0x22, 0x80, 0x22]), /UTF-8/],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /UTF-8/],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
    ['a character cut off', Buffer.from([0x22, 0xe2, 0x82]), /UTF-8/],
    ['JSON cut off', bytes('{"jsonrpc":"2.0"'), /not valid JSON \(16 bytes received\)/],
    ['two values', bytes('{}{}'), /not valid JSON/],
    ['a comment', bytes('{} // x'), /not valid JSON/],
    ['NaN', bytes('NaN'), /not valid JSON/],
    ['a NUL at the end', bytes('{}\0'), /not valid JSON/],
  ]
  for (const [name, body, message] of table) {
    assert.throws(
      () => decodeBody(body),
      (error) => {
        assert.ok(error instanceof RpcError, name)
        assert.equal(error.code, -32700, name)
        assert.match(error.message, message, name)
        return true
      },
    )
  }
})

test('decodeBody does not quote the body in its error', () => {
  assert.throws(
    () => decodeBody(bytes('{"token":"secret" nonsense}')),
    (error) => {
      assert.ok(error instanceof RpcError)
      assert.doesNotMatch(error.message, /secret|nonsense/)
      return true
    },
  )
})

test('decodeBody reads only its own part of a larger ArrayBuffer', () => {
  const whole = new Uint8Array(bytes('xx{"é":1}yy'))
  assert.deepEqual(decodeBody(whole.subarray(2, whole.length - 2)), { é: 1 })
})

test('decodeMessage tells requests, notifications and responses apart', () => {
  assert.deepEqual(decode('{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}'), {
    kind: 'request',
    id: 1,
    method: 'm',
    params: { a: 1 },
  })
  assert.deepEqual(decode('{"jsonrpc":"2.0","method":"m"}'), {
    kind: 'notification',
    method: 'm',
    params: undefined,
  })
  assert.deepEqual(decode('{"jsonrpc":"2.0","id":"s-1","result":null}'), {
    kind: 'response',
    id: 's-1',
    result: null,
  })
  assert.deepEqual(
    decode('{"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"no","data":[1],"extra":1}}'),
    {
      kind: 'response',
      id: 2,
      error: { code: -1, message: 'no', data: [1] },
    },
  )
})

test('decodeMessage gives an undefined id for a response whose id is null or absent', () => {
  for (const id of ['', '"id":null,']) {
    const decoded = decode(`{"jsonrpc":"2.0",${id}"error":{"code":-32700,"message":"x"}}`)
    assert.deepEqual(decoded, { kind: 'response', id: undefined, error: { code: -32700, message: 'x' } })
  }
})

test('decodeMessage gives every valid id back exactly', () => {
  const ids = [
    '0',
    '1',
    '-1',
    '9007199254740991',
    '-9007199254740991',
    '""',
    '"1"',
    '"null"',
    '"é\\n\\u2028"',
    `"${'x'.repeat(1024)}"`,
  ]
  for (const text of ids) {
    const decoded = decode(`{"jsonrpc":"2.0","id":${text},"method":"m"}`)
    assert.ok(decoded.kind === 'request', text)
    assert.strictEqual(decoded.id, JSON.parse(text))
    assert.strictEqual(JSON.parse(encodeResult(decoded.id, {})).id, JSON.parse(text))
  }
})

test('decodeMessage refuses every other id and does not echo it', () => {
  const ids = [
    'null',
    '1.5',
    '-0',
    '-0.0',
    '9007199254740992',
    '-9007199254740992',
    '1e300',
    '1e999',
    'true',
    '{}',
    '[]',
    '[1]',
  ]
  for (const text of ids) {
    assertInvalid(decode(`{"jsonrpc":"2.0","id":${text},"method":"m"}`), -32600, undefined, /"id" must be/)
  }
  for (const text of ids.filter((id) => id !== 'null')) {
    assertInvalid(decode(`{"jsonrpc":"2.0","id":${text},"result":{}}`), -32600, undefined, /"id" must be/)
  }
})

test('decodeMessage refuses an id that is too long to be repeated, in a request and in a response, and takes one of 1024 characters', () => {
  const id = 'i'.repeat(1024)
  const request = (value: string) => decodeMessage({ jsonrpc: '2.0', id: value, method: 'm' })
  assert.deepEqual(request(id), { kind: 'request', id, method: 'm', params: undefined })
  const problem = /at most 1024 characters .* received a string of 1025 characters$/
  assertInvalid(request(`${id}i`), -32600, undefined, problem)
  assertInvalid(decodeMessage({ jsonrpc: '2.0', id: `${id}i`, result: {} }), -32600, undefined, problem)
})

test('decodeMessage refuses a progress token that is too long to be repeated, and takes any other', () => {
  const request = (progressToken: unknown) =>
    decodeMessage({ jsonrpc: '2.0', id: 7, method: 'm', params: { _meta: { progressToken } } })
  for (const token of ['', 't'.repeat(1024), 5, null, {}, undefined])
    assert.equal(request(token).kind, 'request')
  const problem = /"progressToken" must have at most 1024 characters, received a string of 1025 characters$/
  assertInvalid(request('t'.repeat(1025)), -32602, 7, problem)
  for (const params of [{ _meta: null }, { _meta: 'x' }, { _meta: [] }, {}]) {
    assert.equal(decodeMessage({ jsonrpc: '2.0', id: 7, method: 'm', params }).kind, 'request')
  }
})

test('decodeMessage refuses what is not a message with -32600, and echoes the id of what looks like a request', () => {
  const table: readonly (readonly [string, unknown, RegExp])[] = [
    ['null', undefined, /received null/],
    ['1', undefined, /received the number 1/],
    ['"x"', undefined, /received "x"/],
    ['true', undefined, /received true/],
    ['[]', undefined, /received an array/],
    ['{}', undefined, /"jsonrpc" must be "2.0", received nothing/],
    ['{"id":7,"method":"m"}', 7, /"jsonrpc" must be/],
    ['{"jsonrpc":"1.0","id":7,"method":"m"}', 7, /received "1.0"/],
    ['{"jsonrpc":2,"id":7,"method":"m"}', 7, /received the number 2/],
    ['{"JSONRPC":"2.0","id":7,"method":"m"}', 7, /received nothing/],
    ['{"jsonrpc":"2.0"}', undefined, /expected "method"/],
    ['{"jsonrpc":"2.0","id":7}', 7, /expected "method"/],
    ['{"jsonrpc":"2.0","id":7,"Method":"m"}', 7, /expected "method"/],
    ['{"jsonrpc":"2.0","id":7,"method":null}', 7, /"method" must be a string, received null/],
    ['{"jsonrpc":"2.0","id":7,"method":1}', 7, /"method" must be a string/],
    ['{"jsonrpc":"2.0","id":7,"method":["m"]}', 7, /"method" must be a string/],
    ['{"jsonrpc":"2.0","id":7,"method":"m","result":{}}', 7, /must not have "result" or "error"/],
    ['{"jsonrpc":"2.0","id":7,"method":"m","error":{"code":1,"message":""}}', 7, /must not have/],
    ['{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":""}}', undefined, /received both/],
    ['{"jsonrpc":"1.0","id":7,"result":{}}', undefined, /"jsonrpc" must be/],
    ['{"jsonrpc":"2.0","id":7,"error":null}', undefined, /"error" must be an object/],
    ['{"jsonrpc":"2.0","id":7,"error":"x"}', undefined, /"error" must be an object/],
    ['{"jsonrpc":"2.0","id":7,"error":{"message":""}}', undefined, /integer "code"/],
    ['{"jsonrpc":"2.0","id":7,"error":{"code":1.5,"message":""}}', undefined, /integer "code"/],
    ['{"jsonrpc":"2.0","id":7,"error":{"code":1}}', undefined, /string "message"/],
  ]
  for (const [text, id, message] of table) assertInvalid(decode(text), -32600, id, message)
})

test('decodeMessage keeps its messages short whatever was received', () => {
  const decoded = decodeMessage({ jsonrpc: 'x'.repeat(100_000), method: 'm' })
  assert.ok(decoded.kind === 'invalid')
  assert.match(decoded.error.message, /a string of 100000 characters/)
})

test('decodeMessage takes null params as absent and refuses params that are no object with -32602', () => {
  assert.deepEqual(decode('{"jsonrpc":"2.0","id":1,"method":"m","params":null}'), {
    kind: 'request',
    id: 1,
    method: 'm',
    params: undefined,
  })
  for (const params of ['[]', '[1]', '1', '"x"', 'false']) {
    const message = /Invalid params: "params" must be an object/
    assertInvalid(decode(`{"jsonrpc":"2.0","id":0,"method":"m","params":${params}}`), -32602, 0, message)
    assertInvalid(decode(`{"jsonrpc":"2.0","method":"m","params":${params}}`), -32602, undefined, message)
  }
})

test('decodeMessage leaves __proto__ keys inert', () => {
  const decoded = decode(
    '{"jsonrpc":"2.0","id":1,"method":"m","__proto__":{"error":1},"params":{"__proto__":{"admin":true}}}',
  )
  assert.ok(decoded.kind === 'request')
  assert.equal(Reflect.get(decoded.params ?? {}, 'admin'), undefined)
  assert.deepEqual(Object.keys(decoded.params ?? {}), ['__proto__'])
})

test('decodeMessage never throws for values that no JSON text gives', () => {
  for (const value of [
    undefined,
    1n,
    Symbol('s'),
    () => {},
    { jsonrpc: '2.0', method: 1n },
    { jsonrpc: Symbol('s') },
  ]) {
    assert.equal(decodeMessage(value).kind, 'invalid')
  }
})

test('decodeBatch keeps the order and does not let an invalid member spoil the others', () => {
  const batch = decodeBatch(
    [
      { jsonrpc: '2.0', id: 1, method: 'a' },
      1,
      [],
      { jsonrpc: '2.0', method: 'b' },
      { jsonrpc: '2.0', id: 's-1', result: {} },
    ],
    5,
  )
  assert.ok(!(batch instanceof RpcError))
  assert.deepEqual(
    batch.map((message) => message.kind),
    ['request', 'invalid', 'invalid', 'notification', 'response'],
  )
})

test('decodeBatch refuses an empty and an over-long array with -32600', () => {
  const message = { jsonrpc: '2.0', method: 'm' }
  const empty = decodeBatch([], 10)
  assert.ok(empty instanceof RpcError)
  assert.equal(empty.code, -32600)
  const long = decodeBatch([message, message, message], 2)
  assert.ok(long instanceof RpcError)
  assert.equal(long.code, -32600)
  assert.match(long.message, /2 messages at most, received 3/)
  assert.ok(!(decodeBatch([message, message], 2) instanceof RpcError))
  assert.ok(!(decodeBatch(new Array(1000).fill(message), Number.POSITIVE_INFINITY) instanceof RpcError))
})

test('JSON nested 20 000 deep is decoded and can be answered', () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  const decoded = decode(`{"jsonrpc":"2.0","id":5,"method":"m","params":{"deep":${deep}}}`)
  assert.ok(decoded.kind === 'request')
  // Whether the engine can write it back depends on its stack; either way there is one answer for id 5.
  const answer = encodeResult(decoded.id, decoded.params)
  assert.ok(answer.startsWith('{"jsonrpc":"2.0","id":5,'))
  assert.match(
    encodeError(decoded.id, { code: -1, message: 'x', data: decoded.params }),
    /^\{"jsonrpc":"2.0","id":5,"error"/,
  )
})

test('an object with 100 000 keys is decoded and answered', () => {
  const entries = Array.from({ length: 100_000 }, (_, index) => `"k${index}":${index}`)
  const decoded = decode(`{"jsonrpc":"2.0","id":6,"method":"m","params":{${entries.join(',')}}}`)
  assert.ok(decoded.kind === 'request')
  assert.equal(Object.keys(decoded.params ?? {}).length, 100_000)
  assert.equal(JSON.parse(encodeResult(decoded.id, decoded.params)).result.k99999, 99_999)
})
