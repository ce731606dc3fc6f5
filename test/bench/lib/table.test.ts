import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWithBase } from '../../../bench/lib/base.ts'
import { busyWarning } from '../../../bench/lib/machine.ts'
import type { Figure } from '../../../bench/lib/results.ts'
import { figureLine } from '../../../bench/lib/table.ts'

const figure = (contender: string, rounds: number[], toFloor?: Figure['toFloor']): Figure => ({
  ...{ part: 'latency', case: 'echo', n: 64, contender, metric: 'cpu', unit: 'µs', rounds },
  value: { median: 50, min: 40, max: 60 },
  ...(toFloor !== undefined && { toFloor }),
})
const toFloor = { median: 1.5, min: 1.25, max: 1.75 }

test('figureLine shows the spread over rounds, and none for a figure of one round', () => {
  assert.match(figureLine(figure('barewire', [40, 60], toFloor)), /µs +1\.50 \(1\.25 to 1\.75\)$/)
  assert.match(figureLine(figure('barewire', [50], toFloor)), /µs +1\.50$/)
  assert.match(figureLine(figure('floor', [40, 60], toFloor)), /µs +40\.0 to 60\.0$/)
  assert.match(figureLine(figure('floor', [50], toFloor)), /50\.0 µs$/)
  assert.match(figureLine(figure('barewire', [50])), /50\.0 µs$/)
})

test('compareWithBase shows no spread for one round', () => {
  const lines = (rounds: number[]) => compareWithBase([figure('barewire', rounds), figure('base', rounds)])
  assert.deepEqual(lines([50]), ['latency echo 64 barewire cpu: 1.00 x base'])
  assert.deepEqual(lines([40, 60]), ['latency echo 64 barewire cpu: 1.00 x base (1.00 to 1.00)'])
})

test('busyWarning says with which load, on how many cores, and nothing of a quiet machine', () => {
  assert.match(busyWarning({ loadBefore: 1.01, cores: 2 }) ?? '', /busy: a load average of 1\.01 on 2 cores/)
  for (const quiet of [
    { loadBefore: 1, cores: 2 },
    { loadBefore: 0, cores: 1 },
    { loadBefore: 3, cores: 8 },
  ]) {
    assert.equal(busyWarning(quiet), undefined)
  }
})
