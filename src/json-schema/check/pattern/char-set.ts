/**
 * Character sets: what one place of a pattern accepts, a letter, `\d`, `[^/]` or `\p{L}`.
 *
 * The platform's own regular expressions decide what is in a set, one character at a time, which no pattern can make
 * slow. The results for ASCII are kept as bits.
 */

/** A character in the sense of the pattern: a code point in Unicode mode, else a UTF-16 unit. */
type Code = number

const ASCII_WORDS = 4

/** Classes and escapes that have ASCII characters alone: `\d`, `[a-z_-]`. */
const ASCII_ONLY =
  /^(?:\\[dw]|\[(?!\^)(?:[^\\\]\x7f-\uffff]|\\[dwtnrfv\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e])*\])$/

export class CharSet {
  /** As the pattern writes it. */
  readonly source: string
  readonly flags: string
  /** The only character of the set; -1 when it is a class. */
  readonly code: Code
  /** One bit for each ASCII character. */
  readonly ascii = new Int32Array(ASCII_WORDS)
  /** Whether it is certain that nothing beyond ASCII is in the set. */
  readonly asciiOnly: boolean
  readonly #native: RegExp | undefined

  /** @param code - of a literal character; -1 for a class or an escape */
  constructor(source: string, flags: string, code: Code) {
    this.source = source
    this.flags = flags
    this.code = code
    this.asciiOnly = code === -1 ? ASCII_ONLY.test(source) : code < 128
    if (code === -1) {
      this.#native = new RegExp(`^(?:${source})$`, flags)
      for (let at = 0; at < 128; at++) if (this.#native.test(String.fromCharCode(at))) this.#add(at)
    } else if (code < 128) this.#add(code)
  }

  #add(code: number): void {
    this.ascii[code >> 5] = (this.ascii[code >> 5] as number) | (1 << (code & 31))
  }

  has(code: Code): boolean {
    if (code < 128) return (((this.ascii[code >> 5] as number) >>> (code & 31)) & 1) === 1
    if (this.asciiOnly) return false
    return this.#native === undefined ? this.code === code : this.#native.test(String.fromCodePoint(code))
  }
}

/** Characters beyond ASCII by which sets may differ: a sample of all scripts, and those that the classes name. */
function samples(sets: readonly CharSet[]): Set<Code> {
  const codes = new Set<Code>()
  if (sets.every((set) => set.asciiOnly)) return codes
  for (let code = 0x80; code < 0x600; code += 3) codes.add(code)
  for (let code = 0x600; code < 0x20000; code += code < 0x10000 ? 97 : 509) codes.add(code)
  for (const code of [0xa0, 0x1680, 0x2000, 0x2028, 0x3000, 0xfeff, 0xd800, 0xdfff]) codes.add(code)
  // Characters that a class names, and their neighbours.
  for (const { source } of sets) {
    const named = source.matchAll(/\\(?:u\{?|x)([\da-fA-F]{2,6})|[^\0-\x7f]/gu)
    for (const [text, hex] of named) {
      const code = hex === undefined ? (text.codePointAt(0) as number) : Number.parseInt(hex, 16)
      for (const near of [code - 1, code, code + 1]) if (near >= 0x80 && near <= 0x10ffff) codes.add(near)
    }
  }
  return codes
}

/**
 * Groups characters by the sets that contain them.
 *
 * @returns for each group, its sets: those that one and the same character can match
 */
export function groupsOf(sets: readonly CharSet[]): ReadonlySet<CharSet>[] {
  const groups = new Map<string, ReadonlySet<CharSet>>()
  for (const code of [...Array(128).keys(), ...samples(sets)]) {
    let key = ''
    for (const set of sets) key += set.has(code) ? '1' : '0'
    if (!groups.has(key)) groups.set(key, new Set(sets.filter((_, i) => key[i] === '1')))
  }
  return [...groups.values()]
}
