/**
 * Contenders as the report shows them: in the order of their list, in groups that talk in the same way (only within
 * one are figures comparable), each with a colour that is legible on a light and on a dark page.
 */

import { CONTENDERS } from '../contenders/index.ts'
import type { Results } from '../lib/results.ts'
import type { Wire } from '../lib/setup.ts'

export type Kind = 'barewire' | 'base' | 'floor' | 'others'

export const KIND_COLORS: Readonly<Record<Kind, string>> = {
  barewire: '#2f81f7',
  base: '#a371f7',
  floor: '#8b949e',
  others: '#d2813a',
}

/** For charts with one colour for each contender. */
const PEER_COLORS = ['#d2813a', '#3fa66a', '#d6578f', '#b59a1f', '#2aa5a5', '#cf5a4c', '#8f7a5a', '#7a8f2a']
const VARIANTS: Readonly<Record<Exclude<Kind, 'others'>, Readonly<Record<Wire, string>>>> = {
  barewire: { session: '#2f81f7', stateless: '#79b8ff', sessionless: '#1f5fb8' },
  base: { session: '#a371f7', stateless: '#c9a6ff', sessionless: '#7d4fd0' },
  floor: { session: '#8b949e', stateless: '#b6bec7', sessionless: '#6a737d' },
}

/** Titles of the groups, in their order. */
export const GROUPS: Readonly<Record<Wire, string>> = {
  session: '2025-11-25, with sessions',
  stateless: '2026-07-28, stateless',
  sessionless: '2025-11-25, without sessions',
}

export function kindOf(contender: string): Kind {
  for (const kind of ['barewire', 'base', 'floor'] as const) {
    if (contender === kind || contender.startsWith(`${kind}-`)) return kind
  }
  return 'others'
}

/** How a contender talks. A base build does as the barewire of the same suffix. */
export function wireOf(contender: string): Wire {
  const name = kindOf(contender) === 'base' ? contender.replace('base', 'barewire') : contender
  return CONTENDERS.find((each) => each.name === name)?.wire ?? 'session'
}

export const groupOf = (contender: string): string => GROUPS[wireOf(contender)]

const OURS: Readonly<Record<Exclude<Kind, 'others'>, string>> = {
  floor:
    'a bare node:http handler that parses the body and gives the same answers: the least that a server takes',
  barewire: 'this library',
  base: 'this library at the commit that it is compared with',
}

/**
 * What a name in the charts stands for.
 *
 * @param versions - of the peers, by family
 */
export function describeContender(contender: string, versions: Results['versions'] = {}): string {
  const kind = kindOf(contender)
  const { family = contender, packages = [], mode } = CONTENDERS.find(({ name }) => name === contender) ?? {}
  const who =
    kind === 'others' ? [packages[0] ?? family, versions[family]].filter(Boolean).join(' ') : OURS[kind]
  return `${who}; ${groupOf(contender)}${mode === undefined ? '' : `; its mode "${mode}"`}`
}

/** Its place in every chart: floor, barewire, base, then the peers. */
export function rankOf(contender: string): number {
  const isBase = kindOf(contender) === 'base'
  const name = isBase ? contender.replace('base', 'barewire') : contender
  const index = CONTENDERS.findIndex((each) => each.name === name)
  const place = index < 0 ? CONTENDERS.length : index
  const last = CONTENDERS.findLastIndex(({ family }) => family === 'barewire')
  return isBase ? last + (place + 1) / 100 : place
}

/** A colour for each of some contenders, no two alike. */
export function colorsOf(contenders: readonly string[]): string[] {
  let peers = 0
  return contenders.map((contender) => {
    const kind = kindOf(contender)
    if (kind !== 'others') return VARIANTS[kind][wireOf(contender)]
    return PEER_COLORS[peers++ % PEER_COLORS.length] as string
  })
}
