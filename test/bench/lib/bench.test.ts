import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTENDERS, type Contender, isPeer } from '../../../bench/contenders/index.ts'
import { Bench } from '../../../bench/lib/bench.ts'
import { Collector } from '../../../bench/lib/results.ts'
import { PARTS, pickParts } from '../../../bench/parts/index.ts'

const NO_BUILD = { path: (source: string) => source, remove: () => {} }

function makeBench(contenders: readonly Contender[], quick = false): Bench {
  return new Bench({
    quick,
    node: process.execPath,
    contenders,
    build: NO_BUILD,
    collector: new Collector(),
    maxOpenFiles: 20_000,
  })
}

const secondsOf = (bench: Bench) =>
  pickParts(PARTS, [])
    .flatMap((part) => part.plan(bench))
    .reduce((sum, step) => sum + step.seconds, 0)

test('inTurn lets each contender take part in as many rounds as it has, the first ones', () => {
  const [floor, peer] = [CONTENDERS[0] as Contender, CONTENDERS.find(isPeer) as Contender]
  const bench = makeBench([floor, peer])
  const steps = bench.inTurn(
    'part',
    (each) => (isPeer(each) ? 5 : 1),
    (each) => (isPeer(each) ? 1 : 2),
    [floor, peer],
    async () => {},
  )
  assert.deepEqual(
    steps.map(({ label, seconds }) => [label, seconds]),
    [
      ['part, round 1 of 2, floor', 1],
      [`part, round 1 of 1, ${peer.name}`, 5],
      ['part, round 2 of 2, floor', 1],
    ],
  )
})

test('attempt takes a contender that failed out of the part, and calls it a failure of ours unless it is not', async () => {
  const [floor, peer] = [CONTENDERS[0] as Contender, CONTENDERS.find(isPeer) as Contender]
  const base: Contender = { ...floor, name: 'base', family: 'base' }
  const bench = makeBench([])
  let ran = 0
  const fail = async () => {
    ran += 1
    throw new Error('broken')
  }
  for (const each of [floor, floor, peer, base]) await bench.attempt(each, 'x', fail)
  assert.equal(ran, 3)
  assert.deepEqual(bench.failures, ['floor failed at x: broken'])
  assert.equal(bench.collector.notes.length, 3)
})

test('the plan of a run of everything stays within its budget, and that of a quick run within two minutes', () => {
  const minutes = secondsOf(makeBench(CONTENDERS)) / 60
  assert.ok(minutes <= 33, `${minutes.toFixed(1)} minutes are planned`)
  const ours = CONTENDERS.filter((contender) => !isPeer(contender))
  assert.ok(secondsOf(makeBench(ours, true)) <= 120)
})

test('memory of sessions, streams and slow readers is measured in three rounds, contenders in turn', () => {
  const bench = makeBench(CONTENDERS)
  const labels = pickParts(PARTS, ['sessions', 'connections', 'streaming']).flatMap((part) =>
    part.plan(bench).map(({ label }) => label),
  )
  for (const what of [
    'sessions, 1000 idle',
    'sessions, 10000 idle',
    'sessions, 100000 idle',
    'sessions with full rings',
    'connections, 1000 streams',
    'connections, 10000 streams',
    'connections, 15000 streams',
    'connections, keep-alive of 10000 streams',
    'streaming to slow readers',
  ]) {
    const own = labels.filter((label) => label.startsWith(`${what}, `) && / (floor|barewire)$/.test(label))
    assert.deepEqual(
      own,
      [1, 2, 3].flatMap((round) => own.filter((label) => label.includes(`, round ${round} of 3,`))),
    )
    assert.equal(own.length, 6, what)
  }
})
