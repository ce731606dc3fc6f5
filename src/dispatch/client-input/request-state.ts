/**
 * Request state: what a stateless server has the client carry from one round trip of a call to the next. It is sealed, so
 * that the client can neither read nor change it (key-ring.ts), and bound to the caller, the method and the parameters.
 * The time of expiry is inside.
 *
 * Where processes share a store, they share the keys too (shared-keys.ts), unless the application gives some.
 *
 * A state can be presented again until it expires, as by a client that did not get the response. What must not happen
 * twice goes into `ctx.once` (once-memory.ts).
 *
 * Spec: 2026-07-28 multi round-trip requests, "Server Requirements (Basic Workflow)" {@link spec.mrtr}.
 */

import { createHash } from 'node:crypto'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { NodeChannel } from '../../store/node-channel.ts'
import { KeyRing } from '../key-ring.ts'
import { SharedKeys } from '../shared-keys.ts'
import { OnceMemory } from './once-memory.ts'
import type { SealOptions } from './request-state-options.ts'

export class RequestStateSealer {
  /** What was done in calls whose states are sealed here. */
  readonly once: OnceMemory
  readonly #keys: KeyRing
  /** Undefined where the keys are given, or are of this process. */
  readonly #shared: SharedKeys | undefined
  readonly #ttlMs: number
  readonly #maxLength: number

  /**
   * @param channel - to other nodes, which share keys unless keys are given
   * @throws {TypeError} a key that is too short
   */
  constructor({ keys, ttlMs = 900_000, maxLength = 65_536 }: SealOptions, channel?: NodeChannel) {
    const isShared = channel !== undefined && keys === undefined
    this.#keys = new KeyRing(isShared ? 'shared' : keys, 'barewire request state', 'requestState.keys')
    this.#shared = isShared ? new SharedKeys(channel, this.#keys, 'requestState', ttlMs) : undefined
    this.#ttlMs = ttlMs
    this.#maxLength = maxLength
    this.once = new OnceMemory(ttlMs)
  }

  get isShared(): boolean {
    return this.#shared !== undefined
  }

  /** See `SharedKeys.beforeSeal`. */
  beforeSeal(): Promise<void> | undefined {
    return this.#shared?.beforeSeal()
  }

  /** See `SharedKeys.beforeOpen`. */
  beforeOpen(sealed: unknown): Promise<void> | undefined {
    return this.#shared?.beforeOpen(sealed)
  }

  close(): void {
    this.#shared?.close()
  }

  /**
   * @param state - any JSON value
   * @param binding - what the state is bound to
   * @throws {McpError} ERR_STATE_TOO_LARGE
   */
  seal(state: unknown, binding: string): string {
    const expires = this.#ttlMs === 0 ? 0 : Date.now() + this.#ttlMs
    const sealed = this.#keys.seal(JSON.stringify([expires, state]), binding)
    if (sealed.length <= this.#maxLength) return sealed
    const problem = `The state of the call takes ${sealed.length} characters, above the limit of ${this.#maxLength}`
    throw new McpError('ERR_STATE_TOO_LARGE', problem)
  }

  /** @throws {RpcError} -32602, the state was not sealed here, for this caller and this request, or has expired */
  open(sealed: unknown, binding: string): unknown {
    if (typeof sealed !== 'string' || sealed.length > this.#maxLength) throw rejected('it is not one of ours')
    const text = this.#keys.open(sealed, binding)
    if (typeof text === 'string') throw rejected(text)
    const [expires, state] = JSON.parse(text.toString('utf8')) as [number, unknown]
    if (expires !== 0 && Date.now() > expires) throw rejected('it has expired')
    return state
  }
}

/**
 * A digest of the parameters that say what a request is, the same however its members are ordered.
 *
 * Beyond {@link MAX_SORTED} members, parameters count as the same only in the order in which they were sent.
 *
 * @param params - without what changes from one round trip to the next
 * @throws {RpcError} -32602, nested too deeply to be compared
 */
export function digestParams(params: unknown): string {
  const text = JSON.stringify(sorted(params, 0, { left: MAX_SORTED })) ?? 'null'
  return createHash('sha256').update(text).digest('base64url')
}

const MAX_DEPTH = 256

/** Members of objects that are sorted. A client can choose members that take microseconds each to sort. */
const MAX_SORTED = 25_000

/**
 * The value with the members of its objects sorted by name. What is in order already is not copied: JSON.stringify, which
 * does the rest, is ten times as fast as any code here.
 */
function sorted(value: unknown, depth: number, budget: { left: number }): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) {
    throw new RpcError(ErrorCode.INVALID_PARAMS, `The parameters are nested deeper than ${MAX_DEPTH} levels`)
  }
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    for (let i = 0; i < value.length; i++) {
      const item = sorted(value[i], depth + 1, budget)
      if (item === value[i]) continue
      copy ??= [...value]
      copy[i] = item
    }
    return copy ?? value
  }
  const members = value as { readonly [name: string]: unknown }
  const names = Object.keys(members)
  let copy: { [name: string]: unknown } | undefined
  if (names.length <= budget.left && names.some((name, i) => i > 0 && name < (names[i - 1] as string))) {
    budget.left -= names.length
    names.sort()
    copy = {}
  }
  for (const name of names) {
    const member = sorted(members[name], depth + 1, budget)
    if (member !== members[name]) copy ??= { ...members }
    if (copy === undefined) continue
    if (name !== '__proto__') copy[name] = member
    else Object.defineProperty(copy, name, { value: member, enumerable: true, configurable: true })
  }
  return copy ?? value
}

function rejected(reason: string): RpcError {
  return new RpcError(
    ErrorCode.INVALID_PARAMS,
    `The requestState is not valid: ${reason}; start the request anew`,
  )
}
