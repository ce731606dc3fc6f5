/** Nesting and size of a body, seen before it is parsed: held against what JSON.parse makes of the same text. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeBody } from '../../src/jsonrpc/decode-body.ts'
import { isWithin, measureBody, UNLIMITED } from '../../src/jsonrpc/measure.ts'
import { RpcError } from '../../src/jsonrpc/rpc-error.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const arrays = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** Whether a body passes a bound, by both steps. */
function passes(text: string, maxDepth: number): boolean {
  const limits = { ...UNLIMITED, maxDepth }
  if (isWithin(text, limits)) return true
  try {
    measureBody(bytes(text), limits)
    return true
  } catch (error) {
    assert.ok(error instanceof RpcError && error.code === -32700)
    assert.match(
      error.message,
      new RegExp(`more than ${maxDepth} levels deep, the limit \\(option maxBodyDepth\\)`),
    )
    return false
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

/** Values, names not counted, but for the outermost one. */
function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce((sum: number, part) => sum + 1 + valuesOf(part), 0)
}

test('measureBody lets a body pass exactly up to the bound, in arrays, objects and both', () => {
  for (const depth of [1, 2, 3, 10, 511, 512, 513, 2000]) {
    for (const text of [
      arrays(depth),
      objects(depth),
      `[${objects(depth - 1)}]`,
      ` [ ${arrays(depth - 1)} ] `,
    ]) {
      assert.equal(passes(text, depth), true, `${depth}: ${text.slice(0, 20)}`)
      if (depth > 1) assert.equal(passes(text, depth - 1), false, `${depth}: ${text.slice(0, 20)}`)
      assert.equal(passes(text, Number.POSITIVE_INFINITY), true)
    }
  }
})

test('brackets in strings are no nesting, whatever is escaped, wherever the string is cut', () => {
  const open = '['.repeat(100)
  const rows = [
    '',
    '\\"',
    '\\\\',
    '\\\\\\"',
    '\\u005b',
    '\\n\\\\',
    'é',
    '😀',
    '\\\\'.repeat(50),
    '\\"'.repeat(50),
  ]
  for (const escaped of rows) {
    for (let before = 0; before < 140; before++) {
      const text = `["${'x'.repeat(before)}${escaped}${open}",{"${escaped}${open}":"${escaped}"}]`
      assert.equal(depthOf(JSON.parse(text)), 2)
      assert.equal(passes(text, 2), true, text)
      assert.equal(passes(`[${text}]`, 2), false, text)
    }
  }
})

test('what closes is subtracted: a long list of shallow values is shallow', () => {
  const shallow = `[${Array(10_000).fill('{"a":[1,{}]}').join()}]`
  assert.equal(passes(shallow, 4), true)
  assert.equal(passes(shallow, 3), false)
  const between = `[${Array(600).fill('[]').join()},${arrays(600)}]`
  assert.equal(passes(between, 601), true)
  assert.equal(passes(between, 600), false)
})

test('measureBody agrees with the parsed value for random JSON, and never counts too few values', () => {
  let seed = 7
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return (seed >>> 8) % n
  }
  const texts = ['', '"', '\\', '[', ']{}', 'é😀', ',:', `${'y'.repeat(200)}"[`, '\\"'.repeat(70)]
  const make = (depth: number): unknown => {
    const kind = random(depth === 0 ? 3 : 6)
    if (kind === 0) return texts[random(texts.length)]
    if (kind < 3) return [1, -0.5, true, null][random(4)]
    const parts = Array.from({ length: random(4) }, () => make(depth - 1))
    return kind < 5
      ? parts
      : Object.fromEntries(parts.map((part, i) => [`${texts[random(texts.length)]}${i}`, part]))
  }
  for (let round = 0; round < 3000; round++) {
    const value = make(6)
    const text = JSON.stringify(value, undefined, random(3))
    const depth = depthOf(value)
    assert.equal(passes(text, Math.max(depth, 1)), true, text)
    if (depth > 1) assert.equal(passes(text, depth - 1), false, text)
    const counted = measureBody(bytes(text))
    assert.ok(counted >= valuesOf(value), `${counted} of ${valuesOf(value)}: ${text}`)
    assert.ok(counted <= 3 * valuesOf(value) + 1, `${counted} of ${valuesOf(value)}: ${text}`)
  }
})

test('a body that is no JSON ends in an answer, too', () => {
  for (const text of [
    '['.repeat(10_000),
    ']'.repeat(10_000),
    `"${'['.repeat(10_000)}`,
    `"\\`,
    '{"a":'.repeat(5000),
  ]) {
    for (const maxDepth of [1, 512, Number.POSITIVE_INFINITY]) {
      assert.throws(() => decodeBody(bytes(text), { ...UNLIMITED, maxDepth }), { code: -32700 })
    }
  }
})

test('decodeBody refuses a deep body with the limit and the option, and parses without a bound when none is given', () => {
  assert.throws(() => decodeBody(bytes(arrays(513)), { ...UNLIMITED, maxDepth: 512 }), {
    code: -32700,
    message: /512 levels.*maxBodyDepth/,
  })
  assert.equal(depthOf(decodeBody(bytes(arrays(512)), { ...UNLIMITED, maxDepth: 512 })), 512)
  assert.ok(Array.isArray(decodeBody(bytes(arrays(5000)))))
})

test('decodeBody accepts exactly maxValues values and names, and refuses one more, before the body is parsed', () => {
  const limits = { ...UNLIMITED, maxValues: 1000 }
  for (const [text, values] of [
    [`[${Array(1000).fill('1').join(',')}]`, 1000],
    [`[${Array(500).fill('{}').join(',')}]`, 1000],
    ['['.repeat(1000) + ']'.repeat(1000), 1000],
  ] as const) {
    assert.equal(measureBody(bytes(text)), values)
    assert.ok(decodeBody(bytes(text), limits))
    // Not JSON: what refuses it comes before the parser.
    const more = `${text},`
    assert.throws(() => decodeBody(bytes(more), limits), {
      code: -32700,
      message:
        /holds about 1001 values and names, of which a new name counts as 7, above 1000, the limit \(option maxBodyValues\)/,
    })
  }
  assert.equal(decodeBody(bytes(`"${'[,:{'.repeat(1000)}"`), limits), '[,:{'.repeat(1000))
})

test('a name that no other member has counts as seven; the rows of a table are not refused for theirs', () => {
  const refusal = { code: -32700, message: /maxBodyValues/ }
  const limits = { ...UNLIMITED, maxValues: 10_000 }
  const distinct = (count: number, name: (i: number) => string) =>
    `{${Array.from({ length: count }, (_, i) => `${JSON.stringify(name(i))} : 0`).join(',')}}`
  for (const name of [
    (i: number) => `k${i}`,
    (i: number) => `${'x'.repeat(200)}${i}`,
    (i: number) => `"\\${i}é`,
    (i: number) => `${i}${'y'.repeat(99)}`,
  ]) {
    assert.ok(decodeBody(bytes(distinct(1200, name)), limits))
    // A few may have the hash of another.
    assert.throws(() => decodeBody(bytes(distinct(1300, name)), limits), refusal)
  }
  const row = '{"id":1,"name":"x","price":2.5}'
  const table = (rows: number) => `[${Array(rows).fill(row).join(',')}]`
  assert.ok(decodeBody(bytes(table(1400)), limits))
  assert.throws(() => decodeBody(bytes(table(1500)), limits), refusal)
  // The same names as values are no names.
  assert.ok(decodeBody(bytes(JSON.stringify(Array.from({ length: 5000 }, (_, i) => `k${i}`))), limits))
})

test('a name is read once, whatever follows it', () => {
  const limits = { ...UNLIMITED, maxValues: 3_000_000 }
  const colons = ':'.repeat(2_000_000)
  assert.throws(() => decodeBody(bytes(`{"${'n'.repeat(2_000_000)}"${colons}0}`), limits), /not valid JSON/)
})
