/**
 * The report: one HTML page that needs nothing else, with every chart in a light and a dark form, and the table of all
 * figures. Pure.
 */

import { machineLine } from '../lib/machine.ts'
import type { Figure, Results } from '../lib/results.ts'
import { formatNumber } from '../lib/table.ts'
import type { Chart } from './charts.ts'
import type { Theme } from './vega.ts'

export interface DrawnChart extends Chart {
  readonly svg: Readonly<Record<Theme, string>>
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --line: #d1d9e0; --soft: #59636e }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper) }
h2 { margin: 2.5rem 0 0; font-size: 1.15rem }
p.caption, footer { color: var(--soft) }
figure { margin: 1rem 0; overflow-x: auto }
figure svg { max-width: 100%; height: auto }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap }
td.number { text-align: right }
.dark { display: none }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --line: #3d444d; --soft: #9198a1 }
  .light { display: none } .dark { display: block }
}
`

/** @param charts - none: the page has the table only, and says why */
export function renderPage(results: Results, charts: readonly DrawnChart[]): string {
  const { machine, date, commit, seconds, quick, notes } = results
  const warning = quick
    ? '<p><strong>A quick run: it shows that everything works; its figures mean nothing.</strong></p>'
    : ''
  const missing =
    charts.length > 0 ? '' : '<p>The charts need the plotting library: <code>npm run bench:peers</code>.</p>'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>barewire: benchmark</title>
<style>${STYLE}</style>
</head>
<body>
<h1>barewire: benchmark</h1>
<p class="caption">${escapeHtml(machineLine(machine))}. ${escapeHtml(date.slice(0, 10))}, commit ${escapeHtml(commit)}, ${Math.round(seconds / 60)} min. Figures are medians over rounds; ratios are to the floor of the same round.</p>
${warning}${missing}
${charts.map(renderChart).join('\n')}
<h2>All figures</h2>
<figure><table>
<thead><tr><th>part<th>case<th>n<th>contender<th>metric<th>median<th>lowest<th>highest<th>unit<th>x floor<th>rounds</tr></thead>
<tbody>
${results.figures.map(renderRow).join('\n')}
</tbody>
</table></figure>
<h2>Notes</h2>
<ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('\n')}</ul>
</body>
</html>
`
}

function renderChart({ title, caption, svg }: DrawnChart): string {
  return `<h2>${escapeHtml(title)}</h2>
<p class="caption">${escapeHtml(caption)}</p>
<figure><div class="light">${svg.light}</div><div class="dark">${svg.dark}</div></figure>`
}

function renderRow({ part, case: name, n, contender, metric, unit, value, toFloor, rounds }: Figure): string {
  const texts = [part, name, String(n), contender, metric].map((text) => `<td>${escapeHtml(text)}`)
  const numbers = [value.median, value.min, value.max].map(
    (each) => `<td class="number">${formatNumber(each)}`,
  )
  const ratio = toFloor === undefined ? '' : toFloor.median.toFixed(2)
  return `<tr>${[...texts, ...numbers].join('')}<td>${escapeHtml(unit)}<td class="number">${ratio}<td class="number">${rounds.length}</tr>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}
