/**
 * The shape of one requirement: one sentence of a specification that binds a server, said in our own words.
 *
 * Not here: the requirements themselves (one file a page of the specification, beside this one).
 */

/** REQUIRED counts as MUST, RECOMMENDED as SHOULD (RFC 2119). */
export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT'

export interface Requirement {
  /** `<page>.<what>`, kebab case; tests cite it in their title in square brackets. Never renamed. */
  readonly id: string
  readonly level: Level
  /** The section of the specification, with its anchor. */
  readonly section: string
  /** What the server does, as a test can see it. */
  readonly behavior: string
  /** Why barewire does not meet it, or cannot: then no test cites it. */
  readonly unmet?: string
}

/** One requirement in a page's table; `anchor` is `''` for a sentence before the first heading. */
export type Row = readonly [id: string, level: Level, anchor: string, behavior: string, unmet?: string]

/** The rows of one page as requirements. */
export function requirementsOf(page: string, rows: readonly Row[]): Requirement[] {
  return rows.map(([id, level, anchor, behavior, unmet]) => ({
    id,
    level,
    section: anchor === '' ? page : `${page}#${anchor}`,
    behavior,
    ...(unmet === undefined ? {} : { unmet }),
  }))
}

const site = 'https://modelcontextprotocol.io/specification'

/** The address of a page of 2025-11-25, or of another revision. */
export function pageOf(path: string, revision = '2025-11-25'): string {
  return `${site}/${revision}/${path}`
}

/** Reasons that several pages share. */
export const because = {
  application: 'a decision of the embedding application about its own data, which barewire cannot see',
  noStdio: 'barewire serves Streamable HTTP only',
  noPing: 'barewire sends no ping by itself: comments keep streams alive and idle sessions expire',
} as const
