import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Figure, type Results, readResults } from '../../bench/lib/results.ts'
import { BEGIN, END, makeTable, putTable, REFERENCE } from '../../bench/readme.ts'
import { typescript } from '../helpers/typescript.ts'

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

test('makeTable has a column for each server in its better mode, ratios or values, and a dash for what is not there', () => {
  const make = (part: string, name: string, n: number, metric: string) => {
    return (contender: string, value: number, toFloor?: number): Figure => ({
      ...{ part, case: name, n, metric, contender, unit: '', rounds: [value], value: summary(value) },
      ...(toFloor !== undefined && { toFloor: summary(toFloor) }),
    })
  }
  const throughput = make('latency', 'echo', 64, 'throughput')
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
    versions: { 'sdk-v1': '1.32.2' },
    seconds: 1,
    quick: false,
    notes: [],
    figures: [
      throughput('sdk-v1-sse', 7000, 0.14),
      throughput('sdk-v1-json', 8000, 0.16),
      throughput('barewire', 50_000, 0.957),
      throughput('floor', 52_000, 1),
      make('sessions', 'idle', 1000, 'heap')('barewire', 900),
      make('sessions', 'idle', 10_000, 'heap')('barewire', 250),
      make('sessions', 'idle', 1000, 'heap')('sdk-v1-sse', 35_000),
      make('micro', 'decode', 1, 'time')('mcp-lite', 1),
    ],
  }
  const lines = makeTable(results).split('\n')
  assert.equal(lines[0], '|  | floor | barewire | sdk-v1 1.32.2 |')
  assert.match(lines[2] ?? '', /with sessions, x floor \| 1\.00 \| 0\.96 \| 0\.16 \|$/)
  assert.match(lines[3] ?? '', /stateless, x floor \| – \| – \| – \|$/)
  assert.match(lines[6] ?? '', /^\| heap per idle session, bytes \| – \| 250 \| 35,000 \|$/)
  assert.equal(lines.length, 11)
  assert.match(lines[10] ?? '', /Some CPU x2, 8 GiB, linux, Node v20\.0\.0.*2026-01-02, commit abc/)
})

test('bench:readme prints the table of a results file that is named, and leaves the README alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-readme-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'results.json')
  const machine = { cpu: 'Some CPU', cores: 2, memoryBytes: 2 ** 30, system: 'linux', node: 'v20.0.0' }
  writeFileSync(file, JSON.stringify({ machine, date: '2026-01-02', commit: 'abc', figures: [] }))
  const before = readFileSync(README, 'utf8')
  const script = fileURLToPath(new URL('../../bench/readme.ts', import.meta.url))
  const run = (path: string) =>
    spawnSync(process.execPath, [...typescript, script, path], { encoding: 'utf8' })
  assert.match(run(file).stdout, /heap per open stream[\s\S]*2026-01-02, commit abc/)
  const missing = run(join(folder, 'none.json'))
  assert.match(missing.stderr, /^error: ENOENT/)
  assert.equal(missing.status, 1)
  assert.equal(readFileSync(README, 'utf8'), before)
})
