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

export function figureLine({ part, case: name, n, contender, metric, unit, value, toFloor }: Figure): string {
  const ratio =
    toFloor === undefined || contender.startsWith('floor')
      ? `${formatNumber(value.min)} to ${formatNumber(value.max)}`
      : `${toFloor.median.toFixed(2)} (${toFloor.min.toFixed(2)} to ${toFloor.max.toFixed(2)})`
  return line([part, name, n, contender, metric, formatNumber(value.median), unit, ratio])
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
