/** What is kept of a body, whatever the memory is that its pieces are a part of. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyBytes } from '../../src/http/body-bytes.ts'

test('BodyBytes keeps one piece without a copy where that keeps nothing else', () => {
  const body = new BodyBytes(100_000, undefined)
  const piece = Buffer.alloc(50_000, 'a')
  body.append(piece, undefined)
  assert.equal(body.bytes, piece)
})

test('BodyBytes copies a piece of a buffer that is much larger', () => {
  const body = new BodyBytes(100_000, undefined)
  const read = Buffer.alloc(16_384, 'a')
  body.append(read.subarray(100, 101), undefined)
  assert.equal(body.bytes.toString(), 'a')
  assert.ok(body.bytes.buffer.byteLength <= 1024, `${body.bytes.buffer.byteLength} bytes are kept for one`)
  read.fill('b')
  body.append(read.subarray(0, 2), undefined)
  assert.equal(body.bytes.toString(), 'abb')
})
