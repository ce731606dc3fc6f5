/**
 * `npm run bench:readme`: writes the README's table of measurements from `bench/results/reference.json`, the results of
 * a named run that is committed. The table stands between two markers; a test fails when it differs from the file.
 *
 * `npm run bench:readme -- FILE` prints the table of any other results, and writes nothing.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONTENDERS } from './contenders/index.ts'
import { ROOT } from './lib/build.ts'
import { machineLine } from './lib/machine.ts'
import { type Figure, type Results, readResults } from './lib/results.ts'
import type { Wire } from './lib/setup.ts'
import { formatNumber } from './lib/table.ts'

export const REFERENCE = join(ROOT, 'bench', 'results', 'reference.json')
export const BEGIN = '<!-- bench: written by npm run bench:readme -->'
export const END = '<!-- /bench -->'

interface Row {
  readonly title: string
  readonly part: string
  readonly case: string
  /** The first of these that a server was measured at. */
  readonly n: readonly number[]
  readonly wire: Wire
  readonly metric: string
  /** Shown as a ratio to the floor, or as it is. */
  readonly as: 'ratio' | 'value'
  /** Which of a server's modes is shown. */
  readonly best: 'highest' | 'lowest'
}

/** Programs for the official SDK on barewire/sdk, and what only these are compared with: bench/README.md speaks of them. */
const LEFT_OUT: ReadonlySet<string> = new Set(['facade', 'facade-http', 'sdk-v1-http'])

const ECHO = { part: 'latency', case: 'echo', n: [64], as: 'ratio' } as const
const THROUGHPUT = { ...ECHO, metric: 'throughput', best: 'highest' } as const
const CPU = { ...ECHO, metric: 'cpu', best: 'lowest' } as const
const BYTES = { metric: 'heap', as: 'value', best: 'lowest', wire: 'session' } as const

const ROWS: readonly Row[] = [
  { ...THROUGHPUT, title: '`tools/call` per second, with sessions, x floor', wire: 'session' },
  { ...THROUGHPUT, title: '`tools/call` per second, stateless, x floor', wire: 'stateless' },
  { ...CPU, title: 'CPU time per call, with sessions, x floor', wire: 'session' },
  { ...CPU, title: 'CPU time per call, stateless, x floor', wire: 'stateless' },
  { ...BYTES, title: 'heap per idle session, bytes', part: 'sessions', case: 'idle', n: [10_000, 1000] },
  { ...BYTES, title: 'heap per open stream, bytes', part: 'connections', case: 'streams', n: [1000] },
  {
    title: 'process start to first answer, ms',
    part: 'start',
    case: 'process',
    n: [1],
    wire: 'session',
    metric: 'first-answer',
    as: 'value',
    best: 'lowest',
  },
]

const HOW =
  '64 connections for calls; 10,000 idle sessions, of other servers 1,000; 1,000 open streams. The floor is a bare ' +
  'node:http handler that gives the same answers. Medians over rounds; ratios are to the floor of the same round. A ' +
  'server with several modes is shown in its better one.'

/** The table with its caption, as Markdown: a column for each server that the run has any of these figures of. */
export function makeTable(results: Results): string {
  const { figures, machine, date, commit, versions = {} } = results
  const families = [...new Set(CONTENDERS.map(({ family }) => family))].filter(
    (family) => !LEFT_OUT.has(family) && ROWS.some((row) => find(figures, row, family) !== undefined),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const head = families.map((family) => [family, versions[family] ?? ''].join(' ').trim())
  return [
    line(['', ...head]),
    line(['---', ...families.map(() => '---:')]),
    ...ROWS.map((row) =>
      line([row.title, ...families.map((family) => cell(find(figures, row, family), row))]),
    ),
    '',
    `${HOW} ${machineLine(machine)}; ${date.slice(0, 10)}, commit ${commit}.`,
  ].join('\n')
}

/** The figure of a row for a server, in its best mode that talks in the way of the row. */
function find(figures: readonly Figure[], row: Row, family: string): Figure | undefined {
  const modes = CONTENDERS.filter((each) => each.family === family && each.wire === row.wire)
  const found = modes.flatMap(({ name }) => {
    const own = figures.filter(
      (each) =>
        each.contender === name &&
        each.part === row.part &&
        each.case === row.case &&
        each.metric === row.metric &&
        (row.as === 'value' || each.toFloor !== undefined),
    )
    const sizes = row.n.flatMap((n) => own.filter((each) => each.n === n))
    return sizes.slice(0, 1)
  })
  const sign = row.best === 'highest' ? -1 : 1
  return found.sort((a, b) => sign * (shownOf(a, row) - shownOf(b, row)))[0]
}

function shownOf({ value, toFloor }: Figure, { as }: Row): number {
  return (as === 'ratio' ? toFloor : value)?.median ?? Number.NaN
}

function cell(figure: Figure | undefined, row: Row): string {
  if (figure === undefined) return '–'
  const value = shownOf(figure, row)
  return row.as === 'ratio' ? value.toFixed(2) : formatNumber(value)
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

function run(other: string | undefined): void {
  if (other !== undefined) {
    console.log(makeTable(readResults(other)))
  } else if (existsSync(REFERENCE)) {
    const file = join(ROOT, 'README.md')
    writeFileSync(file, putTable(readFileSync(file, 'utf8'), makeTable(readResults(REFERENCE))))
    console.log('README.md has the figures of bench/results/reference.json')
  } else {
    throw new Error(
      'there is no bench/results/reference.json: npm run bench -- --out bench/results/reference.json',
    )
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    run(process.argv[2])
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
