/**
 * JSON and base64url with one meaning only. What two readers could read differently is refused: a member that occurs
 * twice, padding, stray bits in the last character, bytes that are not UTF-8.
 *
 * Spec: RFC 7515 section 2 and 4 (names must be unique), RFC 8725 section 2.4.
 */

import { isUtf8 } from 'node:buffer'

export type JsonMembers = { readonly [name: string]: unknown }

const BASE64URL = /^[\w-]*$/

/** @returns undefined: it is not base64url, or not the one spelling of its bytes */
export function decodeBase64url(text: string): Buffer | undefined {
  if (!BASE64URL.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** @returns undefined: it is no JSON object, or has a member twice */
export function parseObject(bytes: Uint8Array): JsonMembers | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || hasDuplicate(text)) {
    return undefined
  }
  return value as JsonMembers
}

/**
 * Whether any object has a member twice, which `JSON.parse` does not tell. Linear in the length of the text.
 *
 * @param text - valid JSON
 */
export function hasDuplicate(text: string): boolean {
  /** The names of each object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names !== undefined && isName(text, end + 1)) {
        const name = JSON.parse(text.slice(at, end + 1)) as string
        if (names.has(name)) return true
        names.add(name)
      }
      at = end
    }
  }
  return false
}

/** Whether a string that ended before `at` is the name of a member. */
function isName(text: string, at: number): boolean {
  let next = at
  while (' \t\n\r'.includes(text[next] ?? ':')) next++
  return text[next] === ':'
}

/** The position of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return text.length
}
