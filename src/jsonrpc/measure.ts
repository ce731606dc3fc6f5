/**
 * Measures a JSON body before it is parsed: how deep it is nested, and about how many values it holds.
 *
 * JSON.parse has no bound of its own. Whatever walks the parsed value afterwards (comparing, hashing, writing it as
 * JSON again) is recursive, and one level costs an attacker one byte. An object in an array, or a member with a name
 * that no other has, costs V8 a third to two thirds of a microsecond, and an attacker three to eight bytes. So both are
 * refused here, and a name counts for more where it is new, in two steps:
 *
 *   text    fewer brackets than the bound has levels?   searched by the platform: almost no cost
 *           fewer bytes than the bound has values?
 *   bytes   levels and values counted, one by one       one to two nanoseconds for each byte, an eighth to a third of
 *           names told apart by a hash                  what JSON.parse takes for objects
 *
 * Bytes are enough for the count: in UTF-8 every byte of a longer character is above 0x7f.
 *
 * Invariant: for valid JSON the depth is exact. For other text it may be wrong in either direction, which does no
 * harm: such a body is refused by JSON.parse, if not here.
 */

import { ErrorCode } from '../protocol/error-codes.ts'
import { RpcError } from './rpc-error.ts'

/** Limits of one body; `Infinity`: no limit. */
export interface BodyLimits {
  /** Arrays and objects inside each other. */
  readonly maxDepth: number
  /** Values and names of members, about; a name that no other member has counts as seven. */
  readonly maxValues: number
}

export const UNLIMITED: BodyLimits = {
  maxDepth: Number.POSITIVE_INFINITY,
  maxValues: Number.POSITIVE_INFINITY,
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

const PLAIN = 0
const STRING = 1
const OPEN = 2
const CLOSE = 3
const COMMA = 4
const COLON = 5

/** What each byte means outside of strings. */
const MEANING = new Uint8Array(256)
MEANING[QUOTE] = STRING
for (const character of '[{') MEANING[character.charCodeAt(0)] = OPEN
for (const character of ']}') MEANING[character.charCodeAt(0)] = CLOSE
MEANING[','.charCodeAt(0)] = COMMA
MEANING[':'.charCodeAt(0)] = COLON

/** A name that no other member has costs about as much as this many numbers. */
const NEW_NAME = 6
/**
 * One bit for each hash of a name: of 60,000 names about 57,000 are counted. Lifecycle: made for the first large body, cleared for
 * each.
 */
let seenNames: Uint8Array | undefined
const NAME_BITS = 19

/** Bytes of a string that are read one by one, before its end is searched for: starting a search takes as long. */
const SEARCH_AFTER = 64

/**
 * Whether a body is so short, and holds so few brackets, that it cannot be above its limits. Most bodies are, and need no
 * count.
 *
 * @param text - the whole body, decoded
 */
export function isWithin(text: string, { maxDepth, maxValues }: BodyLimits): boolean {
  return text.length <= maxValues && isShallow(text, maxDepth)
}

function isShallow(text: string, maxDepth: number): boolean {
  // Each level takes two characters.
  if (text.length < 2 * (maxDepth + 1)) return true
  let brackets = 0
  for (const bracket of '[{') {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++brackets > maxDepth) return false
    }
  }
  return true
}

/**
 * Checks the nesting and the number of values of a body.
 *
 * @param bytes - the whole body
 * @returns how often `[`, `{`, `,` and `:` occur outside of strings: not less than the number of values in valid JSON,
 *   without the outermost one
 * @throws {RpcError} -32700, nested more deeply, or more values
 */
export function measureBody(bytes: Uint8Array, { maxDepth, maxValues }: BodyLimits = UNLIMITED): number {
  const { length } = bytes
  const names = maxValues === Number.POSITIVE_INFINITY ? undefined : new Names()
  let depth = 0
  let values = 0
  let stringStart = 0
  let stringEnd = 0
  for (let i = 0; i < length; i++) {
    const meaning = MEANING[bytes[i] as number]
    if (meaning === PLAIN) continue
    if (meaning === COMMA) values++
    else if (meaning === STRING) {
      stringStart = i + 1
      stringEnd = i = endOfString(bytes, stringStart)
    } else if (meaning === COLON) {
      values++
      names?.add(bytes, stringStart, stringEnd)
      // Each string is read once, whatever follows it.
      stringStart = stringEnd
    } else if (meaning === CLOSE) depth--
    else {
      values++
      if (++depth > maxDepth) throw tooDeep(maxDepth)
    }
  }
  const counted = values + NEW_NAME * (names?.size ?? 0)
  if (counted > maxValues) throw tooManyValues(counted, maxValues)
  return values
}

/** Counts the names of one body that differ: never too many, and some too few where hashes are the same. */
class Names {
  size = 0
  readonly #seen: Uint8Array
  /** Makes it hard to choose names whose hashes are the same: they would count as names that repeat. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32)

  constructor() {
    seenNames ??= new Uint8Array(2 ** (NAME_BITS - 3))
    this.#seen = seenNames.fill(0)
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    // FNV-1a
    let hash = this.#seed
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> (32 - NAME_BITS)
    const at = hash >>> 3
    const bit = 1 << (hash & 7)
    const seen = this.#seen[at] as number
    if ((seen & bit) !== 0) return
    this.#seen[at] = seen | bit
    this.size++
  }
}

/** The position of the quote that ends a string, or the end of the body. */
function endOfString(bytes: Uint8Array, start: number): number {
  const { length } = bytes
  for (let i = start; ; ) {
    const stop = Math.min(i + SEARCH_AFTER, length)
    for (; i < stop; i++) {
      const byte = bytes[i]
      if (byte === QUOTE) return i
      if (byte === BACKSLASH) i++
    }
    const end = bytes.indexOf(QUOTE, i)
    if (end === -1) return length
    // An odd number of backslashes before it makes the quote part of the string.
    let before = end
    while (before > i && bytes[before - 1] === BACKSLASH) before--
    if ((end - before) % 2 === 0) return end
    i = end + 1
  }
}

function tooDeep(maxDepth: number): RpcError {
  return parseError(`the body is nested more than ${maxDepth} levels deep, the limit (option maxBodyDepth)`)
}

function tooManyValues(values: number, maxValues: number): RpcError {
  return parseError(
    `the body holds about ${values} values and names, of which a new name counts as ${NEW_NAME + 1}, above ${maxValues}, the limit (option maxBodyValues)`,
  )
}

function parseError(problem: string): RpcError {
  return new RpcError(ErrorCode.PARSE_ERROR, `Parse error: ${problem}`)
}
