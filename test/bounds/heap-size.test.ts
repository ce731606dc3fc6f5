/** What is said to be the size of a value, against what the engine really takes for it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heapBytes, ownText, textBytes } from '../../src/bounds/heap-size.ts'
import { heapUsed } from '../helpers/heap.ts'

let last = 0
/** A name that nothing else has. */
const unique = () => `k${(last++).toString(36)}`
const list = (count: number, item: () => unknown) =>
  JSON.stringify({ a: Array.from({ length: count }, item) })
const object = (count: number, value: () => unknown) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, () => [unique(), value()])))

/** Forms of JSON that take the most of the heap for each of their characters. */
const shapes: { readonly [name: string]: (count: number) => string } = {
  'an object of empty objects, each key its own': (count) => object(count, () => ({})),
  'an object of numbers, each key its own': (count) => object(count, () => 1),
  'an object of texts': (count) => object(count, () => `${unique()}${'x'.repeat(60)}`),
  'empty objects': (count) => list(count, () => ({})),
  'empty arrays': (count) => list(count, () => []),
  'arrays in arrays': (count) => `{"a":${'['.repeat(count)}${']'.repeat(count)}}`,
  'objects in objects': (count) => {
    let text = '1'
    for (let depth = 0; depth < count; depth++) text = `{"${unique()}":${text}}`
    return text
  },
  'objects of one key': (count) => list(count, () => ({ [unique()]: 1 })),
  'objects of one key and an object': (count) => list(count, () => ({ [unique()]: {} })),
  'objects of one small number as key': (count) => list(count, () => ({ [last++ % 1000]: 1 })),
  'objects of one large number as key': (count) => list(count, () => ({ [100_000 + last++]: 1 })),
  'fractions beside nulls': (count) => list(count, () => (last++ % 2 === 0 ? null : last + 0.5)),
  'texts beyond Latin-1': (count) => list(count, () => `${unique()}abcdefgh一`),
}

test('heapBytes is at least what the engine takes, whatever form of JSON a client chooses', () => {
  for (const [name, make] of Object.entries(shapes)) {
    const texts = Array.from({ length: 40 }, () => make(500))
    JSON.parse(texts[0] as string)
    const before = heapUsed()
    const values: unknown[] = texts.map((text) => JSON.parse(text))
    const taken = heapUsed() - before
    const said = values.reduce((sum: number, value) => sum + heapBytes(value), 0)
    assert.ok(taken <= said, `${name}: ${taken} bytes of heap, said to be ${said}`)
    assert.ok(said <= 64 * texts.reduce((sum, text) => sum + text.length, 0), name)
  }
})

test('heapBytes needs no stack for what is deep', () => {
  const depth = 200_000
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = [value]
  assert.ok(heapBytes(value) > depth)
})

test('textBytes counts two bytes a character as soon as one is beyond Latin-1', () => {
  const overhead = textBytes('')
  assert.equal(textBytes('é'.repeat(100)), overhead + 100)
  assert.equal(textBytes(`${'x'.repeat(99)}一`), overhead + 200)
})

test('ownText lets go of the text that its text was a part of', () => {
  const parts: string[] = []
  const before = heapUsed()
  for (let index = 0; index < 100; index++) {
    const whole = Buffer.alloc(100_000, index % 100 < 50 ? 'a' : 'b').toString('latin1')
    parts.push(ownText(whole.slice(10, 100)))
  }
  assert.ok(heapUsed() - before < 1_000_000)
  assert.deepEqual(
    parts.map((part) => part.length),
    new Array(100).fill(90),
  )
  for (const text of ['', 'abc', 'é', '一\ud800', '🎉']) assert.equal(ownText(text), text)
})
