/**
 * Shapes: the known members of an object, tested in one loop without a call for each.
 *
 * A closure for each part would be called from one place with many targets, which engines cannot inline. So the test of
 * a part is data where possible (a {@link Kind} and its constants), and only the rest is a call: "nested: order" takes a
 * fifth less time, "flat" a tenth (bench/micro/json-schema.bench.ts).
 *
 *   value   { city: 'Bern',  days: 3 }          for (name in value): engines read a member that was just named
 *               v               v               without a lookup
 *   parts   [ city ] -> [ units ] -> [ days ] -> [ end ]      next: the part that the following name is likely to be
 *
 * A value is JSON: a plain object, whose members are all its own; `__proto__` and `constructor` are names like
 * others. A test of ownership for each member would double the cost, so it is made only while Object.prototype has
 * enumerable members (Run.polluted).
 * A member that is undefined is absent: JSON has no undefined, and serialising drops it.
 *
 * Invariant: the order of members, and what was validated before, affect the speed, never the result.
 * Not here: how keywords become shapes (check-object.ts).
 */

import type { Check } from '../read/node.ts'
import { hasLength } from './code-points.ts'
import { MANY, type Run } from './run.ts'

/** Members of a JSON object, by name. */
export type Members = { readonly [name: string]: unknown }

/** How a loop tests a part. Numbers, since they are compared for each member of each value. */
export const Kind = {
  any: 0,
  string: 1,
  object: 2,
  number: 3,
  integer: 4,
  boolean: 5,
  text: 6,
  choice: 7,
  call: 8,
  never: 9,
} as const

/** What a check tests, as data. */
export interface Facts {
  readonly kind: number
  /** Least number, or length in code points. */
  readonly min: number
  /** Greatest number, or length in code points. */
  readonly max: number
  /** The values of an `enum` or `const` without objects and arrays. */
  readonly choices: readonly unknown[]
  readonly shape: Shape | undefined
}

const facts = new WeakMap<Check, Facts>()

/** Records what a check tests, so that loops need not call it. */
export function note(check: Check, kind: number, more: Partial<Facts> = {}): Check {
  facts.set(check, { kind, min: 0, max: 0, choices: [], shape: undefined, ...more })
  return check
}

/** A subschema as a loop sees it: a member of a shape, or the item of an array. */
export class Part {
  readonly name: string
  readonly kind: number
  readonly min: number
  readonly max: number
  readonly choices: readonly unknown[]
  readonly shape: Shape | undefined
  readonly check: Check
  /** 1 when the member must be there. */
  readonly required: number
  /** Required parts before this one. */
  readonly before: number
  /** The next part; the last one's is itself. Set once, by the shape. */
  next: Part = this

  constructor(check: Check, name = '', required = 0, before = 0, allowed = true) {
    const known = facts.get(check)
    this.name = name
    this.kind = allowed ? (known?.kind ?? Kind.call) : Kind.never
    this.min = known?.min ?? 0
    this.max = known?.max ?? 0
    this.choices = known?.choices ?? []
    this.shape = known?.shape
    this.check = check
    this.required = required
    this.before = before
  }
}

/** The known members of an object. */
export class Shape {
  readonly run: Run
  readonly first: Part
  readonly index: ReadonlyMap<string, Part>
  /** How many required parts there are. */
  readonly needed: number
  /** Whether other members are refused. */
  readonly closed: boolean

  /** @param end - follows the last part; no member has its name */
  constructor(run: Run, parts: readonly Part[], end: Part, closed: boolean) {
    this.run = run
    this.first = parts[0] ?? end
    this.index = new Map(parts.map((part) => [part.name, part]))
    this.needed = end.before
    this.closed = closed
    parts.forEach((part, i) => {
      part.next = parts[i + 1] ?? end
    })
  }
}

// Below, kinds are literals: reading them from `Kind` for each member adds a tenth to "array: 100 objects".

/** Tests an object against a shape; any other value fails. */
export function meets(shape: Shape, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const own = (shape.run.polluted ? ownMembers(value as Members) : value) as Members
  if (shape.run.large?.has(own) === true && !shape.closed) return meetsLarge(shape, own)
  let at = shape.first
  // Required parts found: counted by their places, where members are not in the schema's order, not one by one.
  let found = 0
  let unknown = 0
  for (const name in own) {
    const part = own[name]
    if (at.name !== name) {
      const guess = at.next
      const to = guess.name === name ? guess : shape.index.get(name)
      if (to === undefined) {
        if (shape.closed && part !== undefined) return false
        if (++unknown > MANY) return meetsLarge(shape, own)
        continue
      }
      found += at.before - to.before
      at = to
    }
    const { kind } = at
    let fit: boolean
    if (kind === 1) fit = typeof part === 'string'
    else if (kind === 2) fit = meets(at.shape as Shape, part)
    else fit = fits(at, part, shape.run)
    if (!fit) {
      if (part !== undefined) return false
      found -= at.required
    }
    at = at.next
  }
  return found + at.before === shape.needed
}

/** The same for an object with many unknown members: the known ones are looked up. */
function meetsLarge(shape: Shape, value: Members): boolean {
  const { run, index } = shape
  run.large ??= new WeakMap()
  if (!run.large.has(value)) run.large.set(value, undefined)
  run.charge(index.size)
  for (const [name, part] of index) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined
    if (member === undefined ? part.required === 1 : !part.check(member)) return false
  }
  return true
}

/** Tests a value against a part that is neither a plain string nor an object. Undefined never fits. */
function fits(part: Part, value: unknown, run: Run): boolean {
  switch (part.kind) {
    case 0: // any
      return value !== undefined
    case 3: // number
      return typeof value === 'number' && value >= part.min && value <= part.max
    case 4: // integer
      return Number.isInteger(value) && (value as number) >= part.min && (value as number) <= part.max
    case 5: // boolean
      return typeof value === 'boolean'
    case 6: // text
      return typeof value === 'string' && hasLength(value, part.min, part.max, run)
    case 7: {
      // choice
      const { choices } = part
      for (let i = 0; i < choices.length; i++) if (choices[i] === value) return true
      return false
    }
    case 8: // call
      return value !== undefined && part.check(value)
    default:
      return false
  }
}

/** A copy that inherits nothing. */
export function ownMembers(value: Members): Members {
  return Object.assign(Object.create(null), value)
}
