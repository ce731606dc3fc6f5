/** Sealed state: only who sealed it can read it, nobody can change it, and it opens for one binding and one time. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestParams, RequestStateSealer } from '../../../src/dispatch/client-input/request-state.ts'
import type { SealOptions } from '../../../src/dispatch/client-input/request-state-options.ts'
import { createMcpHandler, McpServer, type RpcError } from '../../../src/index.ts'

const key = (letter: string) => letter.repeat(32)
const refused = (reason: RegExp) => (error: RpcError) => {
  assert.equal(error.code, -32602)
  assert.match(error.message, /^The requestState is not valid: .*start the request anew$/)
  assert.match(error.message, reason)
  return true
}

test('RequestStateSealer gives back what it sealed, and shows nothing of it [stateless.state-integrity]', () => {
  const sealer = new RequestStateSealer({})
  const state = { secret: 'hunter2', nested: [1, null, { deep: 'ключ \u2028' }], ['__proto__']: { a: 1 } }
  const sealed = sealer.seal(state, 'binding')
  assert.deepEqual(sealer.open(sealed, 'binding'), state)
  assert.match(sealed, /^[A-Za-z0-9_-]+$/)
  assert.doesNotMatch(Buffer.from(sealed, 'base64url').toString('latin1'), /hunter2|binding|secret/)
  assert.notEqual(sealer.seal(state, 'binding'), sealed)
})

test('RequestStateSealer refuses a state in which any one character was changed, added or left out [stateless.state-refused]', () => {
  const sealer = new RequestStateSealer({})
  const sealed = sealer.seal({ a: 1 }, 'b')
  for (let i = 0; i < sealed.length; i++) {
    const other = sealed[i] === 'A' ? 'B' : 'A'
    const changed = sealed.slice(0, i) + other + sealed.slice(i + 1)
    assert.throws(() => sealer.open(changed, 'b'), refused(/./), `character ${i}`)
    assert.throws(() => sealer.open(sealed.slice(0, i) + sealed.slice(i + 1), 'b'), refused(/./))
  }
  for (const longer of [`${sealed}A`, `A${sealed}`, `${sealed}=`, ` ${sealed}`, `${sealed}\n`]) {
    assert.throws(() => sealer.open(longer, 'b'), refused(/./))
  }
})

test('RequestStateSealer refuses what never was a state, of any type and length [stateless.state-untrusted]', () => {
  const sealer = new RequestStateSealer({ maxLength: 1000 })
  const never = [
    '',
    'A',
    'x'.repeat(44),
    'x'.repeat(1001),
    'e30=',
    '{}',
    'ключ',
    7,
    null,
    {},
    [],
    true,
    '\u0000',
  ]
  for (const state of never) assert.throws(() => sealer.open(state, 'b'), refused(/./))
})

test('RequestStateSealer opens a state for its own binding only', () => {
  const sealer = new RequestStateSealer({})
  const sealed = sealer.seal(1, 'tools/call a')
  for (const binding of ['', 'tools/call', 'tools/call b', 'tools/call a ']) {
    assert.throws(() => sealer.open(sealed, binding), refused(/changed, or belongs to another/))
  }
})

test('RequestStateSealer opens a state until it expires, and with ttlMs 0 for ever [stateless.state-expiry]', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const sealer = new RequestStateSealer({ ttlMs: 5000 })
  const lasting = new RequestStateSealer({ ttlMs: 0 })
  const [sealed, kept] = [sealer.seal(1, 'b'), lasting.seal(1, 'b')]
  t.mock.timers.setTime(1_005_000)
  assert.equal(sealer.open(sealed, 'b'), 1)
  t.mock.timers.setTime(1_005_001)
  assert.throws(() => sealer.open(sealed, 'b'), refused(/has expired/))
  t.mock.timers.setTime(1e14)
  assert.equal(lasting.open(kept, 'b'), 1)
})

test('a state expires after 15 minutes by default', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const sealer = new RequestStateSealer({})
  const sealed = sealer.seal(1, 'b')
  t.mock.timers.setTime(15 * 60_000)
  assert.equal(sealer.open(sealed, 'b'), 1)
  t.mock.timers.setTime(15 * 60_000 + 1)
  assert.throws(() => sealer.open(sealed, 'b'), refused(/expired/))
})

test('keys rotate: the first one seals, all of them open, and one that was taken out opens no more', () => {
  const [a, b, c] = [key('a'), Buffer.from(key('b')), new TextEncoder().encode(key('c'))]
  const old = new RequestStateSealer({ keys: [a] }).seal('old', 'x')
  const during = new RequestStateSealer({ keys: [b, a] })
  assert.equal(during.open(old, 'x'), 'old')
  const fresh = during.seal('fresh', 'x')
  const after = new RequestStateSealer({ keys: [c, b] })
  assert.equal(after.open(fresh, 'x'), 'fresh')
  assert.throws(() => after.open(old, 'x'), refused(/sealed with another key/))
  assert.throws(() => new RequestStateSealer({}).open(old, 'x'), refused(/another key/))
})

test('a state that would be too long is not sealed', () => {
  const sealer = new RequestStateSealer({ maxLength: 200 })
  assert.ok(sealer.seal('x'.repeat(50), 'b').length <= 200)
  assert.throws(() => sealer.seal('x'.repeat(200), 'b'), {
    code: 'ERR_STATE_TOO_LARGE',
    message: /limit of 200/,
  })
})

const wrong: readonly (readonly [string, SealOptions])[] = [
  ['no key', { keys: [] }],
  ['a short key', { keys: ['short'] }],
  ['a short second key', { keys: [key('a'), key('b').slice(1)] }],
  ['a key that is no text', { keys: [7 as unknown as string] }],
]

for (const [what, requestState] of wrong) {
  test(`createMcpHandler refuses ${what} for requestState`, () => {
    const server = new McpServer({ name: 's', version: '1' })
    assert.throws(() => createMcpHandler(server, { requestState }), {
      name: 'TypeError',
      message: /requestState\.keys/,
    })
  })
}

test('digestParams is the same however members are ordered, and differs with every other difference', () => {
  const same = [
    { a: 1, b: { c: [1, 2], d: null } },
    { b: { d: null, c: [1, 2] }, a: 1 },
  ]
  assert.equal(digestParams(same[0]), digestParams(same[1]))
  const different = [
    {},
    { a: 1 },
    { a: '1' },
    { a: [1] },
    { a: null },
    { b: 1 },
    { a: { 0: 1 } },
    { ['__proto__']: 1 },
  ]
  assert.equal(new Set(different.map(digestParams)).size, different.length)
  let deep: unknown = 1
  for (let i = 0; i < 300; i++) deep = [deep]
  assert.throws(() => digestParams(deep), { code: -32602 })
})

test('digestParams of large parameters is the same when they come again, and of all others in any order', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => ({ name: `row ${i}`, id: i }))
  const random = Object.fromEntries(
    Array.from({ length: 50_000 }, (_, i) => [`k${(i * 2_654_435_761) % 2 ** 32}`, i]),
  )
  let nested: unknown = rows
  for (let depth = 0; depth < 240; depth++) nested = [nested]
  for (const params of [{ rows }, { random }, { nested }]) {
    assert.equal(digestParams(JSON.parse(JSON.stringify(params))), digestParams(params))
  }
  // What is small is the same in any order, a member called like a prototype included.
  const one = JSON.parse('{"b":[{"y":1,"x":2}],"__proto__":{"z":1,"a":2},"a":0}')
  const other = JSON.parse('{"a":0,"__proto__":{"a":2,"z":1},"b":[{"x":2,"y":1}]}')
  assert.equal(digestParams(one), digestParams(other))
  assert.notEqual(digestParams(one), digestParams({ a: 0, b: [{ x: 2, y: 1 }] }))
  assert.deepEqual(Object.keys(one), ['b', '__proto__', 'a'])
})
