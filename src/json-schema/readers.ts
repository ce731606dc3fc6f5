/**
 * Readers: functions that read one member of an object, each of which knows its name as a constant.
 *
 * An engine learns how to do a read at the place where it stands in the source: which names and which layouts of
 * objects it has met there. Closures of one function literal share that knowledge, so a read that serves many
 * schemas knows nothing. Here the same literal stands many times, and each copy is used once: its read meets one
 * name, and, being the only closure of its literal, it is optimised with what it closes over taken for constants.
 * So the whole chain of an object (chain.ts) can become one piece of machine code, as if it had been generated.
 *
 * Lifecycle: the process. A copy is never given back, for what its place has learnt stays.
 * Invariant: all copies are alike; which one a member gets decides nothing but speed.
 * Not here: which objects are worth it (shape.ts).
 */

export type Members = Readonly<Record<string, unknown>>

/** Goes on through the members of an object that is left to test. */
export type Step = (object: Members) => boolean

/** Tests a member. `inherited` is what objects without such a member of their own give under its name. */
export type MemberTest = (value: unknown, inherited: unknown, object: Members) => boolean

/** Makes a step that reads one member, tests it, and goes on. */
type Reader = (name: string, test: MemberTest, next: Step) => Step

const base = Object.prototype as unknown as Members

/**
 * Takes some readers.
 *
 * @returns undefined when so many are no longer left
 */
export function takeReaders(count: number): [Reader, ...Reader[]] | undefined {
  return count > unused.length ? undefined : (unused.splice(-count) as [Reader, ...Reader[]])
}

// As many as some twenty objects need; shapes that come later keep their loop.
const unused: Reader[] = [
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
  (name, test, next) => (object) => test(object[name], base[name], object) && next(object),
]
