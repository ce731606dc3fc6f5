/**
 * Whether a backtracking engine takes more than linear time for a pattern, on the worst text of each length.
 *
 * Such an engine tries one way through the pattern after the other. So its time is the number of ways in which prefixes
 * of a text can be read. Where that number has a bound, the time is linear; where it grows with the text, it is not:
 *
 *    ^a+b      one way to read aaa...                        linear
 *    a+b       the match may begin at each a                 as many as characters: quadratic
 *    ^a+a+b    the second a+ may begin at each a             as many as characters: quadratic
 *    ^(a+)+b   each a may begin another round, or not        twice as many with each character: exponential
 *
 * (Weideman, van der Merwe, Berglund and Watson, "Analyzing matching time behavior of backtracking regular expression
 * matchers by using ambiguity of NFA", 2016.) Here all texts are read at once: from the number of ways that lead to each
 * place of the pattern, the numbers after one more character are computed, until there is nothing new or they are too
 * large.
 *
 * Invariant: a slow pattern is never taken for a linear one. Lookarounds and word boundaries are assumed to match, bounded
 * repetition to be unbounded, and a pattern that is too large to be searched to be slow.
 */

import { type CharSet, groupsOf } from './char-set.ts'
import { type Instruction, type Lookaround, Op, type Program } from './program.ts'

/** A place of the pattern after a character was read; the set is undefined where that may be any character. */
interface State {
  readonly set: CharSet | undefined
  /** States that can follow. One that is reached in two ways without reading occurs twice. */
  next: number[]
  /** Whether the pattern matches here, whatever follows. */
  accepts: boolean
  readonly lookarounds: Search[]
}

/** Above so many ways to read one text, their number is assumed to have no bound. */
const MAX_WAYS = 50
/** States of one pattern, and steps of the search. */
const MAX_STATES = 1500
const MAX_STEPS = 60_000

/** Thrown in this file when the search would take too long. */
class TooLarge extends Error {}

/** What a search found. */
export interface Ambiguity {
  /** In how many ways the engine may read a prefix of the worst text; Infinity: there is no bound. */
  readonly ways: number
  /** The same for prefixes of 0, 1, 2, ... characters, as far as there is a bound. */
  readonly byLength: readonly number[]
}

const UNKNOWN: Ambiguity = { ways: Infinity, byLength: [] }

/**
 * Searches a pattern for ambiguity.
 *
 * @param program - made for this search: see `loose` of `toProgram`
 */
export function ambiguityOf(program: Program): Ambiguity {
  try {
    return new Search(program, program.code[program.start]?.edge !== 'start').run()
  } catch (error) {
    if (error instanceof TooLarge) return UNKNOWN
    throw error
  }
}

class Search {
  readonly #program: Program
  /** The first one is the start of the text. */
  readonly #states: State[] = [{ set: undefined, next: [], accepts: false, lookarounds: [] }]
  readonly #lookarounds = new Map<Lookaround, Search>()
  /** Whether only texts up to some length are read, also by lookarounds. */
  readonly #bounded: boolean
  #steps = 0

  /** @param anywhere - whether a match may begin anywhere */
  constructor(program: Program, anywhere: boolean) {
    this.#program = program
    const { code, start } = program
    const states = this.#states
    const places = new Map<number, number>()
    for (const [at, { op, set }] of code.entries()) {
      if (op !== Op.take) continue
      places.set(at, states.length)
      states.push({ set, next: [], accepts: false, lookarounds: [] })
    }
    if (states.length > MAX_STATES) throw new TooLarge()
    for (const [at, state] of places) this.#follow((code[at] as Instruction).next, state, places, false)
    this.#follow(start, 0, places, true)
    this.#bounded =
      this.#repeated().size === 0 && [...this.#lookarounds.values()].every((each) => each.#bounded)
    if (anywhere) {
      // The text before the match.
      const before = states.push({ set: undefined, next: [], accepts: false, lookarounds: [] }) - 1
      this.#follow(start, before, places, false)
      for (const state of [0, before]) states[state]?.next.push(before)
    }
  }

  run(): Ambiguity {
    const repeated = this.#repeated()
    // A lookaround of unbounded length that runs an unbounded number of times.
    if ([...repeated].some((state) => state.lookarounds.some((each) => !each.#bounded))) return UNKNOWN
    this.#endSure()
    const lookarounds = [...this.#lookarounds.values()].reduce((ways, each) => ways + each.run().ways, 0)
    const found = this.#read()
    return lookarounds === 0 ? found : { ways: found.ways + lookarounds, byLength: [] }
  }

  /** Collects what can follow a place of the program without reading. */
  #follow(from: number, state: number, places: ReadonlyMap<number, number>, first: boolean): void {
    const { code, backward } = this.#program
    const target = this.#states[state] as State
    const open = new Map<number, number>()
    const [behind, ahead] = backward ? ['end', 'start'] : ['start', 'end']
    const visit = (at: number, plain: boolean, over: boolean): void => {
      this.#count(1)
      // Twice, since a loop around a loop leads back through the inner one.
      const times = open.get(at) ?? 0
      if (times === 2) return
      open.set(at, times + 1)
      const { op, next, other, edge, lookaround } = code[at] as Instruction
      if (op === Op.take) {
        if (!over) target.next.push(places.get(at) as number)
      } else if (op === Op.match) target.accepts ||= plain
      else if (op === Op.split) {
        visit(next, plain, over)
        visit(other, plain, over)
      } else {
        if (lookaround !== undefined) {
          const search = this.#lookarounds.get(lookaround) ?? new Search(lookaround.program, false)
          this.#lookarounds.set(lookaround, search)
          target.lookarounds.push(search)
        }
        // An edge at the start matches only there, and after the end of the text nothing is read.
        if (edge !== behind || first) visit(next, false, over || edge === ahead)
      }
      open.set(at, times)
    }
    visit(from, true, false)
  }

  /** A match that can no longer fail is not tried in another way: where only such states follow, the search ends. */
  #endSure(): void {
    const sure = new Set(
      this.#states.filter(({ accepts, lookarounds }) => accepts && lookarounds.length === 0),
    )
    for (let changed = true; changed; ) {
      changed = false
      for (const state of sure) {
        if (state.next.every((to) => sure.has(this.#states[to] as State))) continue
        sure.delete(state)
        changed = true
      }
    }
    for (const state of sure) state.next = []
  }

  /** The states that a text can reach any number of times, and those that follow them. */
  #repeated(): Set<State> {
    const repeated = new Set<State>()
    for (const state of this.#states) {
      if (repeated.has(state)) continue
      const reached = new Set<State>()
      const waiting = [state]
      for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
        for (const to of at.next) {
          this.#count(1)
          const next = this.#states[to] as State
          if (reached.has(next)) continue
          reached.add(next)
          waiting.push(next)
        }
      }
      if (reached.has(state)) for (const each of reached) repeated.add(each)
    }
    return repeated
  }

  /** Reads all texts at once: how many ways lead to each state, after one character of each group. */
  #read(): Ambiguity {
    const byLength = [1]
    const states = this.#states
    const sets = [...new Set(states.flatMap(({ set }) => set ?? []))]
    const groups = groupsOf(sets)
    const seen = new Set<string>()
    let texts: ReadonlyMap<number, number>[] = [new Map([[0, 1]])]
    while (texts.length > 0) {
      const longer: ReadonlyMap<number, number>[] = []
      let most = byLength[byLength.length - 1] as number
      for (const ways of texts) {
        for (const group of groups) {
          const after = new Map<number, number>()
          let total = 0
          for (const [state, count] of ways) {
            for (const to of states[state]?.next ?? []) {
              this.#count(1)
              const set = states[to]?.set
              if (set !== undefined && !group.has(set)) continue
              after.set(to, (after.get(to) ?? 0) + count)
              total += count
            }
          }
          if (total > MAX_WAYS) return { ways: Infinity, byLength }
          most = Math.max(most, total)
          const key = [...after].sort(([a], [b]) => a - b).join()
          if (seen.has(key)) continue
          seen.add(key)
          longer.push(after)
        }
      }
      byLength.push(most)
      texts = longer
    }
    return { ways: byLength[byLength.length - 1] as number, byLength }
  }

  #count(steps: number): void {
    this.#steps += steps
    if (this.#steps > MAX_STEPS) throw new TooLarge()
  }
}
