import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BARS, type Bar, judge } from '../../bench/bars.ts'
import { CLIENTS } from '../../bench/clients/index.ts'
import { CONTENDERS, type Contender } from '../../bench/contenders/index.ts'
import type { Figure } from '../../bench/lib/results.ts'

const bar: Bar = {
  part: 'latency',
  case: 'echo',
  n: 64,
  contender: 'ours',
  metric: 'throughput',
  against: 'floor',
  bound: 'at least',
  limit: 0.9,
}
const contenders: readonly Contender[] = [
  { name: 'ours', family: 'ours', wire: 'session', module: '', packages: [] },
  { name: 'peer-json', family: 'peer', wire: 'session', module: '', packages: ['peer'] },
  { name: 'peer-stateless', family: 'peer', wire: 'stateless', module: '', packages: ['peer'] },
]

function figure(contender: string, rounds: number[], toFloor?: number): Figure {
  const summary = (median: number) => ({ median, min: median, max: median })
  return {
    part: 'latency',
    case: 'echo',
    n: 64,
    contender,
    metric: 'throughput',
    unit: 'requests/s',
    rounds,
    value: summary(rounds[0] ?? 0),
    ...(toFloor !== undefined && { toFloor: summary(toFloor) }),
  }
}

const outcomes = (figures: Figure[], each: Bar) =>
  judge({ figures }, [each], contenders, ['latency']).map(({ outcome }) => outcome)

test('judge holds a ratio to the floor against the bar, which itself is enough', () => {
  assert.deepEqual(outcomes([figure('ours', [1], 0.9)], bar), ['met'])
  assert.deepEqual(outcomes([figure('ours', [1], 0.89)], bar), ['missed'])
  assert.deepEqual(outcomes([figure('ours', [1], 0.89)], { ...bar, bound: 'at most' }), ['met'])
})

test('judge calls a bar without a figure open, not met', () => {
  assert.deepEqual(outcomes([], bar), ['open'])
  assert.deepEqual(outcomes([figure('ours', [1])], bar), ['open'])
})

test('judge looks at bars of the parts that ran only', () => {
  assert.deepEqual(judge({ figures: [] }, [bar], contenders, ['start']), [])
})

test('judge compares with each mode of a peer that talks the same way, round by round', () => {
  const against: Bar = { ...bar, against: { families: ['peer'] }, limit: 2 }
  const ours = figure('ours', [20, 200])
  const figures = [ours, figure('peer-json', [10, 90]), figure('peer-stateless', [1000, 1000])]
  const [only, ...rest] = judge({ figures }, [against], contenders, ['latency'])
  assert.deepEqual(rest, [])
  assert.equal(only?.outcome, 'met')
  assert.match(only?.text ?? '', /2\.11 x peer-json, at least 2/)
})

test('judge asks for no figure of a peer that cannot take part', () => {
  const against: Bar = { ...bar, against: { families: ['peer'] } }
  const peers = (more: Partial<Contender>) =>
    contenders.map((each) => (each.family === 'peer' ? { ...each, ...more } : each))
  const count = (more: Partial<Contender>) =>
    judge({ figures: [figure('ours', [1])] }, [against], peers(more), ['latency']).length
  assert.equal(count({ without: { latency: 'it cannot' } }), 0)
  assert.equal(count({ parts: ['start'] }), 0)
  assert.equal(count({ without: { start: 'it cannot' }, parts: ['latency'] }), 1)
})

test('judge compares a figure with that of another n, round by round', () => {
  const against: Bar = { ...bar, against: { n: 1 }, bound: 'at most', limit: 2 }
  const one = { ...figure('ours', [10, 100]), n: 1 }
  const [verdict] = judge({ figures: [figure('ours', [15, 150]), one] }, [against], contenders, ['latency'])
  assert.equal(verdict?.outcome, 'met')
  assert.match(verdict?.text ?? '', /1\.50 x that of 1, at most 2/)
  assert.deepEqual(outcomes([figure('ours', [21, 210]), one], against), ['missed'])
  assert.deepEqual(outcomes([figure('ours', [21, 210])], against), ['open'])
})

test('judge compares a figure with another one of the floor, round by round', () => {
  const against: Bar = { ...bar, against: { ofFloor: 'least' }, bound: 'at most', limit: 1.5 }
  const least = { ...figure('floor', [10, 100]), metric: 'least' }
  const [verdict] = judge({ figures: [figure('ours', [14, 130]), least] }, [against], contenders, ['latency'])
  assert.equal(verdict?.outcome, 'met')
  assert.match(verdict?.text ?? '', /1\.35 x least of the floor, at most 1\.5/)
  assert.deepEqual(outcomes([figure('ours', [16, 160]), least], against), ['missed'])
  assert.deepEqual(outcomes([figure('ours', [14, 130])], against), ['open'])
})

test('BARS name contenders that exist, each bar once', () => {
  const names = new Set([...CONTENDERS, ...CLIENTS].map(({ name }) => name))
  const seen = new Set<string>()
  for (const each of BARS) {
    assert.ok(names.has(each.contender), `${each.contender} does not take part`)
    const key = JSON.stringify(each)
    assert.ok(!seen.has(key), key)
    seen.add(key)
  }
})

test('judge names every bar that was not measured as open, once, with its limit', () => {
  const parts = [...new Set(BARS.map(({ part }) => part))]
  const verdicts = judge({ figures: [] }, BARS, [...CONTENDERS, ...CLIENTS], parts)
  assert.ok(
    verdicts.every(({ outcome, bar: { limit }, text }) => outcome === 'open' && text.endsWith(` ${limit}`)),
  )
  const texts = verdicts.map(({ text }) => text)
  assert.equal(new Set(texts).size, texts.length)
  assert.ok(BARS.every((each) => verdicts.some(({ bar: own }) => own === each)))
})
