import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Figure, Results } from '../../../bench/lib/results.ts'
import { makeCharts } from '../../../bench/report/charts.ts'
import { escapeHtml, renderPage } from '../../../bench/report/page.ts'

const summary = (median: number) => ({ median, min: median - 1, max: median + 1 })

function figure(
  part: string,
  name: string,
  n: number,
  metric: string,
  contender: string,
  value: number,
): Figure {
  return {
    part,
    case: name,
    n,
    metric,
    contender,
    unit: 'bytes',
    rounds: [value],
    value: summary(value),
    toFloor: summary(2),
  }
}

const results: Results = {
  machine: {
    cpu: 'CPU <1>',
    cores: 2,
    memoryBytes: 8 * 2 ** 30,
    system: 'linux',
    node: 'v20.0.0',
    loadNode: 'v20.0.0',
    loadBefore: 0,
    pinned: false,
    maxOpenFiles: undefined,
  },
  date: '2026-01-02T03:04:05Z',
  commit: 'abc',
  arguments: [],
  seconds: 60,
  quick: false,
  notes: ['a < b'],
  figures: [
    figure('latency', 'echo', 64, 'throughput', 'barewire', 1000),
    figure('sessions', 'idle', 1000, 'heap', 'barewire', 500),
    figure('sessions', 'idle', 1000, 'heap', 'lucky', -20),
  ],
}

test('renderPage needs nothing from outside, and shows notes and names as text', () => {
  const page = renderPage(results, [])
  assert.doesNotMatch(page, /<script|<link|src=|@import|url\(/)
  assert.match(page, /CPU &#60;1&#62;/)
  assert.match(page, /a &#60; b/)
  assert.match(page, /bench:peers/)
  assert.equal(page.match(/<tr>/g)?.length, 1 + results.figures.length)
})

test('renderPage puts each chart in for light and for dark', () => {
  const chart = {
    name: 'x',
    title: 'T',
    caption: 'C',
    spec: {},
    svg: { light: '<svg id="l"/>', dark: '<svg id="d"/>' },
  }
  const page = renderPage(results, [chart])
  assert.match(page, /class="light"><svg id="l"\/>/)
  assert.match(page, /class="dark"><svg id="d"\/>/)
})

test('renderPage says of a quick run that its figures mean nothing', () => {
  assert.match(renderPage({ ...results, quick: true }, []), /mean nothing/)
  assert.doesNotMatch(renderPage(results, []), /mean nothing/)
})

test('makeCharts draws what the run has, and leaves values out that a logarithmic axis cannot show', () => {
  const charts = makeCharts(results)
  assert.deepEqual(
    charts.map(({ name }) => name),
    ['throughput', 'session-memory', 'growth'],
  )
  const rows = (charts[1] as unknown as { spec: { data: { values: { contender: string }[] } } }).spec.data
    .values
  assert.deepEqual(
    rows.map(({ contender }) => contender),
    ['barewire'],
  )
})

test('escapeHtml leaves nothing that could open a tag or end an attribute', () => {
  assert.equal(escapeHtml('<a b="c">&'), '&#60;a b=&#34;c&#34;&#62;&#38;')
})
