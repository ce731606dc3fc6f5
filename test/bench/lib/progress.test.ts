import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatSeconds, Progress } from '../../../bench/lib/progress.ts'

test('Progress scales the time left by how wrong the plan has been', () => {
  let now = 0
  const progress = new Progress(100, { write: () => {} }, () => now)
  assert.equal(progress.secondsLeft(), 100)
  progress.end(20)
  now = 40_000
  // Twenty planned seconds took forty, so the eighty that are left take a hundred and sixty.
  assert.equal(progress.secondsLeft(), 160)
  progress.end(90)
  assert.equal(progress.secondsLeft(), 0)
})

test('Progress writes seldom into a log, and rewrites its line on a terminal', () => {
  let now = 0
  const log: string[] = []
  const toLog = new Progress(10, { write: (text) => log.push(text) }, () => now)
  toLog.begin('one')
  toLog.begin('two')
  now = 20_000
  toLog.begin('three')
  assert.deepEqual(log, ['one, 10 s left\n', 'three, 10 s left\n'])

  const screen: string[] = []
  const sink = { isTTY: true, columns: 12, write: (text: string) => screen.push(text) }
  const onScreen = new Progress(10, sink, () => now)
  onScreen.begin('a long label')
  assert.deepEqual(screen, ['\r\x1b[2Ka long labe'])
})

test('formatSeconds shows minutes from sixty seconds on', () => {
  assert.equal(formatSeconds(59.4), '59 s')
  assert.equal(formatSeconds(59.6), '1 min 00 s')
  assert.equal(formatSeconds(125), '2 min 05 s')
})
