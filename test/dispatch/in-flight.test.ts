import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InFlight } from '../../src/dispatch/in-flight.ts'

interface Call {
  readonly requestId: number
  readonly serial: number
}

test('InFlight says the same as a list of calls, whatever comes and goes, with ids in use more than once', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return (seed >> 8) % below
  }
  const inFlight = new InFlight<Call>()
  let model: Call[] = []
  for (let step = 0; step < 20_000; step++) {
    const leaving = model[random(model.length + 2)]
    if (leaving === undefined || model.length < 1 + random(4)) {
      const call = { requestId: random(3), serial: step }
      inFlight.add(call)
      model.push(call)
    } else {
      inFlight.delete(leaving)
      inFlight.delete(leaving)
      model = model.filter((call) => call !== leaving)
    }
    assert.equal(inFlight.size, model.length)
    for (const id of [0, 1, 2]) {
      const same = model.filter(({ requestId }) => requestId === id)
      assert.equal(inFlight.has(id), same.length > 0)
      assert.equal(inFlight.findUnique(id), same.length === 1 ? same[0] : undefined)
    }
    const bySerial = (a: Call, b: Call) => a.serial - b.serial
    assert.deepEqual(inFlight.all().sort(bySerial), [...model].sort(bySerial))
  }
})
