/** What is read of callgrind's own file. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCounts } from '../../bench/parts/instructions.ts'

const FILE = `# callgrind format
version: 1
events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw
summary: 1000 200 100 50 40 30 7 11 13

fn=(1) main
1 5 0 0 0 0 0 0 0 0
`

test('the counts of a part are its totals: instructions, and misses of the last cache', () => {
  assert.deepEqual(readCounts(FILE), { instructions: 1000, misses: 7 + 11 + 13 })
  assert.deepEqual(readCounts(FILE.replace('summary', 'totals')), { instructions: 1000, misses: 31 })
})

test('a file without them is an error, and not zero', () => {
  assert.throws(() => readCounts('events: Ir\nsummary: 5\n'), /callgrind counted no ILmr/)
  assert.throws(() => readCounts(''), /callgrind counted no Ir/)
})
