/** The heap of things that expire, against a sorted list. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadlineHeap, type Expiring } from '../../src/bounds/deadline-heap.ts'
import { generator } from '../session-era/serving.ts'

test('DeadlineHeap has the one that expires first on top, through 20 000 random steps', () => {
  const random = generator(7)
  const heap = new DeadlineHeap<Expiring>()
  const all: Expiring[] = []
  for (let step = 0; step < 20_000; step++) {
    if (random(100) < (step < 10_000 ? 60 : 40)) {
      const entry = { deadline: random(500), heapIndex: -1 }
      heap.add(entry)
      all.push(entry)
    } else if (all.length > 0) {
      const [entry] = all.splice(random(all.length), 1)
      heap.delete(entry as Expiring)
      heap.delete(entry as Expiring)
      assert.equal(entry?.heapIndex, -1)
    }
    const first =
      all.length === 0 ? undefined : all.reduce((a, b) => Math.min(a, b.deadline), Number.POSITIVE_INFINITY)
    if (step % 50 === 0) assert.equal(heap.first?.deadline, first)
  }
  while (heap.first !== undefined) {
    const { first } = heap
    assert.equal(first.deadline, Math.min(...all.map(({ deadline }) => deadline)))
    all.splice(all.indexOf(first), 1)
    heap.delete(first)
  }
  assert.equal(all.length, 0)
})
