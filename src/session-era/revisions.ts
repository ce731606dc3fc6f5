/**
 * The revisions that share the session lifecycle, one row each. What differs between them is a column here, so
 * that no other file compares versions.
 */

import type { RevisionName } from '../protocol/revisions.ts'

export interface Revision {
  readonly name: RevisionName
  /** A POST body may be an array of messages. */
  readonly batches: boolean
  /** A resumable stream begins with an event that has an id and no data, and `retry:` has a meaning. */
  readonly sendsPrimingEvent: boolean
  /** Calls can become tasks, and tools say whether they do. */
  readonly hasTasks: boolean
  /** Types of content blocks that only later revisions define. */
  readonly missingBlockTypes: readonly string[]
}

const NONE: readonly string[] = []
const rows: readonly Revision[] = [
  // Its transport was HTTP+SSE; some of its clients use Streamable HTTP nevertheless.
  {
    name: '2024-11-05',
    batches: false,
    sendsPrimingEvent: false,
    hasTasks: false,
    missingBlockTypes: ['audio', 'resource_link'],
  },
  {
    name: '2025-03-26',
    batches: true,
    sendsPrimingEvent: false,
    hasTasks: false,
    missingBlockTypes: ['resource_link'],
  },
  { name: '2025-06-18', batches: false, sendsPrimingEvent: false, hasTasks: false, missingBlockTypes: NONE },
  { name: '2025-11-25', batches: false, sendsPrimingEvent: true, hasTasks: true, missingBlockTypes: NONE },
]

const byName: ReadonlyMap<string, Revision> = new Map(rows.map((row) => [row.name, row]))

/** Newest last. */
export const SESSION_REVISIONS: readonly RevisionName[] = rows.map((row) => row.name)

export function findRevision(name: string): Revision | undefined {
  // Nearly all clients speak the newest, and a name that came with a request has no hash yet.
  return name === LATEST.name ? LATEST : byName.get(name)
}

function row(name: RevisionName): Revision {
  const found = byName.get(name)
  if (found === undefined) throw new Error(`No session revision ${name}`)
  return found
}

/** What `initialize` answers to an unknown version. */
export const LATEST: Revision = row('2025-11-25')

/**
 * What a request without version header and without session is assumed to be.
 *
 * Spec: 2025-11-25 transports, "Protocol Version Header" {@link spec.versionHeader}.
 */
export const UNDECLARED: Revision = row('2025-03-26')
