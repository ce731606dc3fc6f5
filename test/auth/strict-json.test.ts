/** JSON and base64url that have one meaning only. */

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { decodeBase64url, hasDuplicate, parseObject } from '../../src/auth/strict-json.ts'

const rows: readonly (readonly [string, boolean])[] = [
  ['{}', false],
  ['{"a":1,"b":2}', false],
  ['{"a":1,"a":2}', true],
  ['{"a":1,"\\u0061":2}', true],
  ['{"a":{"a":1}}', false],
  ['{"a":{"b":1,"b":2}}', true],
  ['[{"a":1},{"a":2}]', false],
  ['{"a":["b","b"]}', false],
  ['{"a":"a","b":"a"}', false],
  ['{"a":"\\"a\\":1","b":"}{"}', false],
  ['{"__proto__":1,"__proto__":2}', true],
  ['{"__proto__":1,"constructor":2}', false],
  [`{"a":1,"a"${' '.repeat(200)}:2}`, true],
  ['{"a":[{"x":1},{"x":1}],"x":1}', false],
  ['{"a":[],"b":{},"a":0}', true],
]

for (const [text, expected] of rows) {
  test(`hasDuplicate says ${expected} of ${text.slice(0, 40)}`, () =>
    assert.equal(hasDuplicate(text), expected))
}

test('hasDuplicate agrees with a count of names on random JSON', () => {
  const make = (depth: number): { text: string; twice: boolean } => {
    const kind = randomInt(depth === 0 ? 2 : 4)
    if (kind === 0) return { text: String(randomInt(100)), twice: false }
    if (kind === 1) return { text: JSON.stringify('"x":{}[],\\'.slice(randomInt(10))), twice: false }
    const parts = Array.from({ length: randomInt(4) }, () => make(depth - 1))
    if (kind === 2)
      return {
        text: `[${parts.map(({ text }) => text).join(' , ')}]`,
        twice: parts.some(({ twice }) => twice),
      }
    const names = parts.map(() => 'abcde'[randomInt(5)] as string)
    const members = parts.map(({ text }, index) => `"${names[index]}" :\n${text}`)
    return {
      text: `{${members.join(',')}}`,
      twice: new Set(names).size < names.length || parts.some(({ twice }) => twice),
    }
  }
  for (let i = 0; i < 2000; i++) {
    const { text, twice } = make(4)
    JSON.parse(text)
    assert.equal(hasDuplicate(text), twice, text)
  }
})

test('parseObject takes objects only, in UTF-8 and without a byte order mark', () => {
  assert.deepEqual(parseObject(Buffer.from(' {"a":1} ')), { a: 1 })
  for (const text of ['', 'null', '[]', '"a"', '1', '{', '{"a":1,}', '\ufeff{}']) {
    assert.equal(parseObject(Buffer.from(text)), undefined, text)
  }
  assert.equal(parseObject(Buffer.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), undefined)
})

test('decodeBase64url takes the one spelling of the bytes', () => {
  for (let length = 0; length < 8; length++) {
    const bytes = Buffer.alloc(length, 0xa5)
    const text = bytes.toString('base64url')
    assert.deepEqual(decodeBase64url(text), bytes)
    for (const other of [
      `${text}=`,
      `${text}.`,
      ` ${text}`,
      `${text}\n`,
      `${text}A`.slice(0, length % 3 === 0 ? 0 : undefined),
    ]) {
      if (other !== text && other !== '')
        assert.notDeepEqual(decodeBase64url(other), bytes, JSON.stringify(other))
    }
  }
  assert.equal(decodeBase64url('AB'), undefined, 'stray bits')
  assert.equal(decodeBase64url('A'), undefined)
  assert.equal(decodeBase64url('+/+/'), undefined)
})
