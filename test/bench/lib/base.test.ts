import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CONTENDERS } from '../../../bench/contenders/index.ts'
import { baseNameOf, buildBase, compareWithBase } from '../../../bench/lib/base.ts'
import { ROOT } from '../../../bench/lib/build.ts'
import type { Figure } from '../../../bench/lib/results.ts'

function figure(contender: string, rounds: number[]): Figure {
  const value = { median: rounds[0] ?? 0, min: 0, max: 0 }
  return { part: 'latency', case: 'echo', n: 64, metric: 'cpu', unit: 'µs', contender, rounds, value }
}

test('compareWithBase divides round by round, and only what both have', () => {
  const figures = [
    figure('barewire', [10, 90]),
    figure('base', [10, 100]),
    figure('barewire-stateless', [1]),
    figure('floor', [1]),
  ]
  assert.deepEqual(compareWithBase(figures), ['latency echo 64 barewire cpu: 0.95 x base (0.90 to 1.00)'])
})

test('baseNameOf keeps the way of talking', () => {
  assert.equal(baseNameOf('barewire'), 'base')
  assert.equal(baseNameOf('barewire-stateless'), 'base-stateless')
})

test('buildBase refuses what git does not know, and leaves nothing behind', async () => {
  const compiled = { path: (source: string) => join(ROOT, source), remove: () => {} }
  await assert.rejects(buildBase('no-such-commit', compiled, CONTENDERS), /--base: git rev-parse failed/)
  await assert.rejects(buildBase('--all', compiled, CONTENDERS), /--base: git rev-parse failed/)
  assert.ok(!existsSync(join(ROOT, '.cache', 'bench', `${process.pid}-base`)))
})
