/** The revisions that share the stateless lifecycle, one row each. */

import type { RevisionName } from '../protocol/revisions.ts'

export interface Revision {
  readonly name: RevisionName
}

const rows: readonly Revision[] = [{ name: '2026-07-28' }]

const byName: ReadonlyMap<string, Revision> = new Map(rows.map((row) => [row.name, row]))

/** Newest first: what `server/discover` offers. */
export const STATELESS_REVISIONS: readonly RevisionName[] = rows.map((row) => row.name)

export function findRevision(name: string): Revision | undefined {
  return byName.get(name)
}
