/**
 * How many bytes of the heap a value from a client takes, so that a limit in bytes limits memory and not characters: two
 * characters of JSON, `[]`, can become 50 bytes.
 *
 * The figures are those of V8 on 64 bits, rounded up: the worst forms of JSON were measured (Node 20: keys that no
 * other object has, where each key has a hidden class of its own; empty arrays in arrays; objects of one numeric
 * key), and none takes more than is said here. Usual ones take a half to a fifth of it.
 */

import { Buffer } from 'node:buffer'

const STRING = 24
const SCALAR = 16
const ARRAY = 56
const OBJECT = 64
/** Besides its name and its value: its slot, and its part of a hidden class or of a dictionary. */
const PROPERTY = 112

/** One character beyond Latin-1 makes a string that has two bytes for each of its characters. */
const WIDE = /[^\0-\xff]/

/** Bytes of heap that a string takes. */
export function textBytes(text: string): number {
  return STRING + (WIDE.test(text) ? 2 * text.length : text.length)
}

/** Bytes of heap that a JSON value takes. Linear in its size, whatever its depth. */
export function heapBytes(value: unknown): number {
  let bytes = 0
  const waiting = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next === 'string') bytes += textBytes(next)
    else if (typeof next !== 'object' || next === null) bytes += SCALAR
    else if (Array.isArray(next)) {
      bytes += ARRAY
      for (const item of next) waiting.push(item)
    } else {
      bytes += OBJECT
      for (const [key, member] of Object.entries(next)) {
        bytes += PROPERTY + textBytes(key)
        waiting.push(member)
      }
    }
  }
  return bytes
}

/**
 * A copy of a text. A part of a string can keep the whole string in memory, such as an id that a token verifier cut out of
 * a header of 16 KB.
 */
export function ownText(text: string): string {
  const encoding = WIDE.test(text) ? 'utf16le' : 'latin1'
  return Buffer.from(text, encoding).toString(encoding)
}
