/**
 * Sealed state: what a stateless server remembers of a call between its rounds, carried by the client that must
 * neither read nor change it.
 *
 *    base64url( version 1 | key id 4 | nonce 12 | tag 16 | ciphertext )       AES-256-GCM
 *
 * The binding (who, which method, which parameters) is authenticated with the text but not part of it, so a state
 * that is presented by somebody else or with another request does not open. The time of expiry is inside.
 *
 * Spec: 2026-07-28 multi round-trip requests, "Server Requirements" {@link spec.mrtr}.
 * A state can be presented again until it expires, as by a client whose answer was lost. What must not happen twice for
 * all that goes into `ctx.once` (once-memory.ts).
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { OnceMemory } from './once-memory.ts'
import type { SealOptions } from './seal-options.ts'

interface Key {
  readonly id: Buffer
  readonly secret: Buffer
}

const VERSION = 1
const KEY_ID_BYTES = 4
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES
const MIN_SECRET_BYTES = 32

export class Sealer {
  /** What was done in calls whose states are sealed here. */
  readonly once: OnceMemory
  readonly #keys: readonly [Key, ...Key[]]
  readonly #ttlMs: number
  readonly #maxLength: number

  /** @throws {TypeError} a key that is too short */
  constructor({ keys = [randomBytes(MIN_SECRET_BYTES)], ttlMs = 900_000, maxLength = 65_536 }: SealOptions) {
    const [first, ...rest] = keys.map(makeKey)
    if (first === undefined) throw new TypeError('requestState.keys must have at least one key')
    this.#keys = [first, ...rest]
    this.#ttlMs = ttlMs
    this.#maxLength = maxLength
    this.once = new OnceMemory(ttlMs)
  }

  /**
   * @param state - any JSON value
   * @param binding - what the state is bound to
   * @throws {McpError} ERR_STATE_TOO_LARGE
   */
  seal(state: unknown, binding: string): string {
    const expires = this.#ttlMs === 0 ? 0 : Date.now() + this.#ttlMs
    const [{ id, secret }] = this.#keys
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(binding))
    const text = Buffer.concat([cipher.update(JSON.stringify([expires, state]), 'utf8'), cipher.final()])
    const sealed = Buffer.concat([Buffer.of(VERSION), id, nonce, cipher.getAuthTag(), text]).toString(
      'base64url',
    )
    if (sealed.length <= this.#maxLength) return sealed
    const problem = `The state of the call takes ${sealed.length} characters, above the limit of ${this.#maxLength}`
    throw new McpError('ERR_STATE_TOO_LARGE', problem)
  }

  /** @throws {RpcError} -32602, the state was not sealed here, for this caller and this request, or has expired */
  open(sealed: unknown, binding: string): unknown {
    if (typeof sealed !== 'string' || sealed.length > this.#maxLength || !/^[\w-]+$/.test(sealed)) {
      throw rejected('it is not one of ours')
    }
    const bytes = Buffer.from(sealed, 'base64url')
    // Buffer.from forgives stray bits in the last character; a state has one spelling only.
    if (bytes.length <= HEAD_BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== sealed) {
      throw rejected('it is not one of ours')
    }
    const keyId = bytes.subarray(1, 1 + KEY_ID_BYTES)
    const key = this.#keys.find(({ id }) => id.equals(keyId))
    if (key === undefined) throw rejected('it was sealed with another key')
    const nonce = bytes.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(binding))
      .setAuthTag(bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES))
    let text: string
    try {
      text = Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8')
    } catch {
      throw rejected('it was changed, or belongs to another caller or another request')
    }
    const [expires, state] = JSON.parse(text) as [number, unknown]
    if (expires !== 0 && Date.now() > expires) throw rejected('it has expired')
    return state
  }
}

/**
 * A digest of the parameters that say what a request is, the same however its members are ordered.
 *
 * Large parameters count as the same only in the order in which they came, beyond {@link MAX_SORTED} members.
 *
 * @param params - without what changes from round to round
 * @throws {RpcError} -32602, nested too deeply to be compared
 */
export function digestParams(params: unknown): string {
  const text = JSON.stringify(inOrder(params, 0, { left: MAX_SORTED })) ?? 'null'
  return createHash('sha256').update(text).digest('base64url')
}

const MAX_DEPTH = 256

/** Members of objects that are put in order. Sorting them takes microseconds each where a client chose them to. */
const MAX_SORTED = 25_000

/**
 * The value with the members of its objects by name. What is in order already is not copied, so that most of the work
 * is left to JSON.stringify, which is ten times as fast as any code here.
 */
function inOrder(value: unknown, depth: number, budget: { left: number }): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) {
    throw new RpcError(ErrorCode.INVALID_PARAMS, `The parameters are nested deeper than ${MAX_DEPTH} levels`)
  }
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    for (let i = 0; i < value.length; i++) {
      const item = inOrder(value[i], depth + 1, budget)
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
    const member = inOrder(members[name], depth + 1, budget)
    if (member !== members[name]) copy ??= { ...members }
    if (copy === undefined) continue
    if (name !== '__proto__') copy[name] = member
    else Object.defineProperty(copy, name, { value: member, enumerable: true, configurable: true })
  }
  return copy ?? value
}

function makeKey(given: string | Uint8Array): Key {
  const bytes = typeof given === 'string' ? Buffer.from(given) : given
  if (!(bytes instanceof Uint8Array) || bytes.length < MIN_SECRET_BYTES) {
    throw new TypeError(`A key of requestState.keys must have at least ${MIN_SECRET_BYTES} bytes`)
  }
  const secret = createHash('sha256').update('barewire request state').update(bytes).digest()
  return { secret, id: createHash('sha256').update(secret).digest().subarray(0, KEY_ID_BYTES) }
}

function rejected(reason: string): RpcError {
  return new RpcError(
    ErrorCode.INVALID_PARAMS,
    `The requestState is not valid: ${reason}; start the request anew`,
  )
}
