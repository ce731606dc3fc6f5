import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Figure, Results } from '../../../bench/lib/results.ts'
import { makeCharts } from '../../../bench/report/charts.ts'
import { escapeHtml, renderPage } from '../../../bench/report/page.ts'
import { loadPainter } from '../../../bench/report/vega.ts'

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
  const parts = new Set(results.figures.map(({ part }) => part))
  assert.equal(page.match(/<tr>/g)?.length, parts.size + results.figures.length)
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

test('renderPage says of a busy machine that it was one', () => {
  const busy = { ...results.machine, loadBefore: 1.5 }
  assert.match(
    renderPage({ ...results, machine: busy }, []),
    /Warning: the machine is busy: .* 1\.5 on 2 cores/,
  )
  assert.doesNotMatch(renderPage(results, []), /is busy/)
})

test('renderPage begins with a list of its contents, and every entry leads somewhere', () => {
  const chart = { name: 'cpu', title: 'CPU <time>', caption: '', spec: {}, svg: { light: '', dark: '' } }
  const page = renderPage(results, [chart])
  const [, list = ''] = /<nav>(.*?)<\/nav>/s.exec(page) ?? []
  const links = [...list.matchAll(/<a href="#([^"]*)">/g)].map(([, name]) => name)
  assert.deepEqual(links, ['legend', 'cpu', 'figures', 'notes'])
  for (const name of links) assert.match(page, new RegExp(`<h2 id="${name}">`))
  assert.match(list, /CPU &#60;time&#62;/)
})

test('renderPage explains whiskers and every name among its figures', () => {
  const names = ['floor', 'barewire-stateless', 'base', 'sdk-v1-json', 'somebody']
  const figures = names.map((name) => figure('latency', 'echo', 64, 'cpu', name, 1))
  const page = renderPage({ ...results, figures, versions: { 'sdk-v1': '9.8.7' } }, [])
  assert.match(page, /whisker\) reaches from the lowest round to the highest/)
  const [, legend = ''] = /<dl>(.*?)<\/dl>/s.exec(page) ?? []
  const meaning = new Map(
    [...legend.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, name, text]) => [name, text]),
  )
  assert.deepEqual([...meaning.keys()].sort(), [...names].sort())
  assert.match(meaning.get('floor') ?? '', /bare node:http handler .*with sessions/)
  assert.match(meaning.get('barewire-stateless') ?? '', /this library; 2026-07-28/)
  assert.match(meaning.get('base') ?? '', /commit that it is compared with/)
  assert.match(
    meaning.get('sdk-v1-json') ?? '',
    /@modelcontextprotocol\/sdk 9\.8\.7; 2025-11-25.*mode &#34;json/,
  )
})

test('renderPage keeps the tables closed, and shows no spread for a figure of one round', () => {
  const [once] = results.figures as [Figure]
  const page = (rounds: number[]) => renderPage({ ...results, figures: [{ ...once, rounds }] }, [])
  assert.match(page([1000]), /<details><summary>latency</)
  assert.doesNotMatch(page([1000]), /<details open/)
  assert.match(
    page([1000]),
    /<td class="number">1,000<td class="number"><td class="number"><td>bytes<td class="number">2\.00<td/,
  )
  assert.match(
    page([999, 1001]),
    /<td class="number">1,000<td class="number">999<td class="number">1,001<td>bytes<td class="number">2\.00 \(1\.00 to 3\.00\)<td/,
  )
})

interface Drawn {
  readonly spec: {
    readonly vconcat: readonly { readonly data: { readonly values: readonly Record<string, unknown>[] } }[]
  }
}

const rowsOf = (chart: unknown) => (chart as Drawn).spec.vconcat.map(({ data }) => data.values)

test('makeCharts draws what the run has, and leaves values out that a logarithmic axis cannot show', () => {
  const charts = makeCharts(results)
  assert.deepEqual(
    charts.map(({ name }) => name),
    ['throughput', 'session-memory'],
  )
  assert.deepEqual(
    rowsOf(charts[1])[0]?.map(({ contender, label }) => [contender, label]),
    [['barewire', '500 at 1,000']],
  )
})

test('makeCharts groups those that talk in the same way, floor first, whatever the order of the figures', () => {
  const names = [
    'tmcp-stateless',
    'base',
    'tmcp',
    'barewire-stateless',
    'barewire',
    'floor-stateless',
    'floor',
  ]
  const figures = names.map((name) => figure('latency', 'echo', 64, 'cpu', name, 1))
  const [chart] = makeCharts({ figures })
  assert.deepEqual(
    rowsOf(chart).map((rows) => rows.map(({ contender }) => contender)),
    [
      ['floor', 'barewire', 'base', 'tmcp'],
      ['floor-stateless', 'barewire-stateless', 'tmcp-stateless'],
    ],
  )
})

test('makeCharts draws growth of what was measured at several sizes only', () => {
  const sizes = [1000, 10_000].map((n) => figure('sessions', 'idle', n, 'heap', 'barewire', 500))
  const once = figure('sessions', 'idle', 1000, 'heap', 'tmcp', 900)
  const names = (figures: Figure[]) => makeCharts({ figures }).map(({ name }) => name)
  assert.deepEqual(names([...sizes, once]), ['session-memory', 'growth'])
  assert.deepEqual(names([once]), ['session-memory'])
})

const painter = await loadPainter()

test('every chart is drawn in both themes, with its labels as text and no colour that is unreadable there', {
  skip: painter === undefined ? 'the plotting library is not installed: npm run bench:peers' : false,
}, async () => {
  const echo = ['throughput', 'cpu', 'p50', 'p99', 'p99.9'].flatMap((metric) =>
    ['floor', 'barewire', 'tmcp'].map((name) => figure('latency', 'echo', 64, metric, name, 1000)),
  )
  const memory = [1000, 10_000].flatMap((n) => [
    figure('sessions', 'idle', n, 'heap', 'barewire', 500),
    figure('connections', 'streams', n, 'heap', 'barewire', 3000),
  ])
  const charts = makeCharts({ figures: [...echo, ...memory] })
  assert.equal(charts.length, 6)
  for (const { name, spec } of charts) {
    for (const [theme, unreadable] of [
      ['light', /(fill|stroke)="(#fff|white)"/],
      ['dark', /(fill|stroke)="(#000|black)"/],
    ] as const) {
      const svg = (await painter?.(spec, theme)) ?? ''
      assert.match(svg, /^<svg [^>]*width="\d+/, name)
      assert.match(svg, />barewire</, name)
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/, name)
      assert.doesNotMatch(svg, unreadable, `${name}, ${theme}`)
    }
  }
})

test('escapeHtml leaves nothing that could open a tag or end an attribute', () => {
  assert.equal(escapeHtml('<a b="c">&'), '&#60;a b=&#34;c&#34;&#62;&#38;')
})
