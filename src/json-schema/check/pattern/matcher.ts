/**
 * Matching by a set of threads: all ways through the program at once, one character after the other, so that the time
 * is the length of the text times the length of the program, whatever the pattern is.
 *
 * The result is only whether there is a match, so threads at the same instruction are one: nothing is captured, and the
 * order of alternatives does not matter.
 *
 * Lifecycle: one matcher for each pattern, its lists reused by each run; a run ends before another begins.
 * A lookaround runs at most once for each place of the text, and is charged like the rest.
 */

import type { Meter } from '../meter.ts'
import { type Instruction, Op, type Program } from './program.ts'

/** Steps of testing a character beyond ASCII, which takes a regular expression of the platform. */
const FOREIGN = 8

/** Stamps are small integers of V8: they start again at 1 before they exceed that. */
const MAX_STAMP = 2 ** 29

export class Matcher {
  readonly #program: Program
  readonly #lookarounds: ReadonlyMap<number, Matcher>
  /** Whether a match can begin at the start of the text only. */
  readonly #anchored: boolean
  /** Threads that wait for a character: places of `take` instructions. */
  #threads: Int32Array
  #nextThreads: Int32Array
  readonly #pending: Int32Array
  /** By instruction, the last place of a text at which it was reached. */
  readonly #reached: Int32Array
  #stamp = 0

  constructor(program: Program) {
    const { code, start } = program
    this.#program = program
    this.#anchored = code[start]?.edge === 'start'
    this.#threads = new Int32Array(code.length)
    this.#nextThreads = new Int32Array(code.length)
    // An instruction can be pending more than once.
    this.#pending = new Int32Array(code.length * 2 + 2)
    this.#reached = new Int32Array(code.length)
    this.#lookarounds = new Map(
      code.flatMap(({ lookaround }, at) =>
        lookaround === undefined ? [] : [[at, new Matcher(lookaround.program)] as const],
      ),
    )
  }

  /** Whether the pattern matches anywhere in a text. */
  test(text: string, meter: Meter): boolean {
    return this.#run(text, 0, !this.#anchored, meter)
  }

  /** @param search - whether a match may begin later, too */
  #run(text: string, from: number, search: boolean, meter: Meter): boolean {
    const { code, start, backward, unicode } = this.#program
    let count = 0
    let previous = -1
    let place = from
    for (;;) {
      if (++this.#stamp > MAX_STAMP) {
        this.#stamp = 1
        this.#reached.fill(0)
      }
      let next = 0
      let steps = count + 1
      if (previous >= 128) steps += count * FOREIGN
      for (let i = 0; i < count; i++) {
        const instruction = code[this.#threads[i] as number] as Instruction
        if (!instruction.set?.has(previous)) continue
        next = this.#follow(instruction.next, text, place, next, meter)
        if (next === -1) return true
      }
      if (search || place === from) {
        next = this.#follow(start, text, place, next, meter)
        if (next === -1) return true
      }
      meter.charge(steps + next)
      if (next === 0 && !search) return false
      if (backward ? place === 0 : place >= text.length) return false
      previous = backward ? before(text, place, unicode) : after(text, place, unicode)
      place += (backward ? -1 : 1) * (previous > 0xffff ? 2 : 1)
      const threads = this.#threads
      this.#threads = this.#nextThreads
      this.#nextThreads = threads
      count = next
    }
  }

  /** Adds the threads that are reached without a character. @returns how many there are now; -1: the end is reached */
  #follow(from: number, text: string, place: number, count: number, meter: Meter): number {
    const { code } = this.#program
    const pending = this.#pending
    let threads = count
    let waiting = 1
    let visited = 0
    pending[0] = from
    while (waiting > 0) {
      const at = pending[--waiting] as number
      if (this.#reached[at] === this.#stamp) continue
      this.#reached[at] = this.#stamp
      visited++
      const { op, next, other, edge, lookaround } = code[at] as Instruction
      if (op === Op.take) this.#nextThreads[threads++] = at
      else if (op === Op.match) return -1
      else if (op === Op.split) {
        pending[waiting++] = other
        pending[waiting++] = next
      } else if (edge !== undefined) {
        if (holds(edge, text, place)) pending[waiting++] = next
      } else {
        const matches = (this.#lookarounds.get(at) as Matcher).#run(text, place, false, meter)
        if (matches === lookaround?.wanted) pending[waiting++] = next
      }
    }
    meter.charge(visited)
    return threads
  }
}

function holds(edge: NonNullable<Instruction['edge']>, text: string, place: number): boolean {
  if (edge === 'start') return place === 0
  if (edge === 'end') return place === text.length
  const between = isWord(text.charCodeAt(place - 1)) !== isWord(text.charCodeAt(place))
  return between === (edge === 'word')
}

/** Outside of the text the code is NaN, which is no letter. */
function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
  )
}

function after(text: string, place: number, unicode: boolean): number {
  return unicode ? (text.codePointAt(place) as number) : text.charCodeAt(place)
}

function before(text: string, place: number, unicode: boolean): number {
  const code = text.charCodeAt(place - 1)
  if (!unicode || (code & 0xfc00) !== 0xdc00) return code
  const pair = place > 1 ? (text.codePointAt(place - 2) as number) : code
  return pair > 0xffff ? pair : code
}
