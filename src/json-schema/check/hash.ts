/**
 * Hashes of JSON values, by which equal values are found without comparing all pairs.
 *
 * A client that knew which values have the same hash could force the comparison of all pairs. So the whole of a value is
 * hashed, long strings included, and the hash is seeded with random numbers of this process. The platform's own hash
 * tables do not suffice: they hash integers the same in every process. The numbers are drawn with the first hash, since
 * Cloudflare Workers have no random numbers before the first request.
 *
 * Invariant: equal values (equal.ts) have equal hashes. Members may come in any order, 0 and -0 are one number.
 */

import type { Run } from './run.ts'

/** Characters of a string that are hashed in one step. */
const CHARACTERS = 8

let seed = 0
let member = 0
/** Odd, so that no bit is lost; 0 until it is drawn. */
let multiplier = 0

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

/** Hashes a value; takes time in proportion to its size, and charges it. */
export function hashOf(value: unknown, run: Run): number {
  if (multiplier === 0) {
    const [first = 0, second = 0, third = 0] = crypto.getRandomValues(new Int32Array(3))
    seed = first
    member = second
    multiplier = third | 1
  }
  return hash(value, run, 0)
}

function hash(value: unknown, run: Run, depth: number): number {
  switch (typeof value) {
    case 'string':
      run.charge(1 + Math.floor(value.length / CHARACTERS))
      return hashText(value)
    case 'number':
      run.charge(2)
      // A sum, since -0 + 0 is 0.
      double[0] = value + 0
      return mix(mix(seed ^ 3, halves[0] as number), halves[1] as number)
    case 'boolean':
      return value ? 11 : 13
    case 'object':
      break
    default:
      return 17
  }
  if (value === null) return 19
  // The comparison throws at this depth.
  if (depth > run.limits.maxValueDepth) return 23
  let sum = seed
  if (Array.isArray(value)) {
    run.charge(value.length + 1)
    for (let i = 0; i < value.length; i++) sum = mix(sum, hash(value[i], run, depth + 1))
    return mix(sum, value.length)
  }
  // A sum does not depend on the order of members.
  const object = value as Record<string, unknown>
  const names = run.namesOf(object)
  for (const name of names) {
    run.charge(2)
    sum = (sum + mix(mix(member, hash(name, run, depth)), hash(object[name], run, depth + 1))) | 0
  }
  return mix(sum, names.length)
}

function hashText(text: string): number {
  let hash = seed ^ text.length
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i))
  return hash
}

function mix(hash: number, part: number): number {
  const product = Math.imul(hash ^ part, multiplier)
  return product ^ (product >>> 15)
}
