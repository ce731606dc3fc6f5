/** Results as text: one table for each part, with median, spread and the ratio to the floor. */

import type { Figure, Results } from './results.ts'

const COLUMNS = [12, 18, 8, 22, 14, 12, 16, 22]

/** Writes all figures to standard output. */
export function printFigures(results: Results): void {
  console.log('')
  console.log(line(['part', 'case', 'n', 'contender', 'metric', 'median', 'unit', 'x floor (spread)']))
  for (const figure of results.figures) console.log(figureLine(figure))
  for (const note of results.notes) console.log(`note: ${note}`)
}

export function figureLine(figure: Figure): string {
  const { part, case: name, n, contender, metric, unit, value } = figure
  const spread = figure.rounds.length > 1 ? `${formatNumber(value.min)} to ${formatNumber(value.max)}` : ''
  const ratio = ratioText(figure) ?? spread
  return line([part, name, n, contender, metric, formatNumber(value.median), unit, ratio])
}

/** The ratio to the floor, with its spread where there were rounds to have one; undefined for a floor itself. */
export function ratioText({ contender, toFloor, rounds }: Figure): string | undefined {
  if (toFloor === undefined || contender === 'floor' || contender.startsWith('floor-')) return undefined
  const [median, min, max] = [toFloor.median, toFloor.min, toFloor.max].map((ratio) => ratio.toFixed(2))
  return rounds.length > 1 ? `${median} (${min} to ${max})` : median
}

/** Three significant digits, and no exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en')
  return size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function line(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => {
      const width = COLUMNS[i] ?? 0
      return typeof cell === 'number' || i === 5 ? String(cell).padStart(width) : cell.padEnd(width)
    })
    .join(' ')
    .trimEnd()
}
