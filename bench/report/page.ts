/**
 * The report: one HTML page that needs nothing else, with every chart in a light and a dark form, and the table of all
 * figures. Pure.
 */

import { busyWarning, machineLine } from '../lib/machine.ts'
import { formatSeconds } from '../lib/progress.ts'
import type { Figure, Results } from '../lib/results.ts'
import { formatNumber, ratioText } from '../lib/table.ts'
import type { Chart } from './charts.ts'
import type { Theme } from './vega.ts'
import { describeContender, rankOf } from './who.ts'

export interface DrawnChart extends Chart {
  readonly svg: Readonly<Record<Theme, string>>
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --line: #d1d9e0; --soft: #59636e }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper) }
h2 { margin: 2.5rem 0 0; font-size: 1.15rem }
summary { cursor: pointer; font-weight: bold; margin-top: .8rem }
p.caption, footer { color: var(--soft) }
dt { float: left; clear: left; min-width: 12rem; font-weight: bold }
dd { margin: 0 0 .2rem 12rem; color: var(--soft) }
figure { margin: 1rem 0; overflow-x: auto }
figure svg { max-width: 100%; height: auto }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap }
td.number, th:nth-child(2), th:nth-child(n + 5):not(:nth-child(8)) { text-align: right }
.dark { display: none }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --line: #3d444d; --soft: #9198a1 }
  .light { display: none } .dark { display: block }
}
`

interface Section {
  /** Where links go. */
  readonly name: string
  readonly title: string
}
const LEGEND: Section = { name: 'legend', title: 'How to read this' }
const FIGURES: Section = { name: 'figures', title: 'All figures' }
const NOTES: Section = { name: 'notes', title: 'Notes' }

/** @param charts - none: the page has the table only, and says why */
export function renderPage(results: Results, charts: readonly DrawnChart[]): string {
  const { machine, date, commit, seconds, quick, notes, versions = {} } = results
  const peers = Object.entries(versions).map((each) => each.join(' '))
  const warning = quick
    ? '<p><strong>A quick run: it shows that everything works; its figures mean nothing.</strong></p>'
    : ''
  const busy = busyWarning(machine)
  const busyText = busy === undefined ? '' : `<p><strong>Warning: ${escapeHtml(busy)}.</strong></p>`
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
<p class="caption">${escapeHtml(machineLine(machine))}. ${escapeHtml(date.slice(0, 10))}, commit ${escapeHtml(commit)}, ${formatSeconds(seconds)}. Figures are medians over rounds; ratios are to the floor of the same round.${peers.length > 0 ? ` Compared with ${escapeHtml(peers.join(', '))}.` : ''}</p>
${warning}${busyText}${missing}
<nav><ul>
${[LEGEND, ...charts, FIGURES, NOTES].map(({ name, title }) => `<li><a href="#${name}">${escapeHtml(title)}</a></li>`).join('\n')}
</ul></nav>
${renderLegend(results)}
${charts.map(renderChart).join('\n')}
${heading(FIGURES)}
${[...new Set(results.figures.map(({ part }) => part))].map((part) => renderPart(part, results.figures)).join('\n')}
${heading(NOTES)}
<ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('\n')}</ul>
</body>
</html>
`
}

const heading = ({ name, title }: Section) => `<h2 id="${name}">${escapeHtml(title)}</h2>`

/** What the marks and the names in the charts stand for. */
function renderLegend({ figures, versions }: Results): string {
  const names = [...new Set(figures.map(({ contender }) => contender))].sort((a, b) => rankOf(a) - rankOf(b))
  return `${heading(LEGEND)}
<p>A bar or a point is the median over the rounds. The thin line through its end (its whisker) reaches from the lowest round to the highest; a figure of one round has none. Behind it stands the median.</p>
<dl>
${names.map((name) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(describeContender(name, versions))}</dd>`).join('\n')}
</dl>`
}

function renderChart(chart: DrawnChart): string {
  const { caption, svg } = chart
  return `${heading(chart)}
<p class="caption">${escapeHtml(caption)}</p>
<figure><div class="light">${svg.light}</div><div class="dark">${svg.dark}</div></figure>`
}

/** What `n` is in the table of each part. */
const COUNTED: Readonly<Record<string, string>> = {
  latency: 'connections',
  sessions: 'sessions',
  connections: 'streams',
  streaming: 'messages',
  replay: 'clients',
  client: 'messages',
}

function renderPart(part: string, figures: readonly Figure[]): string {
  const rows = figures.filter((figure) => figure.part === part)
  const heads = ['case', COUNTED[part] ?? 'n', 'contender', 'metric', 'median', 'lowest', 'highest', 'unit']
  return `<details><summary>${escapeHtml(part)}</summary>
<figure><table>
<thead><tr>${[...heads, 'x floor', 'rounds'].map((head) => `<th>${head}`).join('')}</tr></thead>
<tbody>
${rows.map(renderRow).join('\n')}
</tbody>
</table></figure></details>`
}

function renderRow(figure: Figure): string {
  const { case: name, n, contender, metric, unit, value, rounds } = figure
  const number = (text: string) => `<td class="number">${text}`
  const text = (cell: string) => `<td>${escapeHtml(cell)}`
  const spread = rounds.length > 1 ? [value.min, value.max].map(formatNumber) : ['', '']
  const values = [formatNumber(value.median), ...spread].map(number)
  return `<tr>${text(name)}${number(n.toLocaleString('en'))}${text(contender)}${text(metric)}${values.join('')}${text(unit)}${number(ratioText(figure) ?? '')}${number(String(rounds.length))}</tr>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}
