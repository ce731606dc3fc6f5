/** Writes the report of a run next to its results: `report.html`, and each chart as two SVG files. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Results } from '../lib/results.ts'
import { makeCharts } from './charts.ts'
import { type DrawnChart, renderPage } from './page.ts'
import { loadPainter } from './vega.ts'

/**
 * @param file - of the results; the report goes into a folder `report` next to it
 * @returns the path of the page
 */
export async function writeReport(file: string, results: Results): Promise<string> {
  const folder = join(dirname(file), 'report')
  mkdirSync(folder, { recursive: true })
  const paint = await loadPainter()
  const drawn: DrawnChart[] = []
  for (const chart of paint === undefined ? [] : makeCharts(results)) {
    const svg = {
      light: (await paint?.(chart.spec, 'light')) ?? '',
      dark: (await paint?.(chart.spec, 'dark')) ?? '',
    }
    drawn.push({ ...chart, svg })
    for (const theme of ['light', 'dark'] as const) {
      writeFileSync(join(folder, `${chart.name}-${theme}.svg`), `${svg[theme]}\n`)
    }
  }
  const page = join(folder, 'report.html')
  writeFileSync(page, renderPage(results, drawn))
  return page
}
