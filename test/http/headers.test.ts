import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeaderReader } from '../../src/http/headers.ts'

const read = createHeaderReader(['host', 'origin', 'content-type'], ['accept'])

test('createHeaderReader gives the values in the order of the names, whatever their case', () => {
  const { duplicate, values } = read(['HOST', 'a:1', 'X-Other', 'x', 'content-Type', 'application/json'])
  assert.equal(duplicate, undefined)
  assert.deepEqual(values, ['a:1', undefined, 'application/json', undefined])
})

test('createHeaderReader keeps an empty value apart from an absent header', () => {
  assert.deepEqual(read(['Origin', '']).values, [undefined, '', undefined, undefined])
  assert.equal(read(['Origin', '', 'Origin', '']).duplicate, 'origin')
})

test('createHeaderReader reports the first repeated name, also for equal values and other case', () => {
  assert.equal(read(['Host', 'a', 'hOST', 'a']).duplicate, 'host')
  assert.equal(read(['Host', 'a', 'Origin', 'o', 'Origin', 'p', 'Host', 'b']).duplicate, 'origin')
  assert.equal(read(['Host', 'a', 'Host', 'b']).values[0], 'a')
})

test('createHeaderReader does not mind that a name it does not know is repeated', () => {
  assert.equal(read(['Cookie', 'a', 'Cookie', 'b', 'host', 'h']).duplicate, undefined)
})

test('createHeaderReader joins the lines of a list header', () => {
  const { duplicate, values } = read(['Accept', 'application/json', 'accept', 'text/event-stream'])
  assert.equal(duplicate, undefined)
  assert.equal(values[3], 'application/json, text/event-stream')
})

test('createHeaderReader is not disturbed by names of object properties', () => {
  const names = ['__proto__', 'constructor', 'toString', 'length', '']
  const { duplicate, values } = read([...names.flatMap((name) => [name, 'x', name, 'y']), 'Host', 'h'])
  assert.equal(duplicate, undefined)
  assert.deepEqual(values, ['h', undefined, undefined, undefined])
  assert.deepEqual(createHeaderReader(['__proto__'])(['__proto__', 'v']).values, ['v'])
})

test('createHeaderReader starts each pass afresh', () => {
  read(['Host', 'a', 'Host', 'b'])
  assert.deepEqual(read([]), { duplicate: undefined, values: [undefined, undefined, undefined, undefined] })
})
