/**
 * From the source of a regular expression (ECMA-262) to a tree of its parts.
 *
 * The source is known to be valid, since the platform has compiled it; so only its structure is read here, and character
 * classes are kept as they are. Groups capture nothing: the result is only whether there is a match.
 *
 * Both modes are read: Unicode mode, in which patterns are tried first, and the older one, where almost any character may
 * be escaped and a stray brace is a literal.
 *
 * Not here: back-references and inline flags, which no automaton can follow: `parsePattern` gives undefined.
 */

import { CharSet } from './char-set.ts'

export type Tree =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Tree[] }
  | { readonly kind: 'choice'; readonly branches: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly min: number; readonly max: number }
  | { readonly kind: 'edge'; readonly edge: Edge }
  | { readonly kind: 'lookaround'; readonly part: Tree; readonly ahead: boolean; readonly wanted: boolean }

/** Assertions that read no character: `^`, `$`, `\b` and `\B`. */
export type Edge = 'start' | 'end' | 'word' | 'inner'

const EDGES: ReadonlyMap<string, Edge> = new Map([
  ['^', 'start'],
  ['$', 'end'],
  ['\\b', 'word'],
  ['\\B', 'inner'],
])

const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y
const GROUP = /\((?:\?(?:([:=!])|<([=!])|<[^>=!]+>))?/y
const CLASS = /\[(?:[^\\\]]|\\[\s\S])*\]/y
/** Escapes of one character. A pair of surrogates written as two escapes is one character in Unicode mode. */
const UNICODE_ESCAPE =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|[^1-9kcpPux])/uy
const LEGACY_ESCAPE = /\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|0[0-7]{0,2}|[^1-9kc])/y

/** Groups inside each other. */
const MAX_DEPTH = 100

/** Thrown inside this file for what cannot be read. */
class Unsupported extends Error {}

/**
 * Reads a pattern.
 *
 * @returns undefined for one that an automaton cannot follow
 */
export function parsePattern({ source, flags }: RegExp): Tree | undefined {
  try {
    return new Parser(source, flags).parse()
  } catch (error) {
    if (error instanceof Unsupported) return undefined
    throw error
  }
}

class Parser {
  readonly #source: string
  readonly #flags: string
  /** Lifecycle: this parser. A set that occurs more than once is made once. */
  readonly #sets = new Map<string, CharSet>()
  #at = 0

  constructor(source: string, flags: string) {
    this.#source = source
    this.#flags = flags
  }

  parse(): Tree {
    const tree = this.#choice(0)
    if (this.#at < this.#source.length) throw new Unsupported()
    return tree
  }

  #choice(depth: number): Tree {
    if (depth > MAX_DEPTH) throw new Unsupported()
    const branches = [this.#sequence(depth)]
    while (this.#source[this.#at] === '|') {
      this.#at++
      branches.push(this.#sequence(depth))
    }
    return branches.length === 1 ? (branches[0] as Tree) : { kind: 'choice', branches }
  }

  #sequence(depth: number): Tree {
    const parts: Tree[] = []
    for (;;) {
      const next = this.#source[this.#at]
      if (next === undefined || next === '|' || next === ')') return { kind: 'sequence', parts }
      parts.push(this.#repeated(this.#part(depth)))
    }
  }

  #repeated(part: Tree): Tree {
    const found = this.#take(QUANTIFIER)
    if (found === undefined) return part
    if (part.kind === 'lookaround' || part.kind === 'edge') throw new Unsupported()
    const [, sign, min = '0', comma, max] = found
    if (sign !== undefined) {
      return { kind: 'repeat', part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity }
    }
    const most = comma === '' ? min : max === '' ? Infinity : max
    return { kind: 'repeat', part, min: Number(min), max: Number(most) }
  }

  #part(depth: number): Tree {
    const character = this.#source[this.#at] as string
    if (character === '(') return this.#group(depth)
    if (character === '[') return this.#set(this.#take(CLASS)?.[0])
    if (character === '.') return this.#set(this.#skip(1))
    const edge = EDGES.get(character === '\\' ? this.#source.slice(this.#at, this.#at + 2) : character)
    if (edge !== undefined) {
      this.#skip(character === '\\' ? 2 : 1)
      return { kind: 'edge', edge }
    }
    if (character === '\\') {
      const text = this.#take(this.#flags === 'u' ? UNICODE_ESCAPE : LEGACY_ESCAPE)?.[0]
      return this.#set(text, text !== undefined && /^\\[!-/:-@[-`{-~]$/.test(text) ? text.charCodeAt(1) : -1)
    }
    const code =
      this.#flags === 'u' ? (this.#source.codePointAt(this.#at) as number) : character.charCodeAt(0)
    const text = this.#skip(code > 0xffff ? 2 : 1)
    // In the older mode these may be literals.
    return this.#set(/[\]{}]/.test(text) ? `\\${text}` : text, code)
  }

  #group(depth: number): Tree {
    const found = this.#take(GROUP)
    const [text, ahead, behind] = found ?? []
    // Inline flags.
    if (text === '(' && this.#source[this.#at] === '?') throw new Unsupported()
    const part = this.#choice(depth + 1)
    this.#at++
    const lookaround = behind ?? (ahead === ':' ? undefined : ahead)
    if (lookaround === undefined) return part
    return { kind: 'lookaround', part, ahead: behind === undefined, wanted: lookaround === '=' }
  }

  #set(source: string | undefined, code = -1): Tree {
    if (source === undefined) throw new Unsupported()
    let set = this.#sets.get(source)
    if (set === undefined) {
      set = new CharSet(source, this.#flags, code)
      this.#sets.set(source, set)
    }
    return { kind: 'set', set }
  }

  /** Takes what a sticky expression matches here. */
  #take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#source) ?? undefined
    if (found !== undefined) this.#at = expression.lastIndex
    return found
  }

  #skip(length: number): string {
    const from = this.#at
    this.#at += length
    return this.#source.slice(from, this.#at)
  }
}
