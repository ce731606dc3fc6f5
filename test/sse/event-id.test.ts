/** Event ids: one spelling for each position, and nothing else is read. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatEventId, parseEventId } from '../../src/sse/event-id.ts'

test('parseEventId gives back what formatEventId was given', () => {
  for (const stream of ['a', '0', 'a_b', '_', '__', 'x-Y_9_', '~!"#']) {
    for (const sequence of [0, 1, 9, 10, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(parseEventId(formatEventId(stream, sequence)), { stream, sequence })
    }
  }
})

test('parseEventId is undefined for whatever formatEventId cannot have written', () => {
  const bad = [
    '',
    '_',
    '_1',
    'a',
    'a1',
    'a_',
    'a_01',
    'a_00',
    'a_-1',
    'a_+1',
    'a_1.0',
    'a_1e3',
    'a_0x1',
    'a_ 1',
    'a_1 ',
    ' a_1',
    'a b_1',
    'a_1\n',
    'a\n_1',
    'a\u0000_1',
    'a\u007f_1',
    'é_1',
    'a_１',
    'a_9007199254740992',
    'a_99999999999999999999',
    'a_NaN',
    'a_Infinity',
  ]
  for (const id of bad) assert.equal(parseEventId(id), undefined, JSON.stringify(id))
})

test('parseEventId reads at most 256 characters', () => {
  assert.deepEqual(parseEventId(`${'s'.repeat(254)}_1`), { stream: 's'.repeat(254), sequence: 1 })
  assert.equal(parseEventId(`${'s'.repeat(255)}_1`), undefined)
})
