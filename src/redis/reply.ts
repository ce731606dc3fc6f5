/**
 * Replies of Redis, as the clients give them: texts as strings or buffers, maps as arrays (RESP2), objects or `Map` (RESP3).
 * What has another form than expected is foreign, and treated as absent.
 */

import { Buffer } from 'node:buffer'

/** @returns undefined: it is no text */
export function asText(reply: unknown): string | undefined {
  if (typeof reply === 'string') return reply
  return reply instanceof Uint8Array ? Buffer.from(reply).toString() : undefined
}

export function asNumber(reply: unknown): number {
  return Number(typeof reply === 'number' || typeof reply === 'bigint' ? reply : asText(reply))
}

export function asList(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}

export function asTexts(reply: unknown): string[] {
  return asList(reply).map((item) => asText(item) ?? '')
}

/** Of a stream: its id and the number that this begins with, and its fields with their values, one after the other. */
export interface StreamEntry {
  readonly id: string
  readonly sequence: number
  readonly fields: readonly string[]
}

/** Of the entries of one stream, those that have the form of entries. */
export function asEntries(reply: unknown): StreamEntry[] {
  const entries: StreamEntry[] = []
  for (const item of asList(reply)) {
    const [first, fields] = asList(item)
    const id = asText(first) ?? ''
    const sequence = Number.parseInt(id, 10)
    if (!Number.isNaN(sequence)) entries.push({ id, sequence, fields: asTexts(fields) })
  }
  return entries
}

/** Of XREAD: the entries of each stream, by its key. */
export function asStreams(reply: unknown): Map<string, StreamEntry[]> {
  const streams = new Map<string, StreamEntry[]>()
  for (const [key, entries] of pairsOf(reply)) streams.set(asText(key) ?? '', asEntries(entries))
  return streams
}

function pairsOf(reply: unknown): Iterable<readonly [unknown, unknown]> {
  if (reply === null || reply === undefined) return []
  if (reply instanceof Map) return reply
  if (!Array.isArray(reply)) return Object.entries(reply)
  // RESP2 has [key, entries] for each; RESP3 read as an array has key, entries, key, entries.
  if (Array.isArray(reply[0])) return reply as [unknown, unknown][]
  const pairs: [unknown, unknown][] = []
  for (let place = 0; place + 1 < reply.length; place += 2) pairs.push([reply[place], reply[place + 1]])
  return pairs
}

/** The value of a field of an entry. */
export function fieldOf({ fields }: StreamEntry, name: string): string | undefined {
  for (let place = 0; place + 1 < fields.length; place += 2) {
    if (fields[place] === name) return fields[place + 1]
  }
  return undefined
}
