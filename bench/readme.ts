/**
 * `npm run bench:readme`: writes the README's table of measurements from `bench/results/reference.json`, the results of
 * a named run that is committed. The table stands between two markers; a test fails when it differs from the file.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from './lib/build.ts'
import { machineLine } from './lib/machine.ts'
import { type Figure, type Results, readResults } from './lib/results.ts'
import { formatNumber } from './lib/table.ts'

export const REFERENCE = join(ROOT, 'bench', 'results', 'reference.json')
export const BEGIN = '<!-- bench: written by npm run bench:readme -->'
export const END = '<!-- /bench -->'

interface Column {
  readonly title: string
  readonly part: string
  readonly case: string
  readonly n: number
  readonly metric: string
  /** Shown as a ratio to the floor, or as it is. */
  readonly as: 'ratio' | 'value'
}

const COLUMNS: readonly Column[] = [
  {
    title: '`tools/call` requests/s, x floor',
    part: 'latency',
    case: 'echo',
    n: 64,
    metric: 'throughput',
    as: 'ratio',
  },
  { title: 'CPU per call, x floor', part: 'latency', case: 'echo', n: 64, metric: 'cpu', as: 'ratio' },
  { title: 'p99, µs', part: 'latency', case: 'echo', n: 64, metric: 'p99', as: 'value' },
  {
    title: 'new sessions/s, x floor',
    part: 'sessions',
    case: 'initialize',
    n: 32,
    metric: 'throughput',
    as: 'ratio',
  },
  {
    title: 'heap per idle session, bytes',
    part: 'sessions',
    case: 'idle',
    n: 1000,
    metric: 'heap',
    as: 'value',
  },
  {
    title: 'heap per open stream, bytes',
    part: 'connections',
    case: 'streams',
    n: 1000,
    metric: 'heap',
    as: 'value',
  },
  {
    title: 'progress messages/s, x floor',
    part: 'streaming',
    case: 'progress',
    n: 100,
    metric: 'throughput',
    as: 'ratio',
  },
]

/** The table with its caption, as Markdown; every contender that the run has a figure of, in the run's order. */
export function makeTable(results: Results): string {
  const { figures, machine, date, commit } = results
  const find = (column: Column, contender: string): Figure | undefined =>
    figures.find(
      (each) =>
        each.part === column.part &&
        each.case === column.case &&
        each.n === column.n &&
        each.metric === column.metric &&
        each.contender === contender,
    )
  const contenders = [...new Set(figures.map(({ contender }) => contender))].filter((contender) =>
    COLUMNS.some((column) => find(column, contender) !== undefined),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(['', ...COLUMNS.map(({ title }) => title)]),
    line(['---', ...COLUMNS.map(() => '---:')]),
    ...contenders.map((contender) =>
      line([contender, ...COLUMNS.map((column) => cell(find(column, contender), column))]),
    ),
    '',
    `${machineLine(machine)}; ${date.slice(0, 10)}, commit ${commit}. Medians over rounds; ratios are to the floor of the same round.`,
  ].join('\n')
}

/**
 * Puts the table between the markers.
 *
 * @throws {Error} when the README does not have both of them, once, in order
 */
export function putTable(readme: string, table: string): string {
  const begin = readme.indexOf(BEGIN)
  const end = readme.indexOf(END)
  if (
    begin < 0 ||
    end < begin ||
    readme.indexOf(BEGIN, begin + 1) >= 0 ||
    readme.indexOf(END, end + 1) >= 0
  ) {
    throw new Error(`README.md must have the lines ${BEGIN} and ${END}, once each`)
  }
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${readme.slice(end)}`
}

function cell(figure: Figure | undefined, { as }: Column): string {
  if (figure === undefined) return ''
  if (as === 'value') return formatNumber(figure.value.median)
  return figure.toFloor === undefined ? '' : figure.toFloor.median.toFixed(2)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (existsSync(REFERENCE)) {
    const file = join(ROOT, 'README.md')
    writeFileSync(file, putTable(readFileSync(file, 'utf8'), makeTable(readResults(REFERENCE))))
    console.log('README.md has the figures of bench/results/reference.json')
  } else {
    console.error(
      'there is no bench/results/reference.json: npm run bench -- --out bench/results/reference.json',
    )
    process.exitCode = 1
  }
}
