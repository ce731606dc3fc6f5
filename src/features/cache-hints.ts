/**
 * Cache hints: how long clients may cache results, by kind of result.
 *
 * The default, `private` and 0, allows no caching: only the developer knows how long a result stays valid. `public` says
 * that it is the same for every caller.
 *
 * Spec: 2026-07-28 caching {@link spec.caching}, SEP-2549.
 */

import { checkNames } from '../bounds/option-names.ts'
import type { Given } from '../bounds/option-types.ts'
import { shown } from '../bounds/quote.ts'
import type { CacheHint } from '../dispatch/rpc-exchange.ts'

export interface CacheOptions {
  /** For `server/discover`. */
  readonly discover?: Given<CacheHint> | undefined
  /** For `tools/list`. */
  readonly tools?: Given<CacheHint> | undefined
  /** For `prompts/list`. */
  readonly prompts?: Given<CacheHint> | undefined
  /** For `resources/list`. */
  readonly resources?: Given<CacheHint> | undefined
  /** For `resources/templates/list`. */
  readonly resourceTemplates?: Given<CacheHint> | undefined
  /** For `resources/read`, where the resource has no hint of its own. */
  readonly read?: Given<CacheHint> | undefined
}

export type CacheHints = { readonly [Kind in keyof Required<CacheOptions>]: CacheHint }

const KINDS = ['discover', 'tools', 'prompts', 'resources', 'resourceTemplates', 'read'] as const

/** @throws {TypeError} naming the option */
export function checkCacheOptions(options: CacheOptions): CacheHints {
  checkNames(options, KINDS, 'cache.')
  const hints = KINDS.map((kind) => [kind, checkCacheHint(options[kind] ?? {}, `cache.${kind}`)] as const)
  return Object.fromEntries(hints) as CacheHints
}

/** @throws {TypeError} naming the option */
export function checkCacheHint(hint: Given<CacheHint>, name: string): CacheHint {
  checkNames(hint, ['ttlMs', 'scope'], `${name}.`)
  const { ttlMs = 0, scope = 'private' } = hint
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 0) {
    throw new TypeError(`${name}.ttlMs must be 0 or a positive integer of milliseconds; got ${shown(ttlMs)}`)
  }
  if (scope !== 'public' && scope !== 'private') {
    throw new TypeError(`${name}.scope must be public or private; got ${shown(scope)}`)
  }
  return { ttlMs, scope }
}
