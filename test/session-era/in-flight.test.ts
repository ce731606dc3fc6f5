/** The index of calls in progress: against a plain list in random histories, and what a cancellation costs among many. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InFlight } from '../../src/session-era/in-flight.ts'
import { generator } from './serving.ts'

interface Call {
  readonly requestId: string | number
}

test('InFlight behaves as a plain list does in random histories, for ids that several calls have too', () => {
  const ids = [1, '1', 0, '', 'a']
  for (let seed = 1; seed <= 100; seed++) {
    const random = generator(seed)
    const inFlight = new InFlight<Call>()
    let model: Call[] = []
    for (let step = 0; step < 60; step++) {
      const call = model[random(Math.max(1, model.length))]
      if (call === undefined || random(2) === 0) {
        const added = { requestId: ids[random(ids.length)] as string | number }
        inFlight.add(added)
        model.push(added)
      } else {
        inFlight.delete(call)
        // A second time changes nothing, nor does what was never added.
        inFlight.delete(call)
        inFlight.delete({ requestId: call.requestId })
        model = model.filter((each) => each !== call)
      }
      assert.equal(inFlight.size, model.length)
      assert.deepEqual(new Set(inFlight.all()), new Set(model))
      for (const id of [...ids, 'never']) {
        const matching = model.filter(({ requestId }) => requestId === id)
        assert.equal(inFlight.has(id), matching.length > 0)
        assert.equal(inFlight.only(id), matching.length === 1 ? matching[0] : undefined)
      }
    }
  }
})

test('a cancellation costs the same among ten thousand calls as among a hundred', () => {
  const best = (count: number): number => {
    const inFlight = new InFlight<Call>()
    for (let id = 0; id < count; id++) inFlight.add({ requestId: id })
    const times = Array.from({ length: 7 }, () => {
      const began = performance.now()
      for (let times = 0; times < 10_000; times++) inFlight.only(`unknown ${times}`)
      return performance.now() - began
    })
    return Math.min(...times)
  }
  best(100)
  const [few, many] = [best(100), best(10_000)]
  assert.ok(many < 5 * few, `${few} ms among 100 calls, ${many} ms among 10 000`)
})
