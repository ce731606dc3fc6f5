/**
 * What is known of servers: how each origin is spoken to. It says what to try first, and never more than that: a server
 * may be replaced by another.
 *
 *    learnt      by a client that was free to choose, never with option `revision` or `first: 'initialize'`
 *    forgotten   MAX_AGE_MS after it was learnt, so that a server which has learnt a newer revision is spoken to in it;
 *                when connecting fails, or a session is gone, since the server may have been replaced
 *
 * Lifecycle: the process; at most MAX_ORIGINS, the least recently used go first.
 *
 * Spec: 2026-07-28 versioning, "Backward Compatibility with Initialization-Based Versions" {@link spec.versioning}.
 */

export type KnownEra = 'stateless' | 'session' | 'http-sse'

interface Memory {
  readonly era: KnownEra
  /** Use does not renew it. */
  readonly learntMs: number
}

const MAX_ORIGINS = 1000
const MAX_AGE_MS = 600_000
const known = new Map<string, Memory>()

export function recall(origin: string): KnownEra | undefined {
  const memory = known.get(origin)
  if (memory === undefined) return undefined
  known.delete(origin)
  const ageMs = Date.now() - memory.learntMs
  // A clock that was set back says nothing of the age.
  if (ageMs < 0 || ageMs >= MAX_AGE_MS) return undefined
  known.set(origin, memory)
  return memory.era
}

export function remember(origin: string, era: KnownEra): void {
  if (recall(origin) === era) return
  known.delete(origin)
  known.set(origin, { era, learntMs: Date.now() })
  if (known.size > MAX_ORIGINS) for (const oldest of known.keys()) if (known.delete(oldest)) break
}

/** What was learnt may be wrong. */
export function forget(origin: string): void {
  known.delete(origin)
}

/**
 * Forgets which revision servers were spoken to in, which `connect` remembers for 10 minutes. For programs that
 * know that a server was replaced, and for tests.
 */
export function forgetServers(): void {
  known.clear()
}
