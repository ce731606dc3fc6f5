/**
 * Key ring: seals text that a client carries for the server and can neither read nor change. Any process with the same
 * keys opens it.
 *
 *    base64url( version 1 | key id 4 | nonce 12 | tag 16 | ciphertext )       AES-256-GCM
 *
 * The first key seals, all of them open. The binding (for whom and for what) is authenticated with the text but not
 * part of it, so what is presented by another caller or for another purpose does not open.
 *
 * Not here: the content of the text, and its expiry (request-state.ts, session-era/sealed-ids.ts).
 */

import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { kindOf } from '../bounds/quote.ts'
import { StoreAwayError } from './store-error.ts'

/** Secrets of at least 32 bytes or characters. */
export type Keys = readonly (string | Uint8Array)[]

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
/** Characters that have version and key id. */
const HEAD_LENGTH = 8

/** The characters in what `seal` returns that come from the nonce alone, and are unique to each sealed text. */
const MARK = [8, 20] as const

export class KeyRing {
  readonly #purpose: string
  /** Undefined until the one random key is made: some runtimes give no random numbers while a program loads. */
  #keys: readonly Key[] | undefined

  /**
   * @param keys - undefined: one random key; 'shared': none, until `use` gives it some
   * @param purpose - what is sealed for one purpose does not open for another one, with the same keys
   * @param option - what the keys are called in an error
   * @throws {TypeError} no key, or one that is too short
   */
  constructor(keys: Keys | 'shared' | undefined, purpose: string, option: string) {
    this.#purpose = purpose
    if (keys === 'shared') this.#keys = []
    if (keys === undefined || keys === 'shared') return
    if (!Array.isArray(keys)) throw new TypeError(`${option} must be an array of keys; got ${kindOf(keys)}`)
    const [first, ...rest] = keys.map((key) => makeKey(key, purpose, option))
    if (first === undefined) throw new TypeError(`${option} must have at least one key`)
    this.#keys = [first, ...rest]
  }

  get hasKeys(): boolean {
    return this.#all.length > 0
  }

  /** Replaces all keys. The first one seals. */
  use(keys: Keys): void {
    this.#keys = keys.map((key) => makeKey(key, this.#purpose, 'the store'))
  }

  /** Whether a text says that it was sealed with a key that is not one of these. */
  lacksKeyOf(sealed: string): boolean {
    const head = Buffer.from(sealed.slice(0, HEAD_LENGTH), 'base64url')
    return head[0] === VERSION && this.#find(head) === undefined
  }

  /** @throws {StoreAwayError} no key has come from the store yet */
  seal(text: string | Uint8Array, binding: string): string {
    const [first] = this.#all
    if (first === undefined) throw new StoreAwayError()
    const { id, secret } = first
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(binding))
    const bytes = Buffer.concat([cipher.update(Buffer.from(text)), cipher.final()])
    const head = [Buffer.of(VERSION), id, nonce, cipher.getAuthTag()]
    return Buffer.concat([...head, bytes]).toString('base64url')
  }

  /** @returns the text, or the reason why it does not open */
  open(sealed: string, binding: string): Buffer | string {
    if (!/^[\w-]+$/.test(sealed)) return 'it is not one of ours'
    const bytes = Buffer.from(sealed, 'base64url')
    // Buffer.from ignores stray bits in the last character; a sealed text has one spelling only.
    if (bytes.length <= HEAD_BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== sealed) {
      return 'it is not one of ours'
    }
    const key = this.#find(bytes)
    if (key === undefined) return 'it was sealed with another key'
    const nonce = bytes.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(binding))
      .setAuthTag(bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()])
    } catch {
      return 'it was changed, or belongs to another caller or another request'
    }
  }

  #find(bytes: Buffer): Key | undefined {
    const keyId = bytes.subarray(1, 1 + KEY_ID_BYTES)
    return this.#all.find(({ id }) => id.equals(keyId))
  }

  get #all(): readonly Key[] {
    this.#keys ??= [makeKey(randomBytes(MIN_SECRET_BYTES), this.#purpose, '')]
    return this.#keys
  }
}

/** A part of a sealed text that is unique to it. V8 copies so short a part, and keeps no reference to the whole. */
export function markOf(sealed: string): string {
  return sealed.slice(...MARK)
}

function makeKey(given: unknown, purpose: string, option: string): Key {
  const bytes = typeof given === 'string' ? Buffer.from(given) : given
  if (!(bytes instanceof Uint8Array) || bytes.length < MIN_SECRET_BYTES) {
    const got = bytes instanceof Uint8Array ? bytes.length : kindOf(given)
    throw new TypeError(
      `A key of ${option} must have at least ${MIN_SECRET_BYTES} bytes or characters; got ${got}`,
    )
  }
  const secret = createHash('sha256').update(purpose).update(bytes).digest()
  return { secret, id: createHash('sha256').update(secret).digest().subarray(0, KEY_ID_BYTES) }
}
