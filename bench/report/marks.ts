/**
 * How figures are drawn, as Vega-Lite specifications: bars from zero, points on a logarithmic axis, lines over n.
 * Every bar and point has its value beside it, and a thin line for the spread over the rounds. Nothing here depends
 * on light or dark; vega.ts sets those colours.
 */

import { colorsOf, GROUPS, KIND_COLORS, type Kind, rankOf } from './who.ts'

/** One mark. */
export interface Row {
  readonly contender: string
  readonly kind: Kind
  /** Who may be compared with whom. */
  readonly group: string
  readonly value: number
  readonly low: number
  readonly high: number
  /** The value as text, with its unit where the axis does not say it. */
  readonly label: string
}

const WIDTH = 560
const ROW_HEIGHT = 22

/** Names take the same room in every group, so that the axes below each other begin at one place. */
const NAMES = { minExtent: 135, ticks: false, domain: false }
const y = { field: 'contender', type: 'nominal', title: null, sort: null, axis: NAMES }
const LOG = { type: 'log', nice: true }
const FROM_ZERO = { zero: true, nice: true }

/** Lengths that can be compared: for ratios of one order of magnitude. */
export function bars(rows: readonly Row[], title: string): object {
  const x = { field: 'value', type: 'quantitative', title, scale: FROM_ZERO }
  const mark = { type: 'bar', height: { band: 0.62 } }
  return grouped(rows, [
    { mark, encoding: { y, color: kinds(rows), x } },
    spread(FROM_ZERO),
    labels(FROM_ZERO),
  ])
}

/** For what spans orders of magnitude, where the length of a bar would mean nothing. */
export function points(rows: readonly Row[], title: string): object {
  const x = { field: 'value', type: 'quantitative', title, scale: LOG, axis: { tickCount: 6 } }
  const mark = { type: 'point', filled: true, size: 80, opacity: 1 }
  return grouped(rows, [spread(LOG), { mark, encoding: { y, color: kinds(rows), x } }, labels(LOG)])
}

/** A row with the value of one percentile, and the range that the row's percentiles span. */
export interface PercentileRow extends Row {
  readonly percentile: string
  readonly from: number
  readonly to: number
}

/** The percentiles of one contender on one line. */
export function percentiles(rows: readonly PercentileRow[], names: readonly string[], title: string): object {
  const x = { field: 'value', type: 'quantitative', title, scale: LOG, axis: { tickCount: 6 } }
  const shape = {
    field: 'percentile',
    type: 'nominal',
    title: null,
    sort: names,
    scale: { domain: names, range: ['circle', 'square', 'triangle-up', 'diamond'].slice(0, names.length) },
  }
  const range = { x: { field: 'from', type: 'quantitative', scale: LOG, title }, x2: { field: 'to' } }
  return grouped(rows, [
    { mark: { type: 'rule', strokeWidth: 2, opacity: 0.6 }, encoding: { y, color: kinds(rows), ...range } },
    {
      mark: { type: 'point', filled: true, size: 80, opacity: 1 },
      encoding: { y, color: kinds(rows), x, shape },
    },
  ])
}

export interface SizedRow extends Row {
  readonly n: number
  /** Which chart of the two or three it is in. */
  readonly panel: string
}

/** What one of many costs, over how many there are; panels next to each other, on one scale. */
export function lines(rows: readonly SizedRow[], title: string): object {
  const contenders = [...new Set(rows.map(({ contender }) => contender))].sort(
    (a, b) => rankOf(a) - rankOf(b),
  )
  const panels = [...new Set(rows.map(({ panel }) => panel))]
  const color = {
    field: 'contender',
    type: 'nominal',
    title: null,
    scale: { domain: contenders, range: colorsOf(contenders) },
    legend: { columns: 4, symbolType: 'stroke', symbolStrokeWidth: 3 },
  }
  const axis = (name: string, field: string, tickCount: number, scale: object) => ({
    field,
    type: 'quantitative',
    title: name,
    scale,
    axis: { format: '~s', tickCount },
  })
  // To the largest number that was measured, not to the next power of ten.
  const counts = { type: 'log', nice: false, padding: 12 }
  return {
    hconcat: panels.map((panel) => ({
      title: { text: panel, frame: 'group' },
      data: { values: rows.filter((row) => row.panel === panel) },
      width: Math.round(WIDTH / panels.length),
      height: 300,
      mark: { type: 'line', point: { size: 50, opacity: 1 }, strokeWidth: 2 },
      encoding: { x: axis('how many at once', 'n', 4, counts), y: axis(title, 'value', 6, LOG), color },
    })),
    resolve: { scale: { y: 'shared', color: 'shared' } },
  }
}

/** One chart above the other, on one horizontal scale: one for each group that there is. */
function grouped(rows: readonly Row[], layer: readonly object[]): object {
  const groups = Object.values(GROUPS).filter((group) => rows.some((row) => row.group === group))
  return {
    vconcat: groups.map((group) => ({
      title: { text: group, frame: 'group' },
      data: { values: rows.filter((row) => row.group === group) },
      width: WIDTH,
      height: { step: ROW_HEIGHT },
      layer,
    })),
    resolve: { scale: { x: 'shared', color: 'shared', shape: 'shared' } },
    spacing: 12,
  }
}

/** Colours of the kinds that are there; the legend names no others. */
function kinds(rows: readonly Row[]): object {
  const domain = (Object.keys(KIND_COLORS) as Kind[]).filter((kind) => rows.some((row) => row.kind === kind))
  const range = domain.map((kind) => KIND_COLORS[kind])
  return { field: 'kind', type: 'nominal', title: null, scale: { domain, range } }
}

function spread(scale: object): object {
  return {
    mark: { type: 'rule', strokeWidth: 1.5 },
    encoding: { y, x: { field: 'low', type: 'quantitative', scale }, x2: { field: 'high' } },
  }
}

/** The value, right of the mark and of its spread. */
function labels(scale: object): object {
  return {
    mark: { type: 'text', align: 'left', baseline: 'middle', dx: 8 },
    encoding: {
      y,
      x: { field: 'high', type: 'quantitative', scale },
      text: { field: 'label', type: 'nominal' },
    },
  }
}
