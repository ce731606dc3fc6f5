/** The options of `redisStore`, checked at construction. */

import { checkAll, checkCount, checkTime } from '../bounds/check-options.ts'
import { checkNames } from '../bounds/option-names.ts'
import { shown } from '../bounds/quote.ts'
import type { RedisClient } from './client.ts'

export interface RedisStoreOptions {
  /**
   * A client of `redis` (5, 6) or `ioredis` (5, 6), for one server, a cluster or what a sentinel names. It is connected if
   * it is not yet, and then also closed when the last node has left.
   */
  readonly client: RedisClient
  /**
   * Begins the names of all keys: applications with different prefixes do not see each other. Without braces.
   * @defaultValue 'barewire:'
   */
  readonly prefix?: string | undefined
  /** How long a node counts as alive after it was last heard of. @defaultValue 10 s */
  readonly leaseMs?: number | undefined
  /**
   * When commands get no reply for this time, they have failed, and the store counts as unreachable. While others get
   * theirs, a command may wait three times as long. @defaultValue 2 s
   */
  readonly timeoutMs?: number | undefined
  /**
   * Bytes of events and messages that wait while the store cannot be reached. Above it the oldest events are given up, and
   * clients find a gap. @defaultValue 16 MiB
   */
  readonly maxWaitingBytes?: number | undefined
  /** Messages to all nodes that are retained for those that were away, or join later. @defaultValue 10 000 */
  readonly maxRetainedMessages?: number | undefined
  /** How long these are retained. @defaultValue 5 minutes */
  readonly retainMs?: number | undefined
  /** Tasks of all, running or over. Above it the one that ended first is deleted; -32000 when all are running. @defaultValue 10 000 */
  readonly maxTasks?: number | undefined
  /** Tasks of one principal; above it the one that ended first is deleted, -32000 when all are running. @defaultValue 100 */
  readonly maxTasksPerPrincipal?: number | undefined
  /** Bytes of one task with its result. @defaultValue 16 MiB */
  readonly maxTaskBytes?: number | undefined
}

export interface RedisStoreSettings {
  readonly prefix: string
  readonly leaseMs: number
  readonly timeoutMs: number
  readonly maxWaitingBytes: number
  readonly maxRetainedMessages: number
  readonly retainMs: number
  readonly maxTasks: number
  readonly maxTasksPerPrincipal: number
  readonly maxTaskBytes: number
}

const MiB = 1024 * 1024
const COUNTS = {
  maxWaitingBytes: 16 * MiB,
  maxRetainedMessages: 10_000,
  maxTasks: 10_000,
  maxTasksPerPrincipal: 100,
  maxTaskBytes: 16 * MiB,
}
const TIMES = { leaseMs: 10_000, timeoutMs: 2000, retainMs: 300_000 }
/** Shorter ones are over before a node that lives has renewed them. */
const SHORTEST_MS = 100

/** @throws {TypeError} naming what is wrong */
export function checkRedisOptions(options: RedisStoreOptions): RedisStoreSettings {
  checkNames(options, ['client', 'prefix', ...Object.keys(COUNTS), ...Object.keys(TIMES)], 'redisStore.', {
    prefix: 'keyprefix namespace',
    client: 'redis url connection',
  })
  const { prefix = 'barewire:' } = options
  if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
    throw new TypeError(`redisStore.prefix must be a string without braces; got ${shown(prefix)}`)
  }
  const times = checkAll(options, TIMES, 'redisStore.', checkTime)
  for (const name of ['leaseMs', 'timeoutMs', 'retainMs'] as const) {
    if (times[name] >= SHORTEST_MS) continue
    throw new TypeError(`redisStore.${name} must be at least ${SHORTEST_MS} milliseconds; got ${times[name]}`)
  }
  const counts = checkAll(options, COUNTS, 'redisStore.', checkCount)
  // Redis knows no infinity.
  const maxRetainedMessages = Math.min(counts.maxRetainedMessages, Number.MAX_SAFE_INTEGER)
  return { prefix, ...times, ...counts, maxRetainedMessages }
}
