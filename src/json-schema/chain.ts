/**
 * Chains: the members of an object read one by one by name, for shapes whose objects look alike.
 *
 *   constructor --> city --> units --> days --> end        each arrow is a call of a known function
 *
 * All that a step needs are constants to it (readers.ts), the next step too, so engines inline the arrows, and the
 * chains of nested objects with them: "nested order" and "array: 100 objects" take two fifths of the loop's time,
 * "flat: weather" and "flat: issue" seven tenths (bench/micro/json-schema.bench.ts).
 *
 * A read by name also finds what is inherited. So the first step asks whether the object is a plain one, and a
 * name that Object.prototype knows too is looked at again, as the object's own.
 *
 * Invariant: a chain and the loop of its shape agree on every JSON value.
 * Not here: the loop, and when a chain is made (shape.ts).
 */

import type { Check } from './node.ts'
import type { Members, MemberTest, Step } from './readers.ts'
import { takeReaders } from './readers.ts'
import type { Part, Shape } from './shape.ts'

const end: Step = () => true

/** Whether an object's constructor is that of plain objects, which hide nothing in a prototype of their own. */
const isPlain: MemberTest = (value) => value === Object

/**
 * Makes the chain of a shape. Shapes inside it should have theirs by then: the whole becomes one piece.
 *
 * @param other - the answer for objects that are not plain
 * @returns undefined when there are not enough readers left
 */
export function chainOf(shape: Shape, other: Check): Check | undefined {
  const parts = [...shape.index.values()]
  const readers = takeReaders(parts.length + 1)
  if (readers === undefined) return undefined
  const [first, ...others] = readers
  const steps = others.reduceRight((next, reader, i) => {
    const part = parts[i] as Part
    return reader(part.name, testOf(part), next)
  }, end)
  const chain = first('constructor', isPlain, steps)
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    (chain(value as Members) || (value.constructor !== Object && other(value)))
}

/** Undefined is absent: in this, a part of a chain differs from its check. */
function testOf(part: Part): MemberTest {
  const { name, required } = part
  const check = part.shape?.chain ?? part.check
  const own = (object: Members): unknown => (Object.hasOwn(object, name) ? object[name] : undefined)
  if (required === 1) {
    return (value, inherited, object) => {
      const member = inherited === undefined ? value : own(object)
      return member !== undefined && check(member)
    }
  }
  return (value, inherited, object) => {
    const member = inherited === undefined ? value : own(object)
    return member === undefined || check(member)
  }
}
