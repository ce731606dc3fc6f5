/** The coarse clock, with mocked timers. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CoarseClock } from '../../src/session-era/clock.ts'

function setup(t: TestContext, limitsMs: readonly number[]) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const ticks: number[] = []
  const clock = new CoarseClock(limitsMs, () => ticks.push(clock.now))
  t.after(() => clock.stop())
  return { clock, ticks, pass: (milliseconds: number) => t.mock.timers.tick(milliseconds) }
}

test('CoarseClock ticks eight times within the shortest limit, and counts the time of its ticks', (t) => {
  const { clock, ticks, pass } = setup(t, [60_000, 800, 0])
  clock.start()
  pass(99)
  assert.deepEqual([clock.now, ticks], [0, []])
  pass(701)
  assert.equal(clock.now, 800)
  assert.deepEqual(ticks, [100, 200, 300, 400, 500, 600, 700, 800])
})

test('CoarseClock takes 0 for no limit, and ticks every five seconds at the least', (t) => {
  const { clock, ticks, pass } = setup(t, [0, 0, 86_400_000])
  clock.start()
  pass(15_000)
  assert.deepEqual(ticks, [5000, 10_000, 15_000])
})

test('CoarseClock.before allows for the tick that a reading may be old', (t) => {
  const { clock, pass } = setup(t, [800])
  clock.start()
  pass(199)
  const noted = clock.now
  pass(800)
  // 800 ms have passed since 199; the clock said 100 then and says 900 now.
  assert.deepEqual([noted, clock.now], [100, 900])
  assert.ok(noted > clock.before(800))
  pass(1)
  assert.ok(noted <= clock.before(800))
})

test('CoarseClock never ticks faster than timers do', (t) => {
  const { clock, ticks, pass } = setup(t, [1])
  clock.start()
  pass(3)
  assert.deepEqual(ticks, [1, 2, 3])
})

test('CoarseClock stands still while it is stopped, and runs once however often it is started', (t) => {
  const { clock, ticks, pass } = setup(t, [800])
  pass(1000)
  clock.start()
  clock.start()
  pass(200)
  clock.stop()
  clock.stop()
  pass(1000)
  clock.start()
  pass(100)
  assert.deepEqual(ticks, [100, 200, 300])
})

test('CoarseClock does not keep the process alive', (t) => {
  const clock = new CoarseClock([800], () => {})
  t.after(() => clock.stop())
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  clock.start()
  assert.equal(timers(), before)
})
