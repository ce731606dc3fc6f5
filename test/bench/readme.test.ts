import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Results, readResults } from '../../bench/lib/results.ts'
import { BEGIN, END, makeTable, putTable, REFERENCE } from '../../bench/readme.ts'

const README = new URL('../../README.md', import.meta.url)
const skip = existsSync(REFERENCE) ? false : 'there is no reference run yet: bench/results/reference.json'

test('README.md shows the figures of bench/results/reference.json', { skip }, () => {
  const readme = readFileSync(README, 'utf8')
  assert.equal(readme, putTable(readme, makeTable(readResults(REFERENCE))), 'run npm run bench:readme')
})

test('putTable replaces what is between the markers, and only that', () => {
  const readme = `# Title\n\n${BEGIN}\nold\n${END}\n\nrest\n`
  const once = putTable(readme, 'new')
  assert.equal(once, `# Title\n\n${BEGIN}\n\nnew\n\n${END}\n\nrest\n`)
  assert.equal(putTable(once, 'new'), once)
})

test('putTable refuses a README without the markers, or with more of them', () => {
  for (const readme of ['', BEGIN, `${END}${BEGIN}`, `${BEGIN}${BEGIN}${END}`, `${BEGIN}${END}${END}`]) {
    assert.throws(() => putTable(readme, 'new'), /once each/)
  }
})

const summary = (median: number) => ({ median, min: median, max: median })

test('makeTable shows ratios where it says so and values elsewhere, and leaves out who has no figure', () => {
  const base = { n: 64, unit: '', rounds: [1] }
  const results: Results = {
    machine: {
      cpu: 'Some CPU',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      system: 'linux',
      node: 'v20.0.0',
      loadNode: 'v20.0.0',
      loadBefore: 0,
      pinned: true,
      maxOpenFiles: undefined,
    },
    date: '2026-01-02T03:04:05Z',
    commit: 'abc',
    arguments: [],
    seconds: 1,
    quick: false,
    notes: [],
    figures: [
      {
        ...base,
        part: 'latency',
        case: 'echo',
        contender: 'barewire',
        metric: 'throughput',
        value: summary(50_000),
        toFloor: summary(0.957),
      },
      { ...base, part: 'latency', case: 'echo', contender: 'barewire', metric: 'p99', value: summary(1234) },
      { ...base, part: 'start', case: 'process', contender: 'other', metric: 'rss', value: summary(1) },
    ],
  }
  const lines = makeTable(results).split('\n')
  assert.equal(lines[2], '| barewire | 0.96 |  | 1,234 |  |  |  |  |')
  assert.equal(lines[3], '')
  assert.match(lines[4] ?? '', /^Some CPU x2, 8 GiB, linux, Node v20\.0\.0.*2026-01-02, commit abc/)
})
