/**
 * What is known of servers: how each origin is spoken to. It says what to try first, and never more than that: a server
 * may be replaced by another.
 *
 * Lifecycle: the process; at most MAX_ORIGINS, the least recently used go first.
 *
 * Spec: 2026-07-28 versioning, "Backward Compatibility" {@link spec.versioning}.
 */

export type KnownEra = 'stateless' | 'session' | 'http-sse'

const MAX_ORIGINS = 1000
const known = new Map<string, KnownEra>()

export function recall(origin: string): KnownEra | undefined {
  const era = known.get(origin)
  if (era !== undefined) remember(origin, era)
  return era
}

export function remember(origin: string, era: KnownEra): void {
  known.delete(origin)
  known.set(origin, era)
  if (known.size > MAX_ORIGINS) for (const oldest of known.keys()) if (known.delete(oldest)) break
}

/** For tests, and for whoever knows that a server was replaced. */
export function forgetServers(): void {
  known.clear()
}
