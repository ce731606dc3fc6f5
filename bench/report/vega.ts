/**
 * Draws Vega-Lite specifications as SVG text, without a browser. The library is installed next to this file by
 * `npm run bench:peers`; it is not a part of the project's own installation, hence the loading by hand.
 */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

export type Theme = 'light' | 'dark'

interface Vega {
  parse(spec: object): object
  View: new (runtime: object, options: object) => { toSVG(): Promise<string>; finalize(): void }
}
interface VegaLite {
  compile(spec: object): { readonly spec: object }
}

const INK: Readonly<Record<Theme, { text: string; line: string }>> = {
  light: { text: '#1f2328', line: '#d1d9e0' },
  dark: { text: '#e6edf3', line: '#3d444d' },
}

/** @returns undefined when the library is not installed */
export async function loadPainter(): Promise<((spec: object, theme: Theme) => Promise<string>) | undefined> {
  if (!existsSync(new URL('node_modules/vega-lite', import.meta.url))) return undefined
  const find = createRequire(import.meta.url).resolve
  const load = async (name: string) => (await import(pathToFileURL(find(name)).href)) as unknown
  const vega = (await load('vega')) as Vega
  const { compile } = (await load('vega-lite')) as VegaLite
  return async (spec, theme) => {
    const { text, line } = INK[theme]
    const labels = { labelColor: text, titleColor: text, labelLimit: 220 }
    const config = {
      background: 'transparent',
      font: 'system-ui, sans-serif',
      axis: { ...labels, gridColor: line, domainColor: line, tickColor: line },
      // Symbols that stand for a shape have no colour of their own, and would be black on black.
      legend: {
        ...labels,
        orient: 'bottom',
        symbolBaseFillColor: text,
        symbolBaseStrokeColor: text,
        symbolOpacity: 1,
      },
      title: { color: text, anchor: 'start', fontSize: 12 },
      text: { color: text, fontSize: 11 },
      view: { stroke: null },
      rule: { color: text },
    }
    const view = new vega.View(vega.parse(compile({ ...spec, config }).spec), { renderer: 'none' })
    try {
      return await view.toSVG()
    } finally {
      view.finalize()
    }
  }
}
