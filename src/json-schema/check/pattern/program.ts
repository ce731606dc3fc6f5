/**
 * From the tree of a pattern to a program for a set of threads: the matcher's, and the one that is searched for
 * ambiguity.
 *
 *    a(b|c)*d      0 take a -> 1      1 split -> 2, 5      2 split -> 3, 4      3 take b -> 1     4 take c -> 1
 *                  5 take d -> 6      6 match
 *
 * Counted repetition is written out: `x{2,4}` is `x x (x (x)?)?`.
 */

import type { CharSet } from './char-set.ts'
import type { Edge, Tree } from './tree.ts'

/** Numbers, since they are compared in each step. */
export const Op = { take: 0, split: 1, edge: 2, lookaround: 3, match: 4 } as const

export interface Instruction {
  readonly op: number
  /** The instruction after this one. */
  next: number
  /** For `split`: the other one. */
  readonly other: number
  readonly set: CharSet | undefined
  readonly edge: Edge | undefined
  readonly lookaround: Lookaround | undefined
}

/** A lookahead or lookbehind: a program of its own, and whether it must match. */
export interface Lookaround {
  readonly program: Program
  readonly wanted: boolean
}

export interface Program {
  readonly code: readonly Instruction[]
  readonly start: number
  /** Whether it runs from right to left. */
  readonly backward: boolean
  /** Whether characters are code points. */
  readonly unicode: boolean
}

/** Optional repetitions that are written out where the program is searched for ambiguity. */
const MAX_CHOICES = 8

/** Instructions of one pattern; one that needs more has no program. */
const MAX_INSTRUCTIONS = 4000

/**
 * Makes the program of a pattern.
 *
 * @param loose - repetition between two bounds far apart becomes repetition without an upper one, for the search for
 *   ambiguity: `a{1,99}a{1,99}` is nearly as slow as `a+a+`
 * @returns undefined when it would be too long
 */
export function toProgram(tree: Tree, unicode: boolean, loose: boolean): Program | undefined {
  const budget = { left: MAX_INSTRUCTIONS }
  return build(tree, unicode, loose, false, budget)
}

function build(
  tree: Tree,
  unicode: boolean,
  loose: boolean,
  backward: boolean,
  budget: { left: number },
): Program | undefined {
  const code: Instruction[] = []

  const add = (op: number, next: number, more: Partial<Instruction> = {}): number => {
    budget.left--
    code.push({ op, next, other: -1, set: undefined, edge: undefined, lookaround: undefined, ...more })
    return code.length - 1
  }

  /** Adds a part in front of `next`; returns its first instruction, -1 when there is no room. */
  const emit = (part: Tree, next: number): number => {
    if (budget.left <= 0 || next === -1) return -1
    switch (part.kind) {
      case 'set':
        return add(Op.take, next, { set: part.set })
      case 'edge':
        return add(Op.edge, next, { edge: part.edge })
      case 'sequence': {
        const parts = backward ? part.parts : [...part.parts].reverse()
        return parts.reduce((after, each) => emit(each, after), next)
      }
      case 'choice':
        return part.branches
          .map((branch) => emit(branch, next))
          .reduce((first, second) =>
            first === -1 || second === -1 ? -1 : add(Op.split, first, { other: second }),
          )
      case 'repeat':
        return repeat(part.part, part.min, part.max, next)
      case 'lookaround': {
        const program = build(part.part, unicode, loose, !part.ahead, budget)
        return program === undefined
          ? -1
          : add(Op.lookaround, next, { lookaround: { program, wanted: part.wanted } })
      }
    }
  }

  const repeat = (part: Tree, min: number, max: number, next: number): number => {
    let first = next
    const most = loose && max - min > MAX_CHOICES ? Infinity : max
    if (most === Infinity) {
      first = add(Op.split, -1, { other: next })
      const body = emit(part, first)
      ;(code[first] as Instruction).next = body
      if (body === -1) return -1
    } else {
      for (let i = min; i < most && first !== -1; i++) {
        const body = emit(part, first)
        first = body === -1 ? -1 : add(Op.split, body, { other: next })
      }
    }
    for (let i = 0; i < min && first !== -1; i++) {
      budget.left--
      first = emit(part, first)
    }
    return first
  }

  const start = emit(tree, add(Op.match, -1))
  return start === -1 || budget.left < 0 ? undefined : { code, start, backward, unicode }
}
