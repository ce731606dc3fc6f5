/**
 * The charts of the report, made of a run's figures: which figures each shows, in which order. Data only; how they
 * are drawn is in marks.ts, and vega.ts draws them. A chart without figures is left out.
 */

import type { Figure, Results } from '../lib/results.ts'
import type { Summary } from '../lib/statistics.ts'
import { formatNumber } from '../lib/table.ts'
import { bars, lines, type PercentileRow, percentiles, points, type Row, type SizedRow } from './marks.ts'
import { groupOf, kindOf, rankOf } from './who.ts'

export interface Chart {
  readonly name: string
  readonly title: string
  /** What to look for. */
  readonly caption: string
  readonly spec: object
}

const PERCENTILES = ['p50', 'p99', 'p99.9']
const RATIO = 'relative to the floor (1 = a bare node:http handler)'

/** The heap figure of each contender at the largest number of sessions or streams up to `most`. */
export function atMost(figures: readonly Figure[], most: number, part: string, name: string): Figure[] {
  const best = new Map<string, Figure>()
  for (const each of figures) {
    if (each.part !== part || each.case !== name || each.metric !== 'heap' || each.n > most) continue
    if (each.n > (best.get(each.contender)?.n ?? 0)) best.set(each.contender, each)
  }
  return [...best.values()]
}

/** The charts that the run has figures for. */
export function makeCharts({ figures }: Pick<Results, 'figures'>): Chart[] {
  const sorted = [...figures].sort((a, b) => rankOf(a.contender) - rankOf(b.contender))
  const find = (part: string, name: string, n: number, metric: string) =>
    sorted.filter(
      (each) => each.part === part && each.case === name && each.n === n && each.metric === metric,
    )
  const charts: Chart[] = []
  const add = (name: string, title: string, caption: string, rows: readonly Row[], spec: () => object) => {
    if (rows.length > 0) charts.push({ name, title, caption, spec: spec() })
  }

  const throughput = ratioRows(find('latency', 'echo', 64, 'throughput'))
  add(
    'throughput',
    'tools/call on 64 connections: requests per second',
    'Longer is better. Compared with the floor that is talked to in the same way.',
    throughput,
    () => bars(throughput, `requests/s, ${RATIO}`),
  )
  const cpu = ratioRows(find('latency', 'echo', 64, 'cpu'))
  add('cpu', 'tools/call on 64 connections: CPU time of the server per call', 'Shorter is better.', cpu, () =>
    bars(cpu, `CPU time per call, ${RATIO}`),
  )
  const latencies = percentileRows((metric) => find('latency', 'echo', 64, metric))
  add(
    'latency',
    'tools/call on 64 connections: latency',
    'Further left is better; logarithmic. Half of all calls are faster than p50, one in a hundred is slower than p99, one in a thousand slower than p99.9; the line spans the three.',
    latencies,
    () => percentiles(latencies, PERCENTILES, 'latency, µs'),
  )
  // What the engine does by itself is seen at 1 000 small sessions, not at 10 000, which peers are not asked for.
  const sessions = positive(atMost(sorted, 10_000, 'sessions', 'idle').map(memoryRow))
  add(
    'session-memory',
    'Heap per idle session',
    'Further left is better; logarithmic. The number of sessions is behind each value.',
    sessions,
    () => points(sessions, 'bytes per session'),
  )
  const streams = positive(atMost(sorted, 1000, 'connections', 'streams').map(memoryRow))
  add(
    'stream-memory',
    'Heap per open stream',
    'Further left is better; logarithmic. The number of streams is behind each value.',
    streams,
    () => points(streams, 'bytes per stream'),
  )
  const growth = [...grown(sorted, 'sessions', 'idle'), ...grown(sorted, 'connections', 'streams')]
  add(
    'growth',
    'Heap per session and per stream, as their number grows',
    'A flat line is a cost that does not grow. Both axes are logarithmic.',
    growth,
    () => lines(growth, 'bytes each'),
  )
  return charts
}

function row({ contender, value }: Figure): Row {
  return rowOf(contender, value, formatNumber(value.median))
}

function ratioRows(figures: readonly Figure[]): Row[] {
  return figures.flatMap(({ contender, toFloor }) =>
    toFloor === undefined ? [] : [rowOf(contender, toFloor, toFloor.median.toFixed(2))],
  )
}

function rowOf(contender: string, { median, min, max }: Summary, label: string): Row {
  return {
    contender,
    kind: kindOf(contender),
    group: groupOf(contender),
    value: median,
    low: min,
    high: max,
    label,
  }
}

/** The percentiles of each contender, with the range that they span. */
function percentileRows(find: (metric: string) => readonly Figure[]): PercentileRow[] {
  const rows = PERCENTILES.flatMap((metric) =>
    find(metric).map((each) => ({ ...row(each), percentile: metric })),
  )
  return rows.map((each) => {
    const values = rows.filter(({ contender }) => contender === each.contender).map(({ value }) => value)
    return { ...each, from: Math.min(...values), to: Math.max(...values) }
  })
}

function memoryRow(figure: Figure): Row {
  return { ...row(figure), label: `${formatNumber(figure.value.median)} at ${figure.n.toLocaleString('en')}` }
}

/** Those that were measured at more than one size: one point is no line. */
function grown(figures: readonly Figure[], part: string, name: string): SizedRow[] {
  const panel = part === 'sessions' ? 'idle sessions' : 'open streams'
  const found = figures.filter((each) => each.part === part && each.case === name && each.metric === 'heap')
  const rows = positive(found.map((each) => ({ ...row(each), n: each.n, panel })))
  return rows.filter(({ contender, n }) => rows.some((each) => each.contender === contender && each.n !== n))
}

/** Rows for a logarithmic axis, which cannot show that a difference of two noisy states is negative; the table can. */
function positive<T extends Row>(rows: readonly T[]): T[] {
  return rows
    .filter(({ value }) => value > 0)
    .map((each) => ({ ...each, low: each.low > 0 ? each.low : each.value }))
}
