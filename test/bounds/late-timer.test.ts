import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LateTimer } from '../../src/bounds/late-timer.ts'
import { endOfTurn } from '../helpers/within.ts'

test('LateTimer calls with its value when its time is over, counted from the end of the turn', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const called: string[] = []
  for (const name of ['a', 'b']) new LateTimer(100, (value: string) => called.push(value), name)
  t.mock.timers.tick(1000)
  assert.deepEqual(called, [])
  await endOfTurn()
  t.mock.timers.tick(99)
  assert.deepEqual(called, [])
  t.mock.timers.tick(1)
  assert.deepEqual(called, ['a', 'b'])
})

test('LateTimer does not start a timer of Node when it is stopped in its turn', async (t) => {
  const { calls } = t.mock.method(globalThis, 'setTimeout').mock
  const stopped = new LateTimer(1, () => assert.fail('was stopped'), undefined)
  stopped.stop()
  await endOfTurn()
  assert.equal(calls.length, 0)
})

test('LateTimer does not call when it is stopped after its turn', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stopped = new LateTimer(100, () => assert.fail('was stopped'), undefined)
  await endOfTurn()
  t.mock.timers.tick(50)
  stopped.stop()
  t.mock.timers.tick(1000)
})
