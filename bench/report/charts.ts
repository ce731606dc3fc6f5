/**
 * The charts of the report as Vega-Lite specifications, made of a run's figures. Data only; vega.ts draws them.
 *
 * Bars begin at zero. What spans orders of magnitude is drawn as points on a logarithmic axis, since the length of a
 * bar means nothing there. The thin line is the spread over the rounds.
 */

import type { Figure, Results } from '../lib/results.ts'

export interface Chart {
  readonly name: string
  readonly title: string
  /** What to look for. */
  readonly caption: string
  readonly spec: object
}

interface Row {
  readonly contender: string
  readonly kind: 'barewire' | 'floor' | 'others'
  readonly value: number
  readonly low: number
  readonly high: number
}

const COLORS = { domain: ['barewire', 'floor', 'others'], range: ['#2f81f7', '#8b949e', '#d2813a'] }
const WIDTH = 620

/** The charts that the run has figures for. */
export function makeCharts({ figures }: Pick<Results, 'figures'>): Chart[] {
  const find = (part: string, name: string, n: number, metric: string) =>
    figures.filter(
      (each) => each.part === part && each.case === name && each.n === n && each.metric === metric,
    )
  const charts: Chart[] = []
  const add = (name: string, title: string, caption: string, rows: readonly object[], spec: object) => {
    if (rows.length === 0) return
    charts.push({ name, title, caption, spec: { data: { values: rows }, width: WIDTH, ...spec } })
  }

  const throughput = ratioRows(find('latency', 'echo', 64, 'throughput'))
  add(
    'throughput',
    'tools/call, 64 connections: requests per second, relative to the floor',
    'Longer is better. 1 is a bare node:http handler that answers the same JSON and is talked to in the same way.',
    throughput,
    bars('x floor'),
  )
  const cpu = ratioRows(find('latency', 'echo', 64, 'cpu'))
  add(
    'cpu',
    'tools/call, 64 connections: CPU time of the server per call, relative to the floor',
    'Less is better. Logarithmic.',
    cpu,
    points('x floor'),
  )
  const percentiles = ['p50', 'p99', 'p99.9'].flatMap((metric) =>
    find('latency', 'echo', 64, metric).map((figure) => ({ ...row(figure), percentile: metric })),
  )
  add(
    'latency',
    'tools/call, 64 connections: latency in microseconds',
    'Less is better. Logarithmic. Half of all calls are faster than p50, one in a hundred slower than p99.',
    percentiles,
    points('µs', { shape: { field: 'percentile', title: 'percentile', sort: ['p50', 'p99', 'p99.9'] } }),
  )
  add(
    'session-memory',
    'Heap per idle session, 1 000 sessions, in bytes',
    'Less is better. Logarithmic.',
    find('sessions', 'idle', 1000, 'heap').map(row).filter(isPositive),
    points('bytes'),
  )
  add(
    'stream-memory',
    'Heap per open stream, 1 000 streams, in bytes',
    'Less is better. Logarithmic.',
    find('connections', 'streams', 1000, 'heap').map(row).filter(isPositive),
    points('bytes'),
  )
  const growth = figures
    .filter(({ metric }) => metric === 'heap')
    .filter(({ part, case: name }) => (part === 'sessions' && name === 'idle') || part === 'connections')
    .map((figure) => ({
      ...row(figure),
      n: figure.n,
      what: figure.part === 'sessions' ? 'session' : 'stream',
    }))
    .filter(isPositive)
  add(
    'growth',
    'Heap per session and per stream, as their number grows',
    'A flat line is a cost that does not grow. Both axes are logarithmic.',
    growth,
    lines(),
  )
  return charts
}

function kindOf(contender: string): Row['kind'] {
  if (contender.startsWith('barewire')) return 'barewire'
  return contender.startsWith('floor') ? 'floor' : 'others'
}

function row({ contender, value }: Figure): Row {
  return { contender, kind: kindOf(contender), value: value.median, low: value.min, high: value.max }
}

function ratioRows(figures: readonly Figure[]): Row[] {
  return figures.flatMap(({ contender, toFloor }) =>
    toFloor === undefined
      ? []
      : [
          {
            contender,
            kind: kindOf(contender),
            value: toFloor.median,
            low: toFloor.min,
            high: toFloor.max,
          },
        ],
  )
}

/** A difference of two noisy states can be negative, which a logarithmic axis cannot show; the table can. */
const isPositive = ({ value }: Row) => value > 0

const y = { field: 'contender', type: 'nominal', title: null, sort: null }
const color = { field: 'kind', type: 'nominal', title: null, scale: COLORS }
const spread = (scale: object) => ({
  mark: { type: 'rule', strokeWidth: 1 },
  encoding: {
    y,
    x: { field: 'low', type: 'quantitative', scale },
    x2: { field: 'high' },
  },
})

function bars(title: string): object {
  const scale = { zero: true }
  return {
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.6 } },
        encoding: { y, color, x: { field: 'value', type: 'quantitative', title, scale } },
      },
      spread(scale),
    ],
  }
}

function points(title: string, more: object = {}): object {
  const scale = { type: 'log', zero: false }
  return {
    layer: [
      spread(scale),
      {
        mark: { type: 'point', filled: true, size: 90 },
        encoding: { y, color, x: { field: 'value', type: 'quantitative', title, scale }, ...more },
      },
    ],
  }
}

function lines(): object {
  const scale = { type: 'log', zero: false }
  return {
    height: 320,
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'n', type: 'quantitative', title: 'how many at once', scale },
      y: { field: 'value', type: 'quantitative', title: 'bytes each', scale },
      color,
      detail: { field: 'contender' },
      strokeDash: { field: 'what', title: null },
    },
  }
}
